import { createProgram, sessionAddonProblem } from '@reelbert/compiler';
import type { NdArrays } from '@reelbert/data';
import { KeyStream, startBackend } from '@reelbert/engine';
import { ParameterStore, type Task } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';

import { LxmertForClassification, LxmertForPretraining, type LxmertConfig } from '../src/index.js';
import { expectClose } from './golden.js';
import { int32, tiny, tinyBatch } from './tensors.js';

const { backend } = await startBackend();
const compiles = backend === 'tensorflow' && sessionAddonProblem() === undefined;

const withDropout: LxmertConfig = {
  ...tiny,
  text: { ...tiny.text, hiddenDropoutProb: 0.2, attentionProbsDropoutProb: 0.2 },
};
const tasks: Record<string, () => { task: Task; batch: NdArrays }> = {
  classification: () => ({
    task: new LxmertForClassification(new ParameterStore(), withDropout, { classes: 6 }),
    batch: tinyBatch(),
  }),
  pretraining: () => ({
    task: new LxmertForPretraining(new ParameterStore(), withDropout),
    batch: {
      ...tinyBatch(),
      textPositions: int32([3], [1, 8, 0]),
      textLabels: int32([3], [7, 11, 0]),
      mlmWeights: { dtype: 'float32', shape: [3], data: Float32Array.of(1, 1, 0) },
    },
  }),
};

/** The loss on a batch and the gradients of some parameters, with each of the keys. */
async function run(mode: 'compiled' | 'eager', name: string, ...keys: readonly (readonly number[])[]) {
  const { task, batch } = tasks[name]!();
  const program = createProgram({ mode });
  const variables = [...task.parameters.specs.values()].map((spec) =>
    program.variable(spec.name, spec.shape),
  );
  program.define('gradients', ({ key, ...inputs }) => {
    const values = new Map(variables.map((variable) => [variable.name, variable.read()]));
    const names = [...values.keys()].filter((parameter) =>
      /cls_token|word_embeddings|x_layers.0.*att\..*weight|x_layers.1.lang/.test(parameter),
    );
    const { value, grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) => {
      const bound = new Map(values);
      names.forEach((parameter, i) => bound.set(parameter, tensors[i]!));
      return task.parameters.bind(bound, () => task.loss(inputs, new KeyStream(key!)).loss);
    })(names.map((parameter) => values.get(parameter)!));
    return { loss: value, ...Object.fromEntries(names.map((parameter, i) => [parameter, grads[i]!])) };
  });
  await program.write(task.parameters.initialState(5));
  const outputs: NdArrays[] = [];
  for (const key of keys) {
    outputs.push(await program.run('gradients', { ...batch, key: int32([2], key) }));
  }
  program.dispose();
  return outputs;
}

describe.runIf(compiles).each(Object.keys(tasks))('%s compiled', (name) => {
  it('has the loss and gradients that it has op by op, dropout included', async () => {
    const [compiled, otherKey] = await run('compiled', name, [3, 4], [3, 5]);
    const [eager] = await run('eager', name, [3, 4]);
    expect(Object.keys(compiled!).length).toBeGreaterThan(10);
    for (const [output, { data }] of Object.entries(eager!)) {
      expectClose(output, compiled![output]!.data, data, 1e-5, 1e-7);
    }
    expect(otherKey!.loss!.data[0]).not.toBe(compiled!.loss!.data[0]);
  });
});
