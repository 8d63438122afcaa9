import { attend, type AttendOptions } from '@reelbert/engine';
import * as tf from '@tensorflow/tfjs-core';

/** What a query may not see gets this added to its score: BERT's additive mask. */
const masked = -10_000;

/** mask int32 or float32 `[batch, keys]`, 1 = real -> `[batch, 1, 1, keys]`, to be added to attention scores */
export function additiveMask(mask: tf.Tensor): tf.Tensor4D {
  const [batch, keys] = mask.shape as [number, number];
  const hidden = tf.mul(tf.sub(1, tf.cast(mask, 'float32')), masked);
  return tf.reshape(hidden, [batch, 1, 1, keys]);
}

/**
 * Scaled dot-product attention over `heads` heads (Vaswani et al. 2017, section 3.2).
 *
 * @param query `[batch, queries, hidden]`
 * @param key `[batch, keys, hidden]`
 * @param value `[batch, keys, hidden]`
 * @param mask additive, `[batch or 1, 1, queries or 1, keys or 1]`; null: everything is seen
 * @returns `[batch, queries, hidden]`
 */
export function attention(
  query: tf.Tensor,
  key: tf.Tensor,
  value: tf.Tensor,
  mask: tf.Tensor4D | null,
  heads: number,
  options: AttendOptions = {},
): tf.Tensor3D {
  const [batch, queries, hidden] = query.shape as [number, number, number];
  checkShapes(query, key, value, heads);
  const width = hidden / heads;
  const split = (x: tf.Tensor): tf.Tensor4D => {
    return tf.transpose(tf.reshape(x, [batch, x.shape[1]!, heads, width]), [0, 2, 1, 3]); // [batch, heads, tokens, width]
  };
  const seen = mask ?? tf.zeros<tf.Rank.R4>([1, 1, 1, 1]);
  const mixed = attend(split(query), split(key), split(value), seen, options); // [batch, heads, queries, width]
  return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [batch, queries, hidden]);
}

function checkShapes(query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, heads: number): void {
  const [batch, , hidden] = query.shape as [number, number, number];
  const refuse = (name: string, x: tf.Tensor, wanted: string) => {
    throw new Error(`attention: ${name} must be ${wanted}, found [${x.shape.join(', ')}]`);
  };
  if (query.rank !== 3) refuse('query', query, '[batch, queries, hidden]');
  if (hidden % heads !== 0) refuse('query', query, `of a width that ${heads} heads divide`);
  if (key.rank !== 3 || key.shape[0] !== batch || key.shape[2] !== hidden) {
    refuse('key', key, `[${batch}, keys, ${hidden}]`);
  }
  if (value.shape.join() !== key.shape.join())
    refuse('value', value, `of the shape of key, [${key.shape.join(', ')}]`);
}
