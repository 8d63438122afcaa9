import { sparseSoftmaxCrossEntropy } from '@reelbert/engine';
import * as tf from '@tensorflow/tfjs-core';

import { weightedMean } from './weighted-mean.js';

export interface ClassificationOptions {
  /** s in [0, 1): the loss is (1 - s) of the label's and s of the mean over all classes. Default 0. */
  readonly labelSmoothing?: number;
  /** float32 or int32 `[batch]`: 0 = the row doesn't count. Default: all do. */
  readonly rowWeights?: tf.Tensor | undefined;
}

/**
 * Cross-entropy of the categories with label smoothing (Szegedy et al. 2016, section 7):
 * `(1 - s) * -log p[label] + s * mean(-log p)`, mean over the rows that count, in [0, inf).
 *
 * @param logits `[batch, classes]`
 * @param labels int32 `[batch]`
 */
export function classificationLoss(
  logits: tf.Tensor2D,
  labels: tf.Tensor,
  { labelSmoothing = 0, rowWeights }: ClassificationOptions = {},
): tf.Scalar {
  if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
    throw new RangeError(`labelSmoothing must be in [0, 1), found ${labelSmoothing}`);
  }
  const exact = sparseSoftmaxCrossEntropy(logits, labels as tf.Tensor1D); // [batch]
  const losses =
    labelSmoothing === 0
      ? exact
      : tf.add(
          tf.mul(exact, 1 - labelSmoothing),
          tf.mul(tf.neg(tf.mean(tf.logSoftmax(logits), -1)), labelSmoothing),
        );
  return weightedMean(losses, rowWeights ?? tf.ones(labels.shape), 'rowWeights');
}
