import { loadConfig } from '../config/presets.js';
import { clipPretrainSchema } from '../config/clip-pretrain-config.js';
import { defineCommand } from './command.js';
import { settingsOf, stageOptions, trainingOptions } from './training-options.js';

export const clipPretrainCommand = defineCommand({
  name: 'clip-pretrain',
  describe: 'Train a CLIP frame tower on clips and their titles',
  options: trainingOptions,
  savesOnInterruption: true,
  async run(args, context) {
    const config = await loadConfig(
      clipPretrainSchema,
      args.config ?? 'small-clip-pretrain',
      settingsOf(args),
    );
    const { clipPretrain } = await import('../stages/clip-pretrain.js');
    const { results } = await clipPretrain(config, stageOptions(args, context, 'runs/clip-pretrain'));
    context.terminal.result(String(results.export));
  },
});
