import { sparseSoftmaxCrossEntropy } from '@reelbert/engine';
import type * as tf from '@tensorflow/tfjs-core';

import { checkShape } from './check-shape.js';
import { weightedMean } from './weighted-mean.js';

/**
 * Image-text matching (Chen et al. 2020, UNITER, section 3.2): do the text and the frames belong together? Mean
 * cross-entropy over the rows that count, in [0, inf); 0 where none does.
 *
 * @param logits `[batch, 2]`
 * @param labels int32 `[batch]`: 1 = they match
 * @param weights float32 `[batch]`
 */
export function matchingLoss(logits: tf.Tensor2D, labels: tf.Tensor, weights: tf.Tensor): tf.Scalar {
  checkShape('logits', logits, [null, 2]);
  return weightedMean(sparseSoftmaxCrossEntropy(logits, labels as tf.Tensor1D), weights);
}
