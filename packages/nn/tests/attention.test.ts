import { makeKey } from '@reelbert/data';
import { KeyStream, startBackend } from '@reelbert/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

import { additiveMask, attention } from '../src/index.js';
import { uneven } from './tensors.js';

beforeAll(async () => void (await startBackend()));

const list = (x: tf.Tensor) => Array.from(x.dataSync());
const expectNear = (found: tf.Tensor, expected: readonly number[]) =>
  list(found).forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));

test('a mask adds -10000 to the scores of what is hidden', () => {
  for (const mask of [tf.tensor2d([1, 0, 1, 1], [2, 2], 'int32'), tf.tensor2d([1, 0, 1, 1], [2, 2])]) {
    const added = additiveMask(mask);
    expect(added.shape).toEqual([2, 1, 1, 2]);
    expectNear(added, [0, -10_000, 0, 0]);
  }
});

describe('attention', () => {
  test('mixes values by the softmax of scaled products, head by head', () => {
    // Two heads of width 1. Head 0: scores 0 and log 3, so 1/4 and 3/4; head 1: equal scores.
    const query = tf.tensor3d([1, 0], [1, 1, 2]);
    const key = tf.tensor3d([0, 1, Math.log(3), 2], [1, 2, 2]);
    const value = tf.tensor3d([4, 10, 8, 20], [1, 2, 2]);
    expectNear(attention(query, key, value, null, 2), [7, 15]);
  });

  test('divides the products by the root of a head’s width', () => {
    const query = tf.tensor3d([2, 2, 2, 2], [1, 1, 4]);
    const key = tf.tensor3d([0, 0, 0, 0, 1, 1, 1, 1], [1, 2, 4]); // products 0 and 8, scores 0 and 4
    const value = tf.tensor3d([0, 0, 0, 0, 1, 1, 1, 1], [1, 2, 4]);
    const share = 1 / (1 + Math.exp(-4));
    expectNear(attention(query, key, value, null, 1), [share, share, share, share]);
  });

  test('hidden keys do not influence any query', () => {
    const [query, key, value] = [uneven([1, 2, 4]), uneven([1, 3, 4], 1), uneven([1, 3, 4], 2)];
    const mask = additiveMask(tf.tensor2d([1, 0, 1], [1, 3], 'int32'));
    const changed = tf.tensor3d([0, 0, 0, 0, 9, -9, 9, -9, 0, 0, 0, 0], [1, 3, 4]);
    const before = attention(query, key, value, mask, 2);
    const after = attention(query, tf.add(key, changed), tf.add(value, changed), mask, 2);
    expect(list(after)).toEqual(list(before));
    const visible = (x: tf.Tensor) => tf.gather(x, [0, 2], 1);
    expectNear(before, list(attention(query, visible(key), visible(value), null, 2)));
  });

  test('dropout needs keys, and follows from them', () => {
    const [query, key, value] = [uneven([1, 2, 4]), uneven([1, 3, 4], 1), uneven([1, 3, 4], 2)];
    const run = (seed?: number) => {
      const keys = seed === undefined ? null : new KeyStream(tf.tensor1d(makeKey(seed), 'int32'));
      return list(attention(query, key, value, null, 2, { dropoutRate: 0.5, keys })).join();
    };
    expect(run()).toBe(list(attention(query, key, value, null, 2)).join());
    expect(run(1)).toBe(run(1));
    expect(new Set([run(), run(1), run(2)]).size).toBe(3);
  });

  test('shapes that do not fit are refused by name', () => {
    const run = (query: number[], key: number[], value: number[], heads = 2) =>
      attention(tf.zeros(query), tf.zeros(key), tf.zeros(value), null, heads);
    expect(() => run([2, 4], [2, 3, 4], [2, 3, 4])).toThrow(
      'query must be [batch, queries, hidden], found [2, 4]',
    );
    expect(() => run([2, 3, 4], [2, 3, 4], [2, 3, 4], 3)).toThrow(
      'query must be of a width that 3 heads divide',
    );
    expect(() => run([2, 3, 4], [1, 3, 4], [1, 3, 4])).toThrow('key must be [2, keys, 4], found [1, 3, 4]');
    expect(() => run([2, 3, 4], [2, 5, 6], [2, 5, 6])).toThrow('key must be [2, keys, 4], found [2, 5, 6]');
    expect(() => run([2, 3, 4], [2, 5, 4], [2, 3, 4])).toThrow(
      'value must be of the shape of key, [2, 5, 4]',
    );
  });
});
