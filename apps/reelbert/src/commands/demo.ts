import { loadConfig } from '../config/presets.js';
import { pipelineSchema } from '../config/pipeline-config.js';
import { defineCommand } from './command.js';
import { formatPipeline } from './pipeline-summary.js';

export const demoCommand = defineCommand({
  name: 'demo',
  describe: 'Run the whole chain on the sample that comes with the program, within minutes',
  options: {
    out: {
      type: 'string',
      default: 'reelbert-demo',
      requiresArg: true,
      describe: "Folder of the stages' folders",
    },
  },
  examples: [['demo', 'pretraining, fine-tuning, prediction, ensemble and scores on about 1,800 clips']],
  savesOnInterruption: true,
  async run({ out }, { terminal, signal }) {
    const config = await loadConfig(pipelineSchema, 'demo');
    const { pipeline } = await import('../stages/pipeline.js');
    const outcome = await pipeline(config, { out, signal, reporter: terminal });
    terminal.result(formatPipeline(outcome));
  },
});
