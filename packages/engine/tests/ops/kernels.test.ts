import { createProgram, type HostTensor } from '@reelbert/compiler';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  biasAdd,
  dropout,
  gelu,
  KeyStream,
  layerNorm,
  quickGelu,
  startBackend,
  sumOfSquares,
} from '../../src/index.js';
import { kernelsProblem } from '../../src/kernels.js';
import { distance, uneven } from '../finite-difference.js';

beforeAll(() => startBackend({ backend: 'tensorflow' }));

// Around the width of a vector and the length of the piece that a thread takes.
const sizes = [1, 15, 16, 17, 1000, 16_385, 100_003];
const keys = (): KeyStream => new KeyStream(tf.tensor1d([5, 8], 'int32'));

type Op = (x: tf.Tensor) => tf.Tensor;

// The value and the gradient of the sum of its squares, in a recorded graph.
async function recorded(op: Op, x: tf.Tensor): Promise<number[]> {
  const program = createProgram({ mode: 'compiled' });
  program.define('f', ({ x }) => ({
    y: op(x!),
    gradient: tf.grad((input) => tf.sum(tf.square(op(input))))(x!),
  }));
  const host: HostTensor = { dtype: 'float32', shape: x.shape, data: Float32Array.from(x.dataSync()) };
  const { y, gradient } = await program.run('f', { x: host });
  program.dispose();
  return [...y!.data, ...gradient!.data];
}

// Recorded, and composed in plain JavaScript.
async function onBoth(op: Op, shape: number[]): Promise<[number[], number[]]> {
  const fused = await recorded(op, tf.mul(uneven(shape), 4));
  await startBackend({ backend: 'cpu' });
  const x = tf.mul(uneven(shape), 4);
  const gradient = tf.grad((input) => tf.sum(tf.square(op(input))))(x);
  const composed = [...(await op(x).data()), ...(await gradient.data())];
  await startBackend({ backend: 'tensorflow' });
  return [fused, composed];
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

  it.each([
    [1, 7],
    [37, 64],
    [1300, 72],
    [300, 1000],
  ])('add up the columns of [%i, %i] for the gradient of a bias', async (rows, columns) => {
    const matrix = () => tf.mul(uneven([rows, 1]), uneven([1, columns], 1)) as tf.Tensor2D;
    const biased: Op = (x) => biasAdd(matrix(), x);
    const [fused, composed] = await onBoth(biased, [columns]);
    expect(distance(fused, composed)).toBeLessThan(1e-5);
  });

  it.each(sizes)('add up the squares of %i elements', async (size) => {
    const x = Float32Array.from(uneven([size], 1).dataSync());
    const program = createProgram({ mode: 'compiled' });
    program.define('f', (given) => ({ sum: sumOfSquares(given.x!) }));
    const { sum } = await program.run('f', {
      x: { dtype: 'float32', shape: [size], data: x },
    });
    program.dispose();
    const expected = x.reduce((total, value) => total + value ** 2, 0);
    expect(Math.abs(sum!.data[0]! / expected - 1)).toBeLessThan(1e-6);
  });

  it.each([gelu, quickGelu, (x: tf.Tensor) => layerNorm(x, tf.ones([3]), tf.zeros([3]), 1e-5)])(
    'hand on what is not a number (%#)',
    async (op) => {
      const values = await recorded(op, tf.tensor2d([[NaN, NaN, NaN]]));
      expect(values).toEqual([NaN, NaN, NaN, NaN, NaN, NaN]);
    },
  );

  it('give the same bits every time', async () => {
    const norm: Op = (x) => layerNorm(x, uneven([24], 1), tf.zeros([24]), 1e-5);
    const first = await recorded(norm, uneven([1300, 24]));
    for (let i = 0; i < 10; i++) expect(await recorded(norm, uneven([1300, 24]))).toEqual(first);
  });

  it('take part in recorded graphs; op by op only dropout does, whose draws must be the same', async () => {
    const program = createProgram({ mode: 'compiled' });
    program.define('f', ({ x }) => ({ y: dropout(gelu(x!), 0.3, keys()) }));
    const x: HostTensor = { dtype: 'float32', shape: [64], data: Float32Array.from(uneven([64]).dataSync()) };
    const operations = (await program.profile('f', { x })).map(({ op }) => op);
    program.dispose();
    expect(operations).toEqual(expect.arrayContaining(['ReelbertGelu', 'ReelbertDropout']));
    const dropped = (values: ArrayLike<number>) => Array.from(values, (value) => value === 0);
    const [graph] = await onBoth((input) => dropout(input, 0.3, keys()), [64]);
    const opByOp = dropout(tf.mul(uneven([64]), 4), 0.3, keys()).dataSync();
    expect(dropped(opByOp)).toEqual(dropped(graph.slice(0, 64)));
  });
});
