import { sparseSoftmaxCrossEntropy } from '@reelbert/engine';
import * as tf from '@tensorflow/tfjs-core';

import { weightedMean } from './weighted-mean.js';

export interface FocalOptions {
  /** How strongly what is right already is passed over, at least 0; 0 gives cross-entropy. Default 2. */
  readonly gamma?: number;
  /** float32 or int32 `[batch]`: 0 = the row doesn't count. Default: all do. */
  readonly rowWeights?: tf.Tensor | undefined;
}

/**
 * Focal loss (Lin et al. 2017, section 3.2, equation 4, over a softmax): `(1 - p)^gamma * -log p` with p the label's
 * probability, mean over the rows that count, in [0, inf). The paper's alpha, a weight for each class, is left out.
 *
 * @param logits `[batch, classes]`
 * @param labels int32 `[batch]`
 */
export function focalLoss(
  logits: tf.Tensor2D,
  labels: tf.Tensor,
  { gamma = 2, rowWeights }: FocalOptions = {},
): tf.Scalar {
  if (!(gamma >= 0 && Number.isFinite(gamma))) throw new RangeError(`gamma must be >= 0, found ${gamma}`);
  const exact = sparseSoftmaxCrossEntropy(logits, labels as tf.Tensor1D); // [batch]
  // The bound keeps the gradient of the power finite where p is 1 and gamma below 1.
  const wrong = tf.maximum(tf.sub(1, tf.exp(tf.neg(exact))), 1e-12); // 1 - p
  const losses = gamma === 0 ? exact : tf.mul(tf.pow(wrong, gamma), exact);
  return weightedMean(losses, rowWeights ?? tf.ones(labels.shape), 'rowWeights');
}
