import * as tf from '@tensorflow/tfjs-core';

/**
 * Mean over the middle axis: states `[batch, items, hidden]` -> `[batch, hidden]`. With a mask (`[batch, items]`,
 * int32, 1 = counts) only over the items it marks; where it marks none the mean is zero.
 */
export function meanOverItems(states: tf.Tensor, mask: tf.Tensor | null): tf.Tensor2D {
  if (mask === null) return tf.mean(states, 1);
  const weights = tf.cast(mask, 'float32'); // [batch, items]
  const sum = tf.sum(tf.mul(states, tf.expandDims(weights, 2)), 1); // [batch, hidden]
  return tf.div(sum, tf.maximum(tf.sum(weights, 1, true), 1)) as tf.Tensor2D;
}
