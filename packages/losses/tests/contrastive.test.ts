import { startBackend } from '@reelbert/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

import { contrastiveLosses, l2Normalise, type ContrastiveOptions } from '../src/index.js';
import { uneven } from './finite-difference.js';

beforeAll(async () => void (await startBackend()));

type Options = Partial<ContrastiveOptions>;

function losses(a: tf.Tensor, b: tf.Tensor, options: Options = {}): { aToB: number; bToA: number } {
  const { aToB, bToA } = contrastiveLosses(a as tf.Tensor2D, b as tf.Tensor2D, { scale: 1, ...options });
  return { aToB: aToB.dataSync()[0]!, bToA: bToA.dataSync()[0]! };
}

function sum(a: tf.Tensor, b: tf.Tensor, options: Options = {}): number {
  const { aToB, bToA } = losses(a, b, options);
  return aToB + bToA;
}

const rows = (...values: number[][]) => tf.tensor2d(values);
const numbers = (...values: number[]) => tf.tensor1d(values, 'int32');

describe('contrast', () => {
  test('identical rows: log of the batch in each direction, at any scale', () => {
    const same = tf.ones([4, 3]);
    expect(sum(same, same)).toBeCloseTo(2 * Math.log(4), 6);
    expect(sum(same, same, { scale: 14 })).toBeCloseTo(2 * Math.log(4), 6);
  });

  test('orthonormal pairs: 1.48734 at scale 1, 1.875e-6 at 1 / 0.07', () => {
    expect(sum(tf.eye(4), tf.eye(4))).toBeCloseTo(1.48734, 5);
    const mean = sum(tf.eye(4), tf.eye(4), { scale: tf.scalar(1 / 0.07) }) / 2;
    expect(mean).toBeGreaterThan(1.7e-6); // float32 sees 1 + 1.875e-6 in steps of 1.2e-7
    expect(mean).toBeLessThan(2.1e-6);
  });

  test('lengths do not matter; directions do, and each has its own', () => {
    const [a, b] = [rows([1, 0], [0, 2], [1, 1]), rows([3, 0], [0, 1], [0, 5])];
    const cosines = [
      [1, 0, 0],
      [0, 1, 1],
      [Math.SQRT1_2, Math.SQRT1_2, Math.SQRT1_2],
    ];
    const cost = (at: (i: number, j: number) => number) => {
      const each = [0, 1, 2].map((i) => {
        const total = [0, 1, 2].map((j) => Math.exp(2 * at(i, j))).reduce((x, y) => x + y);
        return Math.log(total) - 2 * at(i, i);
      });
      return each.reduce((x, y) => x + y) / 3;
    };
    const found = losses(a, b, { scale: 2 });
    expect(found.aToB).toBeCloseTo(
      cost((i, j) => cosines[i]![j]!),
      5,
    );
    expect(found.bToA).toBeCloseTo(
      cost((i, j) => cosines[j]![i]!),
      5,
    );
  });

  test('rows of weight 0 are no part of the batch', () => {
    const [a, b] = [uneven([5, 3]), uneven([5, 3], 2)];
    const first = (x: tf.Tensor) => tf.slice(x, [0, 0], [3, 3]);
    const alone = losses(first(a), first(b), { scale: 4 });
    for (const rowWeights of [numbers(1, 1, 1, 0, 0), tf.tensor1d([1, 1, 1, 0, 0])]) {
      const found = losses(a, b, { scale: 4, rowWeights });
      expect(found.aToB).toBeCloseTo(alone.aToB, 5);
      expect(found.bToA).toBeCloseTo(alone.bToA, 5);
    }
  });

  test('rows of one group are not each other’s negatives', () => {
    // Rows 0 and 1 share a group: each has only itself and row 2 to choose from; row 2 has all three.
    const same = tf.ones([3, 2]);
    const expected = (Math.log(2) + Math.log(2) + Math.log(3)) / 3;
    const found = losses(same, same, { groups: numbers(4, 4, 0) });
    expect(found.aToB).toBeCloseTo(expected, 6);
    expect(found.bToA).toBeCloseTo(expected, 6);
    expect(losses(same, same, { groups: numbers(4, 5, 0) }).aToB).toBeCloseTo(Math.log(3), 6);
    const both = { groups: numbers(4, 4, 0), rowWeights: numbers(1, 1, 0) };
    expect(losses(same, same, both).aToB).toBeCloseTo(0, 6);
  });

  test('no rows, or rows of zeros: 0 or log of the batch, never NaN', () => {
    const options = { scale: 3, rowWeights: numbers(0, 0, 0) };
    expect(losses(uneven([3, 2]), uneven([3, 2], 1), options)).toEqual({ aToB: 0, bToA: 0 });
    const gradient = (rowWeights: tf.Tensor, at: tf.Tensor) =>
      tf.grad((x: tf.Tensor) => {
        return contrastiveLosses(x as tf.Tensor2D, uneven([3, 2]) as tf.Tensor2D, { scale: 3, rowWeights })
          .aToB;
      })(at);
    const none = gradient(numbers(0, 0, 0), uneven([3, 2])).dataSync();
    expect(none.every((slope) => slope === 0)).toBe(true);
    expect(sum(tf.zeros([3, 2]), tf.zeros([3, 2]))).toBeCloseTo(2 * Math.log(3), 6);
    expect(Array.from(gradient(numbers(1, 1, 1), tf.zeros([3, 2])).dataSync()).every(Number.isFinite)).toBe(
      true,
    );
  });

  test('shapes that do not fit are refused by name', () => {
    const a = tf.ones([3, 2]);
    expect(() => losses(tf.ones([3]), a)).toThrow('a must be of shape [any, any], found [3]');
    expect(() => losses(a, tf.ones([2, 3]))).toThrow('b must be of shape [3, 2], found [2, 3]');
    expect(() => losses(a, a, { rowWeights: numbers(1, 1) })).toThrow(
      'rowWeights must be of shape [3], found [2]',
    );
    expect(() => losses(a, a, { groups: numbers(1) })).toThrow('groups must be of shape [3], found [1]');
  });
});

test('rows are scaled to length 1, rows of zeros stay', () => {
  const found = l2Normalise(rows([3, 4], [0, 0], [0, -2])).dataSync();
  [0.6, 0.8, 0, 0, 0, -1].forEach((value, i) => expect(found[i]).toBeCloseTo(value, 6));
});
