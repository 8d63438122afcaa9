// What all layers have in common: right gradients, and the same results recorded as op by op.
import { createProgram, sessionAddonProblem, type HostTensor } from '@reelbert/compiler';
import { startBackend } from '@reelbert/engine';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';

import { layerCases, type LayerCase } from './layer-cases.js';
import { toTensors, uneven, unevenState } from './tensors.js';

await startBackend();
const compiles = tf.getBackend() === 'tensorflow' && sessionAddonProblem() === undefined;

type Tensors = Readonly<Record<string, tf.Tensor>>;

const isReal = (tensor: tf.Tensor) => tensor.dtype === 'float32';

/** An uneven sum of a layer's outputs as a function of its parameters and real inputs, by name. */
function scalarOf({ store, inputs, forward }: LayerCase, at: Tensors): tf.Scalar {
  const values = new Map([...store.specs.keys()].map((name) => [name, at[name]!]));
  const output = store.bind(values, () => forward({ ...inputs, ...at }));
  return tf.sum(tf.mul(output, uneven(output.shape, 4)));
}

function differentiated({ store, inputs }: LayerCase): Record<string, tf.Tensor> {
  const real = Object.entries(inputs).filter(([, tensor]) => isReal(tensor));
  return { ...Object.fromEntries(toTensors(unevenState(store))), ...Object.fromEntries(real) };
}

function gradientsOf(layer: LayerCase, at: Tensors): Record<string, tf.Tensor> {
  const names = Object.keys(at);
  const inside = (...tensors: tf.Tensor[]) =>
    scalarOf(layer, Object.fromEntries(names.map((name, i) => [name, tensors[i]!])));
  const found = tf.grads(inside)(Object.values(at));
  return Object.fromEntries(names.map((name, i) => [name, found[i]!]));
}

const norm = (values: ArrayLike<number>) => Math.hypot(...Array.from(values));

describe.each(layerCases())('$name', (layer) => {
  test('gradients of parameters and inputs are those of finite differences', () => {
    const at = differentiated(layer);
    const step = 1e-2;
    for (const [name, gradient] of Object.entries(gradientsOf(layer, at))) {
      const towards = tf.sign(uneven(gradient.shape, 2));
      const length = Math.sqrt(gradient.size);
      const value = (by: number) => {
        const moved = tf.add(at[name]!, tf.mul(towards, by / length));
        return scalarOf(layer, { ...at, [name]: moved }).dataSync()[0]!;
      };
      const numeric = (value(step) - value(-step)) / (2 * step);
      const analytic = tf.div(tf.sum(tf.mul(gradient, towards)), length).dataSync()[0]!;
      const scale = norm(gradient.dataSync());
      expect(Math.abs(numeric - analytic), `${name}: ${numeric}, ${analytic}`).toBeLessThan(
        0.01 * scale + 3e-3,
      );
    }
  });

  test.runIf(compiles)('is the same compiled as op by op, gradients included', async () => {
    const real = differentiated(layer);
    const given: Record<string, HostTensor> = {};
    for (const [name, tensor] of Object.entries({ ...layer.inputs, ...real })) {
      const data = tensor.dataSync() as Float32Array | Int32Array;
      given[name] = { dtype: tensor.dtype as 'float32' | 'int32', shape: tensor.shape, data };
    }
    const results = (['compiled', 'eager'] as const).map(async (mode) => {
      const program = createProgram({ mode });
      program.define('layer', (inputs) => {
        const at = Object.fromEntries(Object.keys(real).map((name) => [name, inputs[name]!]));
        const recorded = { ...layer, inputs };
        return { ...gradientsOf(recorded, at), value: scalarOf(recorded, at) };
      });
      const found = await program.run('layer', given);
      program.dispose();
      return found;
    });
    const [compiled, eager] = await Promise.all(results);
    for (const [name, { data }] of Object.entries(eager!)) {
      if (name.endsWith('key.bias')) {
        // Softmax ignores what shifts all scores of a query alike: this gradient is rounding errors of the weight's.
        const rounding = 1e-5 * norm(eager![name.replace('bias', 'weight')]!.data);
        for (const found of [data, compiled![name]!.data]) expect(norm(found), name).toBeLessThan(rounding);
        continue;
      }
      const difference = norm(data.map((value, i) => value - compiled![name]!.data[i]!));
      expect(difference, name).toBeLessThanOrEqual(1e-5 * norm(data) + 1e-6);
    }
  });
});
