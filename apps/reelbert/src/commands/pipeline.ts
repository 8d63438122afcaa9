import { loadPipeline } from '../config/load-pipeline.js';
import { defineCommand } from './command.js';
import { formatPipeline } from './pipeline-summary.js';

export const pipelineCommand = defineCommand({
  name: 'pipeline',
  describe: 'Run all stages of one file; those whose inputs and settings are unchanged are skipped',
  options: {
    config: {
      type: 'string',
      demandOption: true,
      requiresArg: true,
      describe: "A preset's name or a YAML file",
    },
    set: {
      type: 'string',
      array: true,
      requiresArg: true,
      describe:
        'Settings laid over the file: data=DIR, folds=K, stages.NAME.key=value, settings.finetune.key=value ...',
    },
    out: { type: 'string', demandOption: true, requiresArg: true, describe: "Folder of the stages' folders" },
    eager: { type: 'boolean', describe: 'Run operation by operation instead of compiled' },
  },
  savesOnInterruption: true,
  async run({ config: name, set, out, eager }, { terminal, signal }) {
    const config = await loadPipeline(name, set);
    const { pipeline } = await import('../stages/pipeline.js');
    const outcome = await pipeline(config, { out, eager, signal, reporter: terminal });
    terminal.result(formatPipeline(outcome));
  },
});
