import { InputError } from '@reelbert/data';

import { defineCommand } from './command.js';

export const reportCommand = defineCommand({
  name: 'report <run>',
  describe: 'One page on a training run: configuration, curves, scores, every category, environment',
  options: {
    out: { type: 'string', requiresArg: true, describe: 'HTML file [RUN/report.html]' },
    predictions: {
      type: 'string',
      requiresArg: true,
      describe: "Predictions to score by category [those of the run's test clips]",
    },
    annotations: { type: 'string', requiresArg: true, describe: 'The same clips with their categories' },
  },
  examples: [['report runs/finetune --out report.html', 'a page that needs nothing else']],
  async run({ positional, out, predictions, annotations }, { terminal }) {
    if ((predictions === undefined) !== (annotations === undefined)) {
      const [given, missing] =
        predictions === undefined ? ['annotations', 'predictions'] : ['predictions', 'annotations'];
      throw new InputError({
        field: `--${missing}`,
        found: `nothing, beside --${given}`,
        expected: 'both or neither',
      });
    }
    const evaluation =
      predictions === undefined || annotations === undefined ? undefined : { predictions, annotations };
    const { writeReport } = await import('../report/report.js');
    terminal.result(`report: ${await writeReport({ run: positional[0]!, out, evaluation })}`);
  },
});
