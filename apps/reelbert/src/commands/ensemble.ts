import { InputError } from '@reelbert/data';

import { defineCommand } from './command.js';

export const ensembleCommand = defineCommand({
  name: 'ensemble',
  describe: "Combine several models' predictions",
  options: {
    logits: {
      type: 'string',
      array: true,
      demandOption: true,
      requiresArg: true,
      describe: 'Logits as predict writes them, one file a model',
    },
    weights: { type: 'string', requiresArg: true, describe: 'One a file, such as 1,1,0.7,1 [all 1]' },
    search: { type: 'boolean', describe: 'Find the weights with the best mean F1 on --annotations' },
    annotations: { type: 'string', requiresArg: true, describe: 'Labelled clips for --search' },
    out: {
      type: 'string',
      demandOption: true,
      requiresArg: true,
      describe: 'CSV file, id,category_id a line',
    },
  },
  async run({ logits, weights, search, annotations, out }, { terminal }) {
    if (search && weights !== undefined) {
      throw new InputError({ field: '--search', found: '--weights too', expected: 'one of the two' });
    }
    if ((search === true) !== (annotations !== undefined)) {
      throw new InputError({
        field: search ? '--annotations' : '--search',
        expected: '--search and --annotations together',
      });
    }
    const { ensemble, searchEnsembleWeights } = await import('../stages/ensemble.js');
    const found = annotations === undefined ? undefined : await searchEnsembleWeights(logits, annotations);
    if (found) terminal.say(`weights ${found.map((weight) => weight.toFixed(2)).join(',')}`);
    await ensemble({ logits, weights: found ?? parseWeights(weights), out });
    terminal.result(out);
  },
});

function parseWeights(text: string | undefined): number[] | undefined {
  if (text === undefined) return undefined;
  const weights = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (weights.every((weight) => Number.isFinite(weight))) return weights;
  throw new InputError({
    field: '--weights',
    found: text,
    expected: 'numbers with commas between, such as 1,1,0.7,1',
  });
}
