import * as tf from '@tensorflow/tfjs-core';

/** Rows scaled to length 1, `x / max(|x|, 1e-12)` as torch's F.normalize: `[rows, dim]` -> the same shape. */
export function l2Normalise(x: tf.Tensor2D): tf.Tensor2D {
  // The bound is put on the square, so that the gradient at a row of zeros is 0, not NaN.
  const squares = tf.maximum(tf.sum(tf.square(x), -1, true), 1e-24); // [rows, 1]
  return tf.mul(x, tf.rsqrt(squares));
}
