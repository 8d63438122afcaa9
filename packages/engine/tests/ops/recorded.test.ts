import * as tf from '@tensorflow/tfjs-core';
import { createProgram, type HostTensor } from '@reelbert/compiler';
import { beforeAll, expect, it } from 'vitest';
import {
  KeyStream,
  dropout,
  gatherRows,
  gelu,
  layerNorm,
  randomNormal,
  randomUniform,
  sparseSoftmaxCrossEntropy,
  startBackend,
} from '../../src/index.js';
import { distance } from '../finite-difference.js';

const float = (shape: number[], phase = 0): HostTensor => {
  const size = shape.reduce((product, length) => product * length, 1);
  const data = Float32Array.from({ length: size }, (_value, index) => 1.5 * Math.sin(1.7 * index + phase));
  return { dtype: 'float32', shape, data };
};
const int = (values: number[], shape = [values.length]): HostTensor => ({
  dtype: 'int32',
  shape,
  data: Int32Array.from(values),
});

const inputs = {
  table: float([9, 6]),
  gamma: float([6], 1),
  beta: float([6], 2),
  ids: int([8, 0, 3, 3, 1, 8], [2, 3]),
  labels: int([5, 0, 2, 2, 1, 4]),
  key: int([7, 11]),
};

// Every operation once, and the gradients of all that can be learned.
function everyOperation(given: Readonly<Record<string, tf.Tensor>>): Record<string, tf.Tensor> {
  const { table, gamma, beta, ids, labels, key } = given as Record<keyof typeof inputs, tf.Tensor>;
  const loss = (rows: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor): tf.Scalar => {
    const keys = new KeyStream(key);
    const embedded = dropout(gatherRows(rows as tf.Tensor2D, ids), 0.3, keys); // [2, 3, 6]
    const logits = tf.reshape(dropout(gelu(layerNorm(embedded, scale, shift, 1e-5)), 0.3, keys), [6, 6]);
    return tf.mean(sparseSoftmaxCrossEntropy(logits as tf.Tensor2D, labels as tf.Tensor1D));
  };
  const { value, grads } = tf.valueAndGrads(loss as (...args: tf.Tensor[]) => tf.Scalar)([
    table,
    gamma,
    beta,
  ]);
  const drawn = { uniform: randomUniform([3, 4], key), normal: randomNormal([5], key) };
  return { loss: value, dTable: grads[0]!, dGamma: grads[1]!, dBeta: grads[2]!, ...drawn };
}

async function runIn(mode: 'compiled' | 'eager'): Promise<Record<string, HostTensor>> {
  const program = createProgram({ mode });
  try {
    program.define('step', everyOperation);
    return await program.run('step', inputs);
  } finally {
    program.dispose();
  }
}

beforeAll(() => startBackend({ backend: 'tensorflow' }));

it('recorded as a graph, every operation gives what it gives op by op, gradients and random numbers included', async () => {
  const eager = await runIn('eager');
  const compiled = await runIn('compiled');
  expect(Object.keys(compiled).sort()).toEqual(Object.keys(eager).sort());
  for (const [name, { shape, data }] of Object.entries(eager)) {
    expect(compiled[name]!.shape, name).toEqual(shape);
    expect(distance(compiled[name]!.data, data), name).toBeLessThan(1e-5);
  }
});
