import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import {
  gatherRows,
  gelu,
  layerNorm,
  sparseSoftmaxCrossEntropy,
  startBackend,
  sumRows,
} from '../../src/index.js';
import { distance, uneven } from '../finite-difference.js';

const ids = (): tf.Tensor1D => tf.tensor1d([6, 0, 6, 3, 1], 'int32');

const ops: Record<string, (x: tf.Tensor2D) => tf.Tensor> = {
  gatherRows: (x) => gatherRows(x, ids()),
  sumRows: (x) => sumRows(x, tf.tensor1d([6, 0, 6, 3, 1, 2, 2, 2, 5], 'int32'), 8),
  sparseSoftmaxCrossEntropy: (x) =>
    sparseSoftmaxCrossEntropy(x, tf.tensor1d([6, 0, 6, 3, 1, 2, 2, 2, 5], 'int32')),
  gelu: (x) => gelu(x),
  layerNorm: (x) => layerNorm(x, uneven([7], 1), uneven([7], 2), 1e-5),
};

// Value and gradient of each operation, on one backend.
async function evaluate(backend: 'tensorflow' | 'wasm' | 'cpu'): Promise<Map<string, number[]>> {
  await startBackend({ backend });
  const results = new Map<string, number[]>();
  for (const [name, op] of Object.entries(ops)) {
    const x = uneven([9, 7]) as tf.Tensor2D;
    const gradient = tf.grad((input) => tf.sum(tf.square(op(input as tf.Tensor2D))))(x);
    results.set(name, [...(await op(x).data()), ...(await gradient.data())]);
  }
  return results;
}

it("every composed fallback gives the raw operation's values and gradients", async () => {
  const raw = await evaluate('tensorflow');
  for (const backend of ['wasm', 'cpu'] as const) {
    const composed = await evaluate(backend);
    for (const [name, values] of raw) {
      expect(distance(composed.get(name)!, values), `${name} on ${backend}`).toBeLessThan(1e-5);
    }
  }
});

it('no operation leaves tensors behind', async () => {
  await startBackend({ backend: 'tensorflow' });
  const x = uneven([9, 7]) as tf.Tensor2D;
  const step = (): void => {
    for (const op of Object.values(ops)) {
      tf.tidy(() => void tf.grad((input) => tf.sum(op(input as tf.Tensor2D)))(x));
    }
  };
  step();
  const { numTensors, numDataBuffers } = tf.memory();
  for (let i = 0; i < 20; i++) step();
  expect(tf.memory().numTensors).toBe(numTensors);
  expect(tf.memory().numDataBuffers).toBe(numDataBuffers);
});
