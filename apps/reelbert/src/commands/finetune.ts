import { InputError } from '@reelbert/data';

import { loadConfig } from '../config/presets.js';
import { finetuneSchema } from '../config/finetune-config.js';
import { defineCommand } from './command.js';
import { settingsOf, stageOptions, trainingOptions } from './training-options.js';

export const finetuneCommand = defineCommand({
  name: 'finetune',
  describe: 'Train a classifier on labelled clips',
  options: {
    ...trainingOptions,
    folds: { type: 'number', requiresArg: true, describe: 'Split the labelled clips into so many folds' },
    fold: { type: 'number', requiresArg: true, describe: 'Which of them (from 1) chooses the best weights' },
  },
  savesOnInterruption: true,
  async run(args, context) {
    const { folds, fold } = args;
    if ((folds === undefined) !== (fold === undefined)) {
      throw new InputError({
        field: folds === undefined ? '--fold' : '--folds',
        expected: '--folds N and --fold K together',
      });
    }
    const split = folds === undefined ? [] : [`folds={count: ${folds}, fold: ${fold}}`];
    const config = await loadConfig(finetuneSchema, args.config ?? 'small-finetune', [
      ...settingsOf(args),
      ...split,
    ]);
    const { finetune } = await import('../stages/finetune.js');
    const { results } = await finetune(config, stageOptions(args, context, 'runs/finetune'));
    context.terminal.result(String(results.export));
  },
});
