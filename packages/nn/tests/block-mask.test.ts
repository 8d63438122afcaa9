import { startBackend } from '@reelbert/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

import { BertEmbeddings, BertEncoder, blockMask, ParameterStore } from '../src/index.js';
import { tiny, toTensors, uneven, unevenState } from './tensors.js';

beforeAll(async () => void (await startBackend()));

const list = (x: tf.Tensor) => Array.from(x.dataSync());
const int32 = (values: number[][]) => tf.tensor2d(values, undefined, 'int32');

test('a block mask hides padding, and other sequences below it', () => {
  const mask = blockMask(int32([[7, 7, 3]]), int32([[1, 0, 1]]));
  expect(mask.shape).toEqual([1, 1, 3, 3]);
  const rows = [
    [0, -10_000, -20_000],
    [0, -10_000, -20_000],
    [-20_000, -20_000, 0],
  ];
  expect(list(mask).map((value) => value + 0)).toEqual(rows.flat()); // -0 becomes 0
});

describe('what a sequence’s states are', () => {
  const store = new ParameterStore();
  const encoder = new BertEncoder(store, 'encoder.', tiny);
  const second = () => uneven([1, 2, 8], 1);
  /** States of a sequence of two tokens, where it has a row of its own, or stands behind another sequence. */
  const states = (attended: number[], neighbour?: tf.Tensor) => {
    const x = neighbour ? tf.concat([neighbour, second()], 1) : second();
    const sequences = neighbour ? [1, 1, 1, 2, 2] : [2, 2];
    const mask = blockMask(int32([sequences]), int32([neighbour ? [1, 0, 1, ...attended] : attended]));
    const values = toTensors(unevenState(store));
    const all = store.bind(values, () => encoder.forward(x as tf.Tensor3D, mask, null));
    return list(all).slice(-2 * 8);
  };
  const expectNear = (found: number[], expected: number[]) =>
    found.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));

  test('does not depend on its neighbours in the row', () => {
    expectNear(states([1, 1], uneven([1, 3, 8])), states([1, 1]));
    expectNear(states([1, 0], uneven([1, 3, 8])), states([1, 0]));
  });

  test('does not depend on them either where it is nothing but padding', () => {
    expectNear(states([0, 0], uneven([1, 3, 8])), states([0, 0], uneven([1, 3, 8], 2)));
  });
});

test('texts that begin anywhere in a row are embedded as in rows of their own', () => {
  const store = new ParameterStore();
  const embeddings = new BertEmbeddings(store, 'embeddings.', tiny);
  const values = toTensors(unevenState(store));
  const [apart, together, tooLong] = store.bind(values, () => [
    embeddings.forward(
      int32([
        [1, 2, 3],
        [4, 5, 6],
      ]),
      null,
    ),
    embeddings.forwardAt(int32([[4, 5, 1, 2, 3]]), int32([[0, 1, 0, 1, 2]]), 3, null),
    () => embeddings.forwardAt(int32([[4, 5]]), int32([[0, 1]]), 7, null),
  ]) as [tf.Tensor, tf.Tensor, () => unknown];
  const rows = (x: tf.Tensor) => tf.reshape(x, [-1, 8]);
  expect(list(together)).toEqual(list(tf.gather(rows(apart), [3, 4, 0, 1, 2])));
  expect(() => store.bind(values, tooLong)).toThrow("has 6 rows; a sequence of 7 doesn't fit");
});
