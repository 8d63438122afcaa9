import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { KeyStream, randomNormal, randomUniform, startBackend } from '../../src/index.js';

const key = (a: number, b: number): tf.Tensor => tf.tensor1d([a, b], 'int32');

function moments(values: ArrayLike<number>): { mean: number; variance: number } {
  const list = Array.from(values);
  const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
  return { mean, variance: list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / list.length };
}

describe.each(['tensorflow', 'wasm', 'cpu'] as const)('random numbers on %s', (backend) => {
  beforeAll(() => startBackend({ backend }));

  it('are the same for the same key and shape', async () => {
    const first = await randomUniform([5, 7], key(3, 4)).data();
    expect(await randomUniform([5, 7], key(3, 4)).data()).toEqual(first);
    expect(await randomNormal([5], key(3, 4)).data()).toEqual(await randomNormal([5], key(3, 4)).data());
  });

  it('differ between keys, in either number', async () => {
    const first = await randomUniform([5, 7], key(3, 4)).data();
    expect(await randomUniform([5, 7], key(3, 5)).data()).not.toEqual(first);
    expect(await randomUniform([5, 7], key(4, 4)).data()).not.toEqual(first);
  });

  it('are uniform in [0, 1)', async () => {
    const values = await randomUniform([200, 200], key(1, 2)).data();
    const { mean, variance } = moments(values);
    expect(mean).toBeCloseTo(0.5, 2);
    expect(variance).toBeCloseTo(1 / 12, 2);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    for (const edge of [0.1, 0.5, 0.9]) {
      expect(values.filter((value) => value < edge).length / values.length).toBeCloseTo(edge, 1.7);
    }
  });

  it('are normal with mean 0 and deviation 1', async () => {
    const values = await randomNormal([200, 200], key(1, 2)).data();
    const { mean, variance } = moments(values);
    expect(Math.abs(mean)).toBeLessThan(0.02);
    expect(Math.abs(variance - 1)).toBeLessThan(0.03);
    expect(values.filter((value) => Math.abs(value) < 1).length / values.length).toBeCloseTo(0.6827, 1.7);
  });

  it('do not correlate between the keys of one stream', async () => {
    const stream = new KeyStream(key(9, 0));
    const a = Array.from(await randomUniform([20_000], stream.next()).data());
    const b = await randomUniform([20_000], stream.next()).data();
    const product = a.reduce((sum, value, index) => sum + (value - 0.5) * (b[index]! - 0.5), 0) / a.length;
    expect(Math.abs(product)).toBeLessThan(0.003);
  });

  it('come from a stream that gives the i-th place the key + [0, i]', async () => {
    const stream = new KeyStream(key(9, 40));
    expect(Array.from(await stream.next().data())).toEqual([9, 40]);
    expect(Array.from(await stream.next().data())).toEqual([9, 41]);
  });

  it('refuse a key that is not int32 [2]', () => {
    expect(() => randomUniform([2], tf.tensor1d([1, 2]))).toThrow('key must be int32 [2]');
    expect(() => new KeyStream(tf.tensor1d([1], 'int32'))).toThrow('key must be int32 [2]');
  });
});
