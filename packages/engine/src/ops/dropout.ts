import * as tf from '@tensorflow/tfjs-core';
import { randomUniform, type KeyStream } from './random.js';

/**
 * Sets each element to zero with probability `rate` and divides the others by `1 - rate`.
 * (tf.dropout draws each number in JavaScript and can't be recorded.)
 *
 * @param rate in `[0, 1)`.
 * @param keys where the mask's key comes from; `null` turns dropout off, as evaluation does.
 */
export function dropout<T extends tf.Tensor>(x: T, rate: number, keys: KeyStream | null): T {
  if (!(rate >= 0 && rate < 1)) throw new Error(`dropout: rate must be in [0, 1), it is ${rate}.`);
  if (keys === null || rate === 0) return x;
  const key = keys.next();
  const apply = tf.customGrad((input: tf.Tensor | tf.GradSaveFunc, save: tf.Tensor | tf.GradSaveFunc) => {
    const kept = tf.greaterEqual(randomUniform((input as tf.Tensor).shape, key), rate);
    const mask = tf.mul(tf.cast(kept, 'float32'), 1 / (1 - rate)); // as x: 0 or 1 / (1 - rate)
    (save as tf.GradSaveFunc)([mask]);
    return {
      value: tf.mul(input as tf.Tensor, mask),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, saved[0]!),
    };
  });
  return apply(x) as T;
}
