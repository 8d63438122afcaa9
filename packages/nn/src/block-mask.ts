import * as tf from '@tensorflow/tfjs-core';

/** Added to the scores of keys that are padding (BERT's additive mask), and once more to those of other sequences. */
const masked = -10_000;

/**
 * The additive mask of rows that hold several sequences each: a token attends to the real tokens of its own sequence
 * alone. Other sequences lie below its own padding, so that even a sequence of nothing but padding doesn't see them.
 *
 * @param sequences int32 `[rows, slots]`: number of the sequence that a slot belongs to
 * @param attended int32 `[rows, slots]`, 1 = a real token
 * @returns `[rows, 1, slots, slots]`, to be added to attention scores
 */
export function blockMask(sequences: tf.Tensor, attended: tf.Tensor): tf.Tensor4D {
  const [rows, slots] = sequences.shape as [number, number];
  const same = tf.equal(tf.expandDims(sequences, 2), tf.expandDims(sequences, 1)); // [rows, queries, keys]
  const seen = tf.expandDims(tf.add(tf.cast(attended, 'float32'), 1), 1); // [rows, 1, keys]: 2, or 1 for padding
  const hidden = tf.sub(2, tf.mul(tf.cast(same, 'float32'), seen)); // 0, 1 or 2 times
  return tf.reshape(tf.mul(hidden, masked), [rows, 1, slots, slots]);
}
