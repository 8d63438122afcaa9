import { sparseSoftmaxCrossEntropy } from '@reelbert/engine';
import * as tf from '@tensorflow/tfjs-core';

import { checkShape } from './check-shape.js';
import { l2Normalise } from './l2-normalise.js';
import { weightedMean } from './weighted-mean.js';

export interface MaskedFrameInputs {
  /** What the model makes of the masked frames, `[queries, dim]`. */
  readonly predictions: tf.Tensor2D;
  /** The frames to tell apart, `[candidates, dim]`. */
  readonly candidates: tf.Tensor2D;
  /** int32 `[queries]`: the true frame's number among the candidates. */
  readonly targets: tf.Tensor;
  /** float32 `[queries]`: 1 = a frame stands at the query's position. */
  readonly queryMask: tf.Tensor;
  /** float32 `[candidates]`: 1 = a real frame. */
  readonly candidateMask: tf.Tensor;
  /** float32 `[queries]`: 1 = counts. */
  readonly weights: tf.Tensor;
}

export interface MaskedFrameOptions {
  /** Compare directions (cosines) instead of raw dot products. Default false, as the reference. */
  readonly normalise?: boolean;
  /** Divides the similarities; default 1. */
  readonly temperature?: number;
}

/**
 * Masked frame modelling by noise contrast (Li et al. 2020, HERO, section 3.3; the reference's calculate_mfm_loss):
 * `Z = predictions candidatesᵀ / temperature + (1 - queryMask candidateMaskᵀ) * -1e8`, then the mean over the queries
 * that count of `-log softmax(Z)[target]`. The mask is added, not selected: a query whose own mask is 0 loses all
 * columns alike, and its loss is about log(candidates). In [0, inf); 0 where nothing counts.
 */
export function maskedFrameLoss(inputs: MaskedFrameInputs, options: MaskedFrameOptions = {}): tf.Scalar {
  const { normalise = false, temperature = 1 } = options;
  checkInputs(inputs);
  const { targets, queryMask, candidateMask, weights } = inputs;
  const [predictions, candidates] = [inputs.predictions, inputs.candidates].map((rows) =>
    normalise ? l2Normalise(rows) : rows,
  ) as [tf.Tensor2D, tf.Tensor2D];
  const products = tf.matMul(predictions, candidates, false, true); // [queries, candidates]
  const seen = tf.mul(tf.expandDims(queryMask, 1), tf.expandDims(candidateMask, 0)); // [queries, candidates]
  const similarities = tf.add(tf.div(products, temperature), tf.mul(tf.sub(1, seen), -1e8));
  const losses = sparseSoftmaxCrossEntropy(similarities as tf.Tensor2D, targets as tf.Tensor1D);
  return weightedMean(losses, weights);
}

function checkInputs(inputs: MaskedFrameInputs): void {
  const { predictions, candidates } = inputs;
  checkShape('predictions', predictions, [null, null]);
  const [queries, dim] = predictions.shape;
  checkShape('candidates', candidates, [null, dim]);
  checkShape('targets', inputs.targets, [queries]);
  checkShape('queryMask', inputs.queryMask, [queries]);
  checkShape('candidateMask', inputs.candidateMask, [candidates.shape[0]]);
  checkShape('weights', inputs.weights, [queries]);
}
