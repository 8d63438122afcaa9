import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { InputError } from '@reelbert/data';

import { defineCommand } from './command.js';
import type { EnsembleComparison } from '../stages/ensemble-comparison.js';
import type { WeightsChoice } from '../stages/ensemble-fit.js';

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
    search: { type: 'boolean', describe: 'Find the weights with the best mean F1 on labelled clips' },
    stack: { type: 'boolean', describe: 'Learn a weight for each model and class from labelled clips' },
    oof: {
      type: 'string',
      array: true,
      requiresArg: true,
      describe:
        'Out-of-fold logits of labelled clips to fit --search or --stack on, one file a model in the order of --logits',
    },
    annotations: {
      type: 'string',
      array: true,
      requiresArg: true,
      describe: 'Categories of the clips that are fitted on or scored, one file or several',
    },
    of: {
      choices: ['probabilities', 'logits'] as const,
      default: 'probabilities' as const,
      describe: 'What is averaged; --stack takes log probabilities',
    },
    tables: { type: 'boolean', describe: 'Show how the models differ, and what each class gains' },
    report: {
      type: 'string',
      requiresArg: true,
      describe: 'JSON file of weights, scores, disagreement and gains',
    },
    out: {
      type: 'string',
      demandOption: true,
      requiresArg: true,
      describe: 'CSV file, id,category_id a line',
    },
  },
  examples: [
    ['ensemble --logits a.safetensors b.safetensors --weights 1,0.7 --out p.csv', 'given weights'],
    [
      'ensemble --logits a.safetensors b.safetensors --search --oof a-oof.safetensors b-oof.safetensors --annotations labelled.json --out p.csv',
      'weights searched on out-of-fold predictions',
    ],
  ],
  async run({ logits, oof, annotations, of, tables, report, out, ...choice }, { terminal }) {
    const weights = chooseWeights(choice);
    checkFit(weights, oof, annotations);
    const { ensemble } = await import('../stages/ensemble.js');
    const { describeFit, reportOf } = await import('../stages/ensemble-report.js');
    const { formatComparison, formatScores } = await import('../stages/ensemble-comparison.js');
    const outcome = await ensemble({ logits, weights, of, outOfFold: oof, annotations, out });
    for (const line of [...describeFit(outcome), ...outcome.warnings.map((text) => `warning: ${text}`)]) {
      terminal.say(line);
    }
    const show = (comparison: EnsembleComparison, title: string) => {
      const parts = [formatScores(comparison), tables ? formatComparison(comparison) : ''];
      const text = parts.filter((part) => part !== '').join('\n\n');
      if (text !== '') terminal.result(`${title}, ${comparison.clips} clips\n\n${text}\n`);
    };
    if (outcome.outOfFold) show(outcome.outOfFold, 'out of fold, each fold combined by a fit on the others');
    show(outcome.predicted, 'predicted');
    if (report !== undefined) {
      await mkdir(dirname(report), { recursive: true });
      await writeFile(report, JSON.stringify(reportOf(outcome), null, 2) + '\n');
    }
    terminal.result(out);
  },
});

function chooseWeights(choice: {
  readonly weights: string | undefined;
  readonly search: boolean | undefined;
  readonly stack: boolean | undefined;
}): WeightsChoice | undefined {
  const { weights, search, stack } = choice;
  const given = Object.entries({ '--weights': weights !== undefined, '--search': search, '--stack': stack });
  const chosen = given.filter(([, is]) => is).map(([option]) => option);
  if (chosen.length > 1) {
    throw new InputError({ field: chosen[1]!, found: `${chosen[0]!} too`, expected: 'one of the two' });
  }
  if (search) return 'search';
  if (stack) return 'stack';
  return parseWeights(weights);
}

function checkFit(
  weights: WeightsChoice | undefined,
  oof: readonly string[] | undefined,
  annotations: readonly string[] | undefined,
): void {
  const fits = weights === 'search' || weights === 'stack';
  if (fits && annotations === undefined) {
    throw new InputError({
      field: '--annotations',
      found: 'nothing',
      expected: `labelled clips for --${weights}`,
    });
  }
  if (!fits && oof !== undefined) {
    throw new InputError({
      field: '--oof',
      found: 'nothing to fit',
      expected: '--search or --stack with it',
    });
  }
}

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
