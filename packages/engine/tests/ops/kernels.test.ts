import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { dropout, gelu, KeyStream, layerNorm, quickGelu, startBackend } from '../../src/index.js';
import { kernelsProblem } from '../../src/kernels.js';
import { distance, uneven } from '../finite-difference.js';

beforeAll(() => startBackend({ backend: 'tensorflow' }));

// Around the width of a vector and the length of the piece that a thread takes.
const sizes = [1, 15, 16, 17, 1000, 16_385, 100_003];
const keys = (): KeyStream => new KeyStream(tf.tensor1d([5, 8], 'int32'));

async function onBoth(op: (x: tf.Tensor) => tf.Tensor, shape: number[]): Promise<[number[], number[]]> {
  const values: number[][] = [];
  for (const backend of ['tensorflow', 'cpu'] as const) {
    await startBackend({ backend });
    const x = tf.mul(uneven(shape), 4);
    const gradient = tf.grad((input) => tf.sum(tf.square(op(input))))(x);
    values.push([...(await op(x).data()), ...(await gradient.data())]);
  }
  await startBackend({ backend: 'tensorflow' });
  return values as [number[], number[]];
}

describe("this package's operations", () => {
  it('are loaded', () => expect(kernelsProblem()).toBeUndefined());

  it.each(sizes)('give what plain operations give, over %i elements', async (size) => {
    for (const op of [gelu, quickGelu]) {
      const [fused, composed] = await onBoth(op, [size]);
      expect(distance(fused, composed), op.name).toBeLessThan(2e-6);
    }
  });

  it.each(sizes)('drop the very elements that the fallback drops, of %i', async (size) => {
    const [fused, composed] = await onBoth((x) => dropout(x, 0.3, keys()), [size]);
    expect(fused.map((value) => value === 0)).toEqual(composed.map((value) => value === 0));
    expect(distance(fused, composed)).toBeLessThan(1e-6);
  });

  it.each([
    [1, 768],
    [37, 5],
    [1300, 24],
  ])('normalise %i rows of %i', async (rows, hidden) => {
    const norm = (x: tf.Tensor) => layerNorm(x, uneven([hidden], 1), uneven([hidden], 2), 1e-5);
    const [fused, composed] = await onBoth(norm, [rows, hidden]);
    expect(distance(fused, composed)).toBeLessThan(1e-5);
  });

  it.each([gelu, quickGelu, (x: tf.Tensor) => layerNorm(x, tf.ones([3]), tf.zeros([3]), 1e-5)])(
    'hand on what is not a number (%#)',
    (op) => {
      expect([...op(tf.tensor2d([[NaN, NaN, NaN]])).dataSync()]).toEqual([NaN, NaN, NaN]);
    },
  );

  it('give the same bits every time', async () => {
    const x = uneven([1300, 24]);
    const gradient = () =>
      tf
        .grads((a, b) => tf.sum(tf.square(layerNorm(a, b, tf.zeros([24]), 1e-5))))([x, uneven([24], 1)])
        .map((tensor) => [...tensor.dataSync()]);
    const first = gradient();
    for (let i = 0; i < 10; i++) expect(gradient()).toEqual(first);
  });
});
