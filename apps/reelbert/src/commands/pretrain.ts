import { loadConfig } from '../config/presets.js';
import { pretrainSchema } from '../config/pretrain-config.js';
import { defineCommand } from './command.js';
import { settingsOf, stageOptions, trainingOptions } from './training-options.js';

export const pretrainCommand = defineCommand({
  name: 'pretrain',
  describe: 'Pretrain the video-text model on unlabelled clips',
  options: trainingOptions,
  savesOnInterruption: true,
  async run(args, context) {
    const config = await loadConfig(pretrainSchema, args.config ?? 'small-pretrain', settingsOf(args));
    const { pretrain } = await import('../stages/pretrain.js');
    const { results } = await pretrain(config, stageOptions(args, context, 'runs/pretrain'));
    context.terminal.result(String(results.export));
  },
});
