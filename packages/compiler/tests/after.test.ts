import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-node-gpu';
import { expect, it } from 'vitest';

import { after, createProgram, type HostTensor } from '../src/index.js';

const x: HostTensor = { dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) };
const product = (a: tf.Tensor): tf.Tensor => tf.matMul(a, a);

// How many matrix products the graph computes of a function that takes one, and again one in its gradient.
async function products(again: (input: tf.Tensor, dy: tf.Tensor) => tf.Tensor): Promise<number> {
  const program = createProgram({ mode: 'compiled' });
  const squaredProduct = tf.customGrad(
    (input: tf.Tensor | tf.GradSaveFunc, save: tf.Tensor | tf.GradSaveFunc) => {
      (save as tf.GradSaveFunc)([input as tf.Tensor]);
      return {
        value: tf.square(product(input as tf.Tensor)),
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, product(again(saved[0]!, dy))),
      };
    },
  );
  program.define('f', ({ x }) =>
    tf.valueAndGrad((input: tf.Tensor) => tf.sum(tf.square(squaredProduct(input))))(x!),
  );
  const records = await program.profile('f', { x });
  program.dispose();
  return records.filter(({ op }) => op.includes('MatMul')).length;
}

it('what is computed after the gradient is there is computed a second time', async () => {
  expect(await products((input) => input)).toBe(1);
  expect(await products(after)).toBe(2);
});

it('op by op it is the tensor itself', () => {
  expect([...after(tf.tensor1d([1, 2]), tf.scalar(0)).dataSync()]).toEqual([1, 2]);
});
