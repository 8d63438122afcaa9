import * as tf from '@tensorflow/tfjs-core';

import { labelIndicators } from './label-indicators.js';
import { weightedMean } from './weighted-mean.js';

export interface DiceOptions {
  /** Added above and below the fraction, above 0: without it rows of other classes wouldn't count. Default 1. */
  readonly smooth?: number;
  /** float32 or int32 `[batch]`: 0 = the row doesn't count. Default: all do. */
  readonly rowWeights?: tf.Tensor | undefined;
}

/**
 * Dice loss (Li et al. 2020, "Dice Loss for Data-imbalanced NLP Tasks", section 3; denominators squared as Milletari et
 * al. 2016, V-Net, section 3, have them), each class being one decision:
 * `sum over classes of 1 - (2 p y + s) / (p^2 + y^2 + s)`, y being 1 at the label, else 0; mean over the rows that
 * count, in [0, 2).
 *
 * Its gradient vanishes where the label's probability does, so it starts slowly where classes are many.
 *
 * @param logits `[batch, classes]`
 * @param labels int32 `[batch]`
 */
export function diceLoss(
  logits: tf.Tensor2D,
  labels: tf.Tensor,
  { smooth = 1, rowWeights }: DiceOptions = {},
): tf.Scalar {
  if (!(smooth > 0 && Number.isFinite(smooth))) throw new RangeError(`smooth must be > 0, found ${smooth}`);
  const truth = labelIndicators(logits, labels); // [batch, classes]
  const probabilities = tf.softmax(logits);
  const overlap = tf.add(tf.mul(2, tf.mul(probabilities, truth)), smooth);
  const extent = tf.add(tf.add(tf.square(probabilities), truth), smooth); // 1 and 0 are their own squares
  const losses = tf.sum(tf.sub(1, tf.div(overlap, extent)), 1); // [batch]
  return weightedMean(losses, rowWeights ?? tf.ones(labels.shape), 'rowWeights');
}
