import { sparseSoftmaxCrossEntropy } from '@reelbert/engine';
import * as tf from '@tensorflow/tfjs-core';

import { weightedMean } from './weighted-mean.js';

/**
 * Masked language modelling (Devlin et al. 2019, section 3.1): the mean cross-entropy of the tokens that were chosen,
 * `sum(weights * -log softmax(logits)[labels]) / sum(weights)`, in [0, inf); 0 where nothing was chosen.
 *
 * @param logits `[positions, vocabulary]`
 * @param labels int32 `[positions]`; those of weight 0 may be any valid id
 * @param weights float32 `[positions]`: 1 = chosen, 0 = filler
 */
export function maskedLanguageLoss(logits: tf.Tensor2D, labels: tf.Tensor, weights: tf.Tensor): tf.Scalar {
  return weightedMean(sparseSoftmaxCrossEntropy(logits, labels as tf.Tensor1D), weights);
}
