// Sequences packed into shared rows against the same ones in rows of their own, padded to full length.
import {
  chooseMasking,
  Random,
  type NdArray,
  type NdArrays,
  type PretrainingOptions,
  type PretrainingSample,
} from '@reelbert/data';
import { startBackend } from '@reelbert/engine';
import { ParameterStore } from '@reelbert/nn';
import type * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';

import { referencePreset, VisualBertForPretraining, type VisualBertConfigInput } from '../src/index.js';
import { allObjectives } from './golden-batches.js';
import { expectClose, expectRatio } from './golden.js';
import { gradientsOf, toTensors } from './running.js';
import { clips, collation, firstValues, frameDim, pretrainingBatch, smallConfig } from './small-model.js';

const { backend } = await startBackend();

const withoutFrames = { dtype: 'float32', shape: [0, frameDim], data: new Float32Array(0) } as const;

/** Clips of which some lack their frames, some a text; each with something to attend to. */
function patchyClips(count: number): PretrainingSample[] {
  return clips(count).map((clip, i) => {
    if (i % 4 === 1) return { ...clip, frames: withoutFrames };
    if (i % 8 === 3) return { ...clip, textIds: [], titleIds: [] };
    return i % 8 === 6 ? { ...clip, bodyIds: [] } : clip;
  });
}

function makeModel(preset: Partial<VisualBertConfigInput> = {}) {
  const store = new ParameterStore();
  const model = new VisualBertForPretraining(store, smallConfig(preset), allObjectives);
  return { store, model, values: firstValues(store) };
}

function array(tensor: tf.Tensor): NdArray {
  return { dtype: 'float32', shape: tensor.shape, data: tensor.dataSync<'float32'>() };
}

describe.each([
  ['sound', {}, { permuteTargets: true }],
  ['reference', referencePreset, { permuteTargets: false }],
] as const)('packed rows (%s)', (_name, preset, changes) => {
  // No clip without text gets the video of one without frames.
  const samples = patchyClips(24);
  const options = { ...collation, ...changes, probabilities: { mfm: 0.4 } };
  const choices = chooseMasking(samples, options, new Random('masking'));

  function learn(packing: NonNullable<PretrainingOptions['packing']>) {
    const { store, model, values } = makeModel(preset);
    const tensors = toTensors(pretrainingBatch(samples, { ...options, packing }, choices));
    const { loss, parts } = store.bind(values, () => model.loss(tensors, null));
    const gradients = gradientsOf(store, values, () => model.loss(tensors, null).loss);
    const losses: Record<string, tf.Scalar> = { ...parts, total: loss };
    return { rows: tensors.tokenIds!.shape[0]!, losses, gradients };
  }

  test('hold frames to score at places without any where targets do not follow their videos', () => {
    const { mfmQueryWeights, mfmQueryMask } = pretrainingBatch(samples, options, choices);
    const lost = mfmQueryWeights!.data.filter((weight, i) => weight === 1 && mfmQueryMask!.data[i] === 0);
    expect(lost.length > 0).toBe(!changes.permuteTargets);
  });

  test('give the losses and gradients of one sequence a row', () => {
    const [packed, apart] = [learn('packed'), learn('one-a-row')];
    expect(apart.rows).toBe(72);
    expect(packed.rows).toBeLessThan(50);
    for (const [name, loss] of Object.entries(apart.losses)) {
      const [found, wanted] = [packed.losses[name]!, loss].map((scalar) => scalar.dataSync()[0]!);
      expect(wanted, name).toBeGreaterThan(0);
      expectRatio(name, found!, wanted!, 1e-5);
    }
    expect(Object.keys(packed.gradients)).toEqual(Object.keys(apart.gradients));
    for (const [name, gradient] of Object.entries(apart.gradients)) {
      // The bias of keys has no gradient but rounding.
      const tolerance = { relative: 1e-4, absolute: 1e-6 };
      expectClose(name, array(packed.gradients[name]!), array(gradient), tolerance);
    }
  });
});

test('what a sequence’s states are does not depend on its neighbours in the row', () => {
  const { store, model, values } = makeModel();
  const objectives = { ...allObjectives, itm: false, mmm: false };
  const states = (samples: readonly PretrainingSample[]) => {
    const batch = pretrainingBatch(samples, { objectives, probabilities: { mlm: 0, mfm: 0 } });
    const found = store.bind(values, () => model.encode(toTensors(batch), null));
    return { batch, found: array(found) };
  };
  const samples = patchyClips(6);
  const before = states(samples);
  const others = clips(6, 2); // other lengths, and so other rows
  const after = states([samples[0]!, samples[1]!, ...others.slice(2, 5), samples[5]!]);
  expect([...after.batch.sequences!.data]).not.toEqual([...before.batch.sequences!.data]);
  for (const sample of [0, 1, 5]) {
    for (const number of [1 + sample, 7 + sample, 13 + sample]) {
      const [found, wanted] = [ofSequence(after, number), ofSequence(before, number)];
      expectClose(`states of sequence ${number}`, found, wanted, { absolute: 1e-5 });
    }
  }
});

test.runIf(backend === 'tensorflow')(
  'packed rows give the same losses and gradients on every backend',
  async () => {
    const batch = pretrainingBatch(patchyClips(16));
    const on = async (other: 'tensorflow' | 'wasm' | 'cpu') => {
      await startBackend({ backend: other });
      const { store, model, values } = makeModel();
      const tensors = toTensors(batch);
      const { loss } = store.bind(values, () => model.loss(tensors, null));
      const gradients = gradientsOf(store, values, () => model.loss(tensors, null).loss);
      return Object.fromEntries(Object.entries({ loss, ...gradients }).map(([name, x]) => [name, array(x)]));
    };
    const raw = await on('tensorflow');
    for (const other of ['wasm', 'cpu'] as const) {
      const composed = await on(other);
      for (const [name, wanted] of Object.entries(raw)) {
        expectClose(`${name} on ${other}`, composed[name]!, wanted, { relative: 1e-4, absolute: 1e-5 });
      }
    }
  },
);

/** The states of one sequence, `[tokens, hidden]`. */
function ofSequence({ batch, found }: { batch: NdArrays; found: NdArray }, number: number): NdArray {
  const hidden = found.shape[2]!;
  const slots = [...batch.sequences!.data.keys()].filter((slot) => batch.sequences!.data[slot] === number);
  const data = slots.flatMap((slot) => [...found.data.subarray(slot * hidden, (slot + 1) * hidden)]);
  return { dtype: 'float32', shape: [slots.length, hidden], data: Float32Array.from(data) };
}
