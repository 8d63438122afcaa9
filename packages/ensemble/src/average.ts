import type { NdArray } from '@reelbert/data';

import { combine, commonShape, type CombineOptions } from './combine.js';

/**
 * The average of equal models (one recipe trained on several folds) as logits of one model, [rows, classes].
 *
 * @param of `probabilities`: logits whose softmax is the mean of the models' probabilities; `logits`: their mean, which
 *   is the geometric mean of probabilities up to a constant a row
 */
export function averageLogits(
  models: readonly NdArray[],
  of: NonNullable<CombineOptions['of']> = 'probabilities',
): NdArray {
  const { rows, classes } = commonShape(models);
  const mean = combine(models, { of, weights: models.map(() => 1 / models.length) });
  if (of === 'logits') return mean;
  return { dtype: 'float32', shape: [rows, classes], data: Float32Array.from(mean.data, logOf) };
}

// A probability that underflows to 0 would give -Infinity, which no later sum survives.
function logOf(probability: number): number {
  return Math.log(Math.max(probability, 1e-38));
}
