import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import {
  attend,
  biasAdd,
  dropout,
  dropoutAdd,
  gatherRows,
  gelu,
  KeyStream,
  layerNorm,
  matMul,
  quickGelu,
  sparseSoftmaxCrossEntropy,
  startBackend,
  sumOfSquares,
  sumRows,
  zeroUnless,
} from '../../src/index.js';
import { distance, uneven } from '../finite-difference.js';

const ids = (): tf.Tensor1D => tf.tensor1d([6, 0, 6, 3, 1], 'int32');

const keys = (): KeyStream => new KeyStream(tf.tensor1d([5, 8], 'int32'));

// x as queries, keys and values of three heads, one key hidden
function attendTo(x: tf.Tensor2D): tf.Tensor {
  const heads = tf.reshape(x, [1, 3, 3, 7]) as tf.Tensor4D;
  const mask = tf.tensor4d([0, -10_000, 0], [1, 1, 1, 3]);
  return attend(heads, heads, heads, mask, { dropoutRate: 0.3, keys: keys() });
}

const ops: Record<string, (x: tf.Tensor2D) => tf.Tensor> = {
  gatherRows: (x) => gatherRows(x, ids()),
  sumRows: (x) => sumRows(x, tf.tensor1d([6, 0, 6, 3, 1, 2, 2, 2, 5], 'int32'), 8),
  sparseSoftmaxCrossEntropy: (x) =>
    sparseSoftmaxCrossEntropy(x, tf.tensor1d([6, 0, 6, 3, 1, 2, 2, 2, 5], 'int32')),
  gelu: (x) => gelu(x),
  quickGelu: (x) => quickGelu(x),
  attend: attendTo,
  biasAdd: (x) => biasAdd(x, uneven([7], 1)),
  dropout: (x) => dropout(x, 0.3, keys()),
  dropoutAdd: (x) => dropoutAdd(x, tf.mul(x, 2), 0.3, keys()),
  matMul: (x) => matMul(x, x, true),
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

it('what is done with gradients gives the same on every backend', async () => {
  for (const backend of ['tensorflow', 'wasm', 'cpu'] as const) {
    await startBackend({ backend });
    const x = tf.tensor1d([3, Infinity, -4]);
    expect(sumOfSquares(tf.tensor1d([3, 0, -4])).dataSync()[0], backend).toBe(25);
    expect([...zeroUnless(tf.scalar(false, 'bool'), x).dataSync()], backend).toEqual([0, 0, 0]);
    expect([...zeroUnless(tf.scalar(true, 'bool'), x).dataSync()], backend).toEqual([3, Infinity, -4]);
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
