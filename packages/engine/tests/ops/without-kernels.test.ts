import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import {
  attend,
  dropout,
  dropoutAdd,
  gelu,
  KeyStream,
  layerNorm,
  quickGelu,
  startBackend,
  zeroUnless,
} from '../../src/index.js';
import { kernelsProblem } from '../../src/kernels.js';
import { distance, gradients, uneven } from '../finite-difference.js';

// As on a GPU, where TensorFlow has no operations but its own. In a process by itself: they can't be taken back.
process.env['REELBERT_KERNELS'] = 'off';

const key = (): KeyStream => new KeyStream(tf.tensor1d([5, 8], 'int32'));
const heads = (x: tf.Tensor): tf.Tensor4D => tf.reshape(x, [1, 2, 2, 3]);
const hidden = (): tf.Tensor4D => tf.tensor4d([0, -10_000, 0, 0], [1, 1, 2, 2]);

const ops: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  gelu,
  quickGelu,
  layerNorm: (x) => layerNorm(x, uneven([4], 1), uneven([4], 2), 1e-5),
  dropout: (x) => dropout(x, 0.3, key()),
  dropoutAdd: (x) => dropoutAdd(x, tf.mul(x, 2), 0.3, key()),
  attend: (x) => attend(heads(x), heads(x), heads(x), hidden(), { dropoutRate: 0.3, keys: key() }),
};

it.each(Object.keys(ops))('%s has the gradient that finite differences give', async (name) => {
  const { backend } = await startBackend({ backend: 'tensorflow' });
  expect([backend, kernelsProblem()]).toEqual(['tensorflow', 'REELBERT_KERNELS is off']);
  const { analytic, numeric } = await gradients(ops[name]!, uneven([3, 4]));
  expect(distance(analytic, numeric)).toBeLessThan(2e-3);
});

it('zeros take the place of what is not finite', () => {
  expect([...zeroUnless(tf.scalar(false, 'bool'), tf.tensor1d([NaN, 1])).dataSync()]).toEqual([0, 0]);
});
