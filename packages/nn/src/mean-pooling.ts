import * as tf from '@tensorflow/tfjs-core';

/** Mean over the positions whose mask is 1 (0 where there is none): `[batch, tokens, hidden]` -> `[batch, hidden]`. */
export function maskedMean(states: tf.Tensor3D, mask: tf.Tensor): tf.Tensor2D {
  const weights = tf.expandDims(tf.cast(mask, 'float32'), -1); // [batch, tokens, 1]
  const count = tf.maximum(tf.sum(weights, 1), 1e-10); // [batch, 1]
  return tf.div(tf.sum(tf.mul(states, weights), 1), count);
}

/** Mean over all positions, padding included, as the reference has it. */
export function meanOverAll(states: tf.Tensor3D): tf.Tensor2D {
  return tf.mean(states, 1);
}
