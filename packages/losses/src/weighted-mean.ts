import * as tf from '@tensorflow/tfjs-core';

/**
 * `sum(weights * values) / sum(weights)`; 0, with a gradient of 0, where all weights are 0. Throws if shapes differ.
 *
 * @param values `[rows]`
 * @param weights float32 or int32 `[rows]`, not differentiated
 */
export function weightedMean(values: tf.Tensor, weights: tf.Tensor): tf.Scalar {
  if (values.shape.join() !== weights.shape.join()) {
    throw new Error(
      `weights must have the shape of the values, [${values.shape.join(', ')}], found [${weights.shape.join(', ')}]`,
    );
  }
  const cast = tf.cast(weights, 'float32');
  const total = tf.sum(cast);
  const some = tf.maximum(total, 1e-12); // no weight at all: 0 / 1e-12
  return tf.div(tf.sum(tf.mul(values, cast)), some);
}
