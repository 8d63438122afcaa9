import { createProgram, sessionAddonProblem } from '@reelbert/compiler';
import { Random, type NdArray, type NdArrays } from '@reelbert/data';
import { startBackend } from '@reelbert/engine';
import { ParameterStore } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import {
  contrastiveConfigSchema,
  ContrastiveModel,
  referenceContrast,
  type ContrastiveConfig,
} from '../src/index.js';
import { expectClose, toTensor } from './golden.js';

const sound = contrastiveConfigSchema.parse({
  vision: {
    hiddenSize: 8,
    numHiddenLayers: 1,
    numAttentionHeads: 2,
    intermediateSize: 12,
    imageSize: 4,
    patchSize: 2,
  },
  text: {
    vocabSize: 11,
    hiddenSize: 8,
    numHiddenLayers: 1,
    numAttentionHeads: 2,
    intermediateSize: 12,
    maxPositionEmbeddings: 6,
  },
});
const reference = contrastiveConfigSchema.parse({ ...sound, ...referenceContrast });

beforeAll(async () => void (await startBackend()));

// Four rows: text of 6, 5, 4, 3 tokens; 2 frames, the second of the last row being padding.
function makeBatch(): NdArrays {
  const random = new Random('batch');
  const mask = Array.from({ length: 4 }, (_, row) =>
    Array.from({ length: 6 }, (_, token) => Number(token < 6 - row)),
  );
  const int32 = (shape: number[], data: number[]): NdArray => ({
    dtype: 'int32',
    shape,
    data: Int32Array.from(data),
  });
  const pixels = Float32Array.from({ length: 4 * 2 * 4 * 4 * 3 }, () => random.normal());
  pixels.fill(0, 7 * 48);
  return {
    inputIds: int32(
      [4, 6],
      mask.flat().map((real) => real * (1 + random.integer(10))),
    ),
    textMask: int32([4, 6], mask.flat()),
    pixels: { dtype: 'float32', shape: [4, 2, 4, 4, 3], data: pixels },
    frameMask: int32([4, 2], [1, 1, 1, 1, 1, 1, 1, 0]),
  };
}

function makeModel(config: ContrastiveConfig, logitScale?: number) {
  const model = new ContrastiveModel(new ParameterStore(), config);
  const state = model.parameters.initialState(5);
  if (logitScale !== undefined) state['model_clip.logit_scale']!.data[0] = logitScale;
  const values = new Map(Object.entries(state).map(([name, value]) => [name, toTensor(value)]));
  const run = <T>(body: (model: ContrastiveModel) => T): T =>
    model.parameters.bind(values, () => body(model));
  const loss = (batch: NdArrays): number => run(() => model.loss(tensors(batch), null)).loss.dataSync()[0]!;
  return { model, state, run, loss };
}

function tensors(batch: NdArrays): Record<string, tf.Tensor> {
  return Object.fromEntries(Object.entries(batch).map(([name, value]) => [name, toTensor(value)]));
}

function edited(batch: NdArrays, field: string, edit: (data: NdArray['data']) => void): NdArrays {
  const copy = batch[field]!.data.slice();
  edit(copy);
  return { ...batch, [field]: { ...batch[field]!, data: copy } };
}

const int32 = (...data: number[]): NdArray => ({
  dtype: 'int32',
  shape: [data.length],
  data: Int32Array.from(data),
});

describe('the contrastive model', () => {
  it('refuses encoders of different widths', () => {
    const text = { ...sound.text, hiddenSize: 16 };
    expect(() => contrastiveConfigSchema.parse({ ...sound, text })).toThrow(/vision tower's hiddenSize/);
  });

  it('starts at the scale 14.2857', () => {
    const scale = makeModel(sound)
      .run((model) => model.scale())
      .dataSync()[0];
    expect(scale).toBeCloseTo(14.2857, 4);
  });

  it('bounds the scale by 100, unless told not to as the reference', () => {
    expect(
      makeModel(sound, 6)
        .run((model) => model.scale())
        .dataSync()[0],
    ).toBe(100);
    expect(
      makeModel(reference, 6)
        .run((model) => model.scale())
        .dataSync()[0],
    ).toBeCloseTo(Math.exp(6), 2);
  });

  it('has a loss of ln 4 when all of four videos look and read the same', () => {
    const batch = makeBatch();
    const same = (field: string) => (data: NdArray['data']) => {
      const row = batch[field]!.data.length / 4;
      for (let i = row; i < data.length; i++) data[i] = data[i % row]!;
    };
    const equal = ['inputIds', 'textMask', 'pixels', 'frameMask'].reduce(
      (b, field) => edited(b, field, same(field)),
      batch,
    );
    expect(makeModel(sound).loss(equal)).toBeCloseTo(Math.log(4), 5);
  });

  it('does not see padding, except with the choices of the reference', () => {
    const batch = makeBatch();
    const padded = edited(
      edited(batch, 'inputIds', (ids) => void (ids[23] = 7)),
      'pixels',
      (pixels) => (pixels as Float32Array).fill(1, 7 * 48),
    );
    const { loss } = makeModel(sound);
    expect(loss(padded)).toBeCloseTo(loss(batch), 5);
    const unmasked = makeModel(reference).loss;
    expect(Math.abs(unmasked(padded) - unmasked(batch))).toBeGreaterThan(1e-4);
  });

  it('takes rows of one group out of each other’s negatives', () => {
    const { loss } = makeModel(sound);
    const batch = makeBatch();
    expect(loss({ ...batch, groups: int32(1, 2, 3, 4) })).toBeCloseTo(loss(batch), 5);
    expect(loss({ ...batch, groups: int32(1, 1, 3, 4) })).toBeLessThan(loss(batch));
    expect(loss({ ...batch, groups: int32(1, 1, 1, 1) })).toBeCloseTo(0, 6);
  });

  it('leaves rows out that the row mask leaves out', () => {
    const { loss } = makeModel(sound);
    const batch: NdArrays = { ...makeBatch(), rowMask: int32(1, 1, 1, 0) };
    const other = edited(batch, 'pixels', (pixels) => (pixels as Float32Array).fill(2, 6 * 48, 7 * 48));
    expect(loss(other)).toBeCloseTo(loss(batch), 6);
    expect(loss(batch)).not.toBeCloseTo(loss(makeBatch()), 3);
  });

  it('stays finite for a video without frames and a text without tokens', () => {
    const bare = edited(
      edited(makeBatch(), 'frameMask', (mask) => mask.fill(0)),
      'textMask',
      (mask) => mask.fill(0, 0, 6),
    );
    const { model, state } = makeModel(sound);
    const names = Object.keys(state);
    const gradients = tf.grads((...at: tf.Tensor[]) =>
      model.parameters.bind(
        new Map(names.map((name, i) => [name, at[i]!])),
        () => model.loss(tensors(bare), null).loss,
      ),
    )(Object.values(state).map(toTensor));
    expect(gradients.every((gradient) => gradient.dataSync().every(Number.isFinite))).toBe(true);
  });

  it('gives the same loss and gradients compiled as op by op', async () => {
    if (sessionAddonProblem() !== undefined || tf.getBackend() !== 'tensorflow') return;
    const { model, state } = makeModel(sound);
    const batch = { ...makeBatch(), groups: int32(1, 1, 2, 3) };
    const run = async (mode: 'compiled' | 'eager') => {
      const program = createProgram({ mode });
      const variables = Object.entries(state).map(([name, { shape }]) => program.variable(name, shape));
      program.define('gradients', (inputs) => {
        const f = (...at: tf.Tensor[]): tf.Scalar => {
          const values = new Map(variables.map(({ name }, i) => [name, at[i]!]));
          return model.parameters.bind(values, () => model.loss(inputs, null).loss);
        };
        const { value, grads } = tf.valueAndGrads(f)(variables.map((variable) => variable.read()));
        return { loss: value, ...Object.fromEntries(grads.map((grad, i) => [variables[i]!.name, grad])) };
      });
      await program.write(state);
      const outputs = await program.run('gradients', batch);
      program.dispose();
      return outputs;
    };
    const [compiled, eager] = [await run('compiled'), await run('eager')];
    for (const [name, { data }] of Object.entries(eager))
      expectClose(name, compiled[name]!.data, data, 1e-4, 1e-6);
  });
});
