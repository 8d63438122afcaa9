import * as tf from '@tensorflow/tfjs-core';

// P(standard normal <= x)
const cumulative = (x: tf.Tensor): tf.Tensor => tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
const density = (x: tf.Tensor): tf.Tensor =>
  tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));

/**
 * Gaussian error linear unit in its exact form, `x * P(normal <= x)` (Hendrycks & Gimpel 2016, section 2).
 * The gradient, `P + x * density`, is computed from x alone: op by op, nothing else stays in memory for it.
 */
export function gelu<T extends tf.Tensor>(x: T): T {
  const apply = tf.customGrad((input: tf.Tensor | tf.GradSaveFunc, save: tf.Tensor | tf.GradSaveFunc) => {
    (save as tf.GradSaveFunc)([input as tf.Tensor]);
    return {
      value: tf.mul(input as tf.Tensor, cumulative(input as tf.Tensor)),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const kept = saved[0]!;
        return tf.mul(dy, tf.add(cumulative(kept), tf.mul(kept, density(kept))));
      },
    };
  });
  return apply(x) as T;
}
