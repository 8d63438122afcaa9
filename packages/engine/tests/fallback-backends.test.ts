import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { startBackend } from '../src/index.js';

// A process of its own, in which TensorFlow was never loaded: it would bring gradients along.
it.each(['wasm', 'cpu'] as const)('%s alone computes gradients of ordinary operations', async (backend) => {
  await startBackend({ backend });
  const gradient = tf.grad((x) => tf.mean(tf.square(x)))(tf.tensor1d([1, 2, 3, 4]));
  expect(Array.from(await gradient.data())).toEqual([0.5, 1, 1.5, 2]);
  expect(tf.findBackend('tensorflow')).toBeNull();
});
