import * as tf from '@tensorflow/tfjs-core';

import { checkShape } from './check-shape.js';

/**
 * `sum(weights * values) / sum(weights)`; 0, with a gradient of 0, where all weights are 0.
 *
 * @param values `[rows]`
 * @param weights float32 or int32 `[rows]`, at least 0, not differentiated
 * @param name what to call the weights where their shape is wrong
 */
export function weightedMean(values: tf.Tensor, weights: tf.Tensor, name = 'weights'): tf.Scalar {
  checkShape(name, weights, values.shape);
  const factors = tf.cast(weights, 'float32');
  const total = tf.maximum(tf.sum(factors), 1e-12); // no weight at all: 0 / 1e-12
  return tf.div(tf.sum(tf.mul(values, factors)), total);
}
