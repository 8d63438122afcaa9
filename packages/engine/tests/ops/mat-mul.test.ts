import { createProgram, type HostTensor } from '@reelbert/compiler';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { matMul, startBackend, withComputation } from '../../src/index.js';
import { distance, gradients, uneven } from '../finite-difference.js';

const transpositions = [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
] as const;
const turned = ([rows, columns]: number[], yes: boolean): number[] =>
  yes ? [columns!, rows!] : [rows!, columns!];

describe.each(['tensorflow', 'wasm'] as const)('matMul on %s', (backend) => {
  beforeAll(() => startBackend({ backend }));

  it.each(transpositions)('multiplies, transposed (%s, %s), and has its gradients', async (ta, tb) => {
    for (const leading of [[], [2, 2]]) {
      const a = uneven([...leading, ...turned([3, 4], ta)]);
      const b = uneven([...leading, ...turned([4, 5], tb)], 1);
      const expected = tf.matMul(a, b, ta, tb);
      expect(distance(matMul(a, b, ta, tb).dataSync(), expected.dataSync())).toBeLessThan(1e-6);
      const ofA = await gradients((x) => matMul(x, b, ta, tb), a);
      const ofB = await gradients((x) => matMul(a, x, ta, tb), b);
      expect(distance(ofA.analytic, ofA.numeric)).toBeLessThan(1e-3);
      expect(distance(ofB.analytic, ofB.numeric)).toBeLessThan(1e-3);
    }
  });

  it('refuses what does not fit together', () => {
    expect(() => matMul(tf.ones([2, 3]), tf.ones([2, 3]))).toThrow(
      'inner extents must agree, they are 3 and 2',
    );
    expect(() => matMul<tf.Tensor>(tf.ones([2, 2, 3]), tf.ones([3, 2]))).toThrow('the same leading axes');
  });
});

describe('with bf16', () => {
  beforeAll(() => startBackend({ backend: 'tensorflow' }));

  // 8 bits of mantissa: a factor is off by 2^-9 of itself at most, and the result by as much again.
  const rounding = 3 * 2 ** -9;
  const product = (a: tf.Tensor, b: tf.Tensor) => withComputation({ precision: 'bf16' }, () => matMul(a, b));

  it('factors and result are rounded to bfloat16, in value and gradients', async () => {
    const [a, b] = [tf.abs(uneven([8, 64])), tf.abs(uneven([64, 8], 1))];
    const exact = tf.matMul(a, b).dataSync();
    const found = product(a, b).dataSync();
    expect(found).not.toEqual(exact);
    found.forEach((value, i) => expect(Math.abs(value / exact[i]! - 1)).toBeLessThan(rounding));
    for (const value of found) {
      expect(new Uint32Array(Float32Array.of(value).buffer)[0]! & 0xffff).toBe(0); // bfloat16 has 16 bits
    }
    const loss = (x: tf.Tensor) =>
      withComputation({ precision: 'bf16' }, () => tf.grad((y) => tf.sum(matMul(y, b)))(x));
    const slope = loss(a).dataSync();
    const expected = tf.tile(tf.reshape(tf.sum(b, 1), [1, 64]), [8, 1]).dataSync();
    slope.forEach((value, i) => expect(Math.abs(value / expected[i]! - 1)).toBeLessThan(rounding));
  });

  it('numbers that bfloat16 holds are multiplied exactly', () => {
    const a = tf.tensor2d([1, 2, -3, 0.5], [2, 2]);
    expect([...product(a, a).dataSync()]).toEqual([...tf.matMul(a, a).dataSync()]);
  });

  it('holds inside only, and leaves no tensors behind', () => {
    const [a, b] = [uneven([4, 4]), uneven([4, 4], 1)];
    const before = tf.memory().numTensors;
    tf.tidy(() => void product(a, b));
    expect(tf.memory().numTensors).toBe(before);
    expect(matMul(a, b).dataSync()).toEqual(tf.matMul(a, b).dataSync());
  });

  it('is the same recorded as op by op', async () => {
    const program = createProgram({ mode: 'compiled' });
    program.define('product', ({ a, b }) => ({ c: product(a!, b!) }));
    const [a, b] = [uneven([5, 7]), uneven([7, 3], 1)];
    const host = (x: tf.Tensor): HostTensor => ({
      dtype: 'float32',
      shape: x.shape,
      data: Float32Array.from(x.dataSync()),
    });
    const { c } = await program.run('product', { a: host(a), b: host(b) });
    expect([...c!.data]).toEqual([...product(a, b).dataSync()]);
    program.dispose();
  });
});
