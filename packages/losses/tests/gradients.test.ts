import { createProgram, sessionAddonProblem, type HostTensors } from '@reelbert/compiler';
import { startBackend } from '@reelbert/engine';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';

import { distance, gradients } from './finite-difference.js';
import { lossCases } from './losses.js';

await startBackend();
const compiles = tf.getBackend() === 'tensorflow' && sessionAddonProblem() === undefined;

describe.each(lossCases())('$name', ({ inputs, differentiable, loss }) => {
  test.each(differentiable)('the gradient of %s is that of finite differences', (name) => {
    const { analytic, numeric } = gradients((x) => loss({ ...inputs, [name]: x }), inputs[name]!);
    expect(distance(analytic, numeric)).toBeLessThan(3e-3);
  });

  test.runIf(compiles)('is the same compiled as op by op, gradients included', async () => {
    const batch: HostTensors = Object.fromEntries(
      Object.entries(inputs).map(([name, tensor]) => {
        const data = tensor.dataSync() as Float32Array | Int32Array;
        return [name, { dtype: tensor.dtype as 'float32' | 'int32', shape: tensor.shape, data }];
      }),
    );
    const [compiled, eager] = await Promise.all(
      (['compiled', 'eager'] as const).map(async (mode) => {
        const program = createProgram({ mode });
        program.define('loss', (given) => {
          const at = differentiable.map((name) => given[name]!);
          const { value, grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) =>
            loss({ ...given, ...Object.fromEntries(differentiable.map((name, i) => [name, tensors[i]!])) }),
          )(at);
          return { loss: value, ...Object.fromEntries(differentiable.map((name, i) => [name, grads[i]!])) };
        });
        const result = await program.run('loss', batch);
        program.dispose();
        return result;
      }),
    );
    for (const [name, { data }] of Object.entries(eager!)) {
      expect(distance(Array.from(compiled![name]!.data), Array.from(data)), name).toBeLessThan(1e-5);
    }
  });
});
