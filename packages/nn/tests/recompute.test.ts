import { createProgram, peakMemory, type HostTensor } from '@reelbert/compiler';
import { KeyStream, startBackend, withComputation } from '@reelbert/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import { additiveMask, BertEncoder, ParameterStore } from '../src/index.js';

const config = {
  hiddenSize: 16,
  numHiddenLayers: 4,
  numAttentionHeads: 2,
  intermediateSize: 64,
  maxPositionEmbeddings: 8,
  typeVocabSize: 2,
  layerNormEps: 1e-12,
  hiddenDropoutProb: 0.1,
  attentionProbsDropoutProb: 0.1,
  initializerRange: 0.2,
  padTokenId: 0,
  addPoolingLayer: false,
};
const [rows, tokens] = [4, 64];
const x: HostTensor = {
  dtype: 'float32',
  shape: [rows, tokens, config.hiddenSize],
  data: Float32Array.from({ length: rows * tokens * config.hiddenSize }, (_, i) => Math.sin(1.7 * i)),
};
const mask: HostTensor = {
  dtype: 'int32',
  shape: [rows, tokens],
  data: Int32Array.from({ length: rows * tokens }, (_, i) => Number(i % 9 > 0)),
};
const key: HostTensor = { dtype: 'int32', shape: [2], data: Int32Array.from([3, 4]) };

// Loss and gradients of an encoder, dropout included, and how they were computed.
async function gradientsOf(computation: Parameters<typeof withComputation>[0], mode: 'compiled' | 'eager') {
  const store = new ParameterStore();
  const encoder = new BertEncoder(store, 'encoder.', config);
  const program = createProgram({ mode });
  const variables = [...store.specs.values()].map(({ name, shape }) => program.variable(name, shape));
  await program.write(store.initialState(1));
  program.define('step', ({ x, mask, key }) => {
    const values = new Map(variables.map((variable) => [variable.name, variable.read()]));
    const keys = new KeyStream(key!);
    const loss = () => {
      const states = encoder.forward(x as tf.Tensor3D, additiveMask(mask!), keys);
      return tf.mean(tf.square(tf.sub(states, 1)));
    };
    return withComputation(computation, () => {
      const { value, grads } = tf
        .engine()
        .gradients(() => store.bind(values, loss), [...values.values()], undefined, true);
      return { loss: value, ...Object.fromEntries([...values.keys()].map((name, i) => [name, grads[i]!])) };
    });
  });
  const outputs = await program.run('step', { x, mask, key });
  const records = mode === 'compiled' ? await program.profile('step', { x, mask, key }) : [];
  program.dispose();
  return { outputs, bytes: peakMemory(records).bytes };
}

beforeAll(() => startBackend({ backend: 'tensorflow' }));

describe.each(['attention', 'layers'] as const)('computing %s again for the gradient', (part) => {
  it.each(['compiled', 'eager'] as const)('gives the same loss and gradients (%s)', async (mode) => {
    const kept = await gradientsOf({}, mode);
    const again = await gradientsOf({ [part]: 'recompute' }, mode);
    expect(Object.keys(again.outputs)).toEqual(Object.keys(kept.outputs));
    for (const [name, { data }] of Object.entries(kept.outputs)) {
      const largest = Math.max(1e-3, ...Array.from(data, Math.abs));
      data.forEach((value, i) => {
        expect(Math.abs(again.outputs[name]!.data[i]! - value) / largest, name).toBeLessThan(1e-5);
      });
    }
  });

  it('takes less memory', async () => {
    const kept = await gradientsOf({}, 'compiled');
    const again = await gradientsOf({ [part]: 'recompute' }, 'compiled');
    expect(again.bytes).toBeLessThan(0.9 * kept.bytes);
  });
});
