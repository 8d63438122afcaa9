// The weighted sum of four models' probabilities.
import { argmax, combine } from '@reelbert/ensemble';
import { z } from 'zod';

import type { Check } from '../check-context.js';
import { tolerances } from '../tolerance.js';

const family = 'ensemble';

export const checkEnsemble: Check = ({ set, report }) => {
  const file = set.file('ensemble');
  const logits = file.group('logits.');
  const names = Object.keys(logits).sort();
  const weights = set.expected(z.array(z.number()), 'ensemble', 'weights');
  if (names.length === 0 || weights?.length !== names.length) {
    return report.missing(family, 'weighted sum, predicted classes', 'ensemble: logits.*, weights');
  }
  const models = names.map((name) => logits[name]!);
  const summed = combine(models, { weights });
  const sum = file.get('out.summed');
  report.compare(
    family,
    'weighted sum of probabilities',
    tolerances.outputs,
    sum ? [{ name: 'summed', found: summed, wanted: sum }] : [],
  );
  const classes = argmax(summed);
  const wanted = [
    ['predicted classes', classes, file.get('out.argmax')?.data],
    ['predicted classes (table)', classes, expectedClasses('argmax')],
    ['with equal weights', argmax(combine(models)), expectedClasses('argmax_if_weight_3_were_1')],
    [
      'with logits for probabilities',
      argmax(combine(models, { weights, of: 'logits' })),
      expectedClasses('argmax_if_logits_were_averaged'),
    ],
  ] as const;
  for (const [quantity, found, data] of wanted) {
    const pairs = data ? [{ name: quantity, found: { data: found }, wanted: { data } }] : [];
    report.compare(family, quantity, tolerances.exact, pairs);
  }

  function expectedClasses(name: string): number[] | undefined {
    return set.expected(z.array(z.number()), 'ensemble', name);
  }
};
