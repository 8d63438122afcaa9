import { chooseMasking, Random, type NdArrays, type PretrainingOptions } from '@reelbert/data';
import { startBackend } from '@reelbert/engine';
import { ParameterStore } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

import {
  referencePreset,
  VisualBertForPretraining,
  type PretrainingObjectiveSwitches,
  type VisualBertConfigInput,
} from '../src/index.js';
import { allObjectives } from './golden-batches.js';
import { expectClose } from './golden.js';
import { BoundProgram, gradientsOf, programModes, toTensors } from './running.js';
import { clips, collation, firstValues, frameDim, pretrainingBatch, smallConfig } from './small-model.js';

const modes = await programModes();
beforeAll(async () => void (await startBackend()));

function makeModel(
  config: Partial<VisualBertConfigInput> = {},
  objectives: PretrainingObjectiveSwitches = allObjectives,
) {
  const store = new ParameterStore();
  const model = new VisualBertForPretraining(store, smallConfig(config), objectives);
  const values = firstValues(store);
  const losses = (batch: NdArrays) => {
    const { loss, parts } = store.bind(values, () => model.loss(toTensors(batch), null));
    const all = Object.entries({ ...parts, total: loss }).map(([name, value]) => [
      name,
      value.dataSync()[0]!,
    ]);
    return Object.fromEntries(all) as Record<string, number>;
  };
  const gradients = (batch: NdArrays) => {
    const tensors = toTensors(batch);
    return gradientsOf(store, values, () => model.loss(tensors, null).loss);
  };
  return { store, model, values, losses, gradients };
}

function expectNear(found: Record<string, number>, expected: Record<string, number>): void {
  expect(Object.keys(found)).toEqual(Object.keys(expected));
  for (const [name, value] of Object.entries(expected)) {
    expect(Math.abs(found[name]! / value - 1), `${name}: ${found[name]}, not ${value}`).toBeLessThan(1e-5);
  }
}

const presets = [
  ['sound', {}],
  ['reference', referencePreset],
] as const;

describe.each(presets)('padding (%s)', (_name, preset) => {
  const samples = clips(16);
  const choices = chooseMasking(samples, collation, new Random('masking'));
  const packing = 'one-a-row'; // rows that are padded to full length

  test('of the text changes no loss', () => {
    const { losses } = makeModel(preset);
    const textLength = 8; // the longest text's
    const trim = (values: ArrayLike<number>) =>
      Array.from(values).filter((_, i) => i % collation.textLength < textLength);
    const trimmed = pretrainingBatch(
      samples,
      { textLength, packing },
      { ...choices, mlmSelected: trim(choices.mlmSelected), mlmReplacement: trim(choices.mlmReplacement) },
    );
    expectNear(losses(trimmed), losses(pretrainingBatch(samples, { packing }, choices)));
  });

  test('of titles, bodies and frames does not change title contrast', () => {
    const { losses } = makeModel(preset, only('ict'));
    const batch = (changes: Partial<PretrainingOptions>) =>
      pretrainingBatch(samples, { objectives: only('ict'), packing, ...changes });
    expectNear(losses(batch({ textLength: 16, frames: 7 })), losses(batch({})));
  });
});

describe('frames that moved to another row', () => {
  const objectives = { ...allObjectives, mmm: false };
  const mfm = (rows: number, permuteTargets: boolean, changes: Partial<PretrainingOptions> = {}) => {
    const options = { objectives, permuteTargets, probabilities: { mfm: 0.5 }, ...changes };
    return makeModel({}, options.objectives).losses(pretrainingBatch(clips(rows), options)).mfm!;
  };

  test('are scored against their own targets, not the original’s, unless none moved', () => {
    expect(mfm(5, true)).not.toBeCloseTo(mfm(5, false), 3);
    expect(mfm(2, true)).toBe(mfm(2, false)); // 0, 1 -> 0, 1
    const still = { objectives: { ...objectives, itm: false } };
    expect(mfm(5, true, still)).toBe(mfm(5, false, still));
  });
});

describe('objectives', () => {
  const parts = { mlm: ['mlm'], mfm: ['mfm'], itm: ['itm'], ict: ['ict'], mmm: ['mmmText', 'mmmFrame'] };
  const names = Object.keys(parts) as (keyof typeof parts)[];
  const heads = {
    mlm: 'roberta.cls.',
    mfm: 'roberta_mvm_lm_header.',
    itm: 'newfc_itm.',
  };

  test.each(names)('%s can be left out', (name) => {
    const objectives = { ...allObjectives, [name]: false };
    const { model, losses } = makeModel({}, objectives);
    const found = losses(pretrainingBatch(clips(16), { objectives }));
    const left = model.objectives;
    expect([...left].sort()).toEqual(names.flatMap((other) => (other === name ? [] : parts[other])).sort());
    expect(Object.keys(found)).toEqual([...left, 'total']);
    expect(Object.values(found).every(Number.isFinite)).toBe(true);
  });

  test.each(names)('%s can be had alone', (name) => {
    const objectives = only(name);
    const { model, values, losses, gradients } = makeModel({}, objectives);
    const batch = pretrainingBatch(clips(16), { objectives, probabilities: { mfm: 0.5 } });
    expect(model.objectives).toEqual(parts[name]);
    const found = losses(batch);
    for (const part of parts[name]) expect(found[part]).toBeGreaterThan(0);
    const given = gradients(batch);
    const used = new Set(name === 'mmm' ? (['mlm', 'mfm'] as const) : [name]);
    for (const [owner, prefix] of Object.entries(heads)) {
      const head = [...values.keys()].filter((parameter) => parameter.startsWith(prefix));
      expect(head.length).toBeGreaterThan(0);
      for (const parameter of head)
        expect(parameter in given, parameter).toBe(used.has(owner as keyof typeof heads));
    }
  });

  test('a model with fewer objectives takes a batch that serves more', () => {
    const batch = pretrainingBatch(clips(16));
    const all = makeModel().losses(batch);
    for (const name of names) {
      const { total, ...found } = makeModel({}, only(name)).losses(batch);
      for (const [part, value] of Object.entries(found)) expect(value, part).toBeCloseTo(all[part]!, 4);
      expect(total).toBeGreaterThan(0);
    }
  });

  test('are added up with their weights', () => {
    const batch = pretrainingBatch(clips(16));
    const { total, ...found } = makeModel().losses(batch);
    const { mlm, mfm, itm, ict, mmmText, mmmFrame } = found as Record<string, number>;
    const byDefault = mlm! + mfm! / 2 + itm! + ict! + mmmText! + mmmFrame! / 2;
    expect(total).toBeCloseTo(byDefault, 4);
    const weighted = makeModel({ lossWeights: { mlm: 2, ict: 0, mmmText: 0.25 } }).losses(batch);
    expect(weighted.total).toBeCloseTo(byDefault + mlm! - ict! - 0.75 * mmmText!, 4);
    expect(weighted.ict).toBeCloseTo(ict!, 5);
  });

  test('a batch that lacks an objective’s fields is refused by name', () => {
    const batch = pretrainingBatch(clips(16));
    for (const field of ['tokenIds', 'mlmWeights', 'mfmTargets', 'itmLabels', 'ictWeights']) {
      const rest = Object.fromEntries(Object.entries(batch).filter(([name]) => name !== field));
      expect(() => makeModel().losses(rest)).toThrow(`the batch has no field '${field}'`);
    }
  });
});

describe('title contrast', () => {
  const objectives = only('ict');
  const batch = pretrainingBatch(clips(4), { objectives });
  const ict = (config: Partial<VisualBertConfigInput>, changes: NdArrays = {}) =>
    makeModel(config, objectives).losses({ ...batch, ...changes }).ict!;

  test('is the mean of both directions, or as in the original their sum', () => {
    const sum = ict({ titleContrast: { temperature: 1, reduction: 'sum' } });
    expect(sum).toBeCloseTo(2 * ict({ titleContrast: { temperature: 1 } }), 5);
    expect(ict({})).not.toBeCloseTo(sum / 2, 2); // another temperature
  });

  test('rows of one group are not each other’s negatives', () => {
    const group = (...data: number[]) => ({
      groups: { dtype: 'int32', shape: [4], data: Int32Array.from(data) } as const,
    });
    expect(ict({}, group(1, 2, 3, 4))).toBeCloseTo(ict({}), 5);
    expect(ict({}, group(1, 1, 3, 4))).toBeLessThan(ict({}));
    expect(ict({}, group(1, 1, 1, 1))).toBeCloseTo(0, 5);
  });
});

describe('batches without something', () => {
  const finite = (
    config: Partial<VisualBertConfigInput>,
    batch: NdArrays,
    objectives?: PretrainingObjectiveSwitches,
  ) => {
    const { losses, gradients } = makeModel(config, objectives);
    const found = losses(batch);
    expect(Object.entries(found).filter(([, value]) => !Number.isFinite(value))).toEqual([]);
    const wrong = Object.entries(gradients(batch)).filter(([, gradient]) => {
      return !gradient.dataSync().every(Number.isFinite);
    });
    expect(wrong.map(([name]) => name)).toEqual([]);
    return found;
  };

  test.each(presets)('nothing chosen: a loss of 0, no NaN (%s)', (_name, preset) => {
    const batch = pretrainingBatch(clips(16), { probabilities: { mlm: 0, mfm: 0 } });
    const found = finite(preset, batch);
    expect([found.mlm, found.mfm]).toEqual([0, 0]);
  });

  test.each(presets)('clips without frames, and frames of zeros (%s)', (_name, preset) => {
    const without = clips(16).map((clip) => ({
      ...clip,
      frames: { dtype: 'float32', shape: [0, frameDim], data: new Float32Array(0) } as const,
    }));
    const found = finite(preset, pretrainingBatch(without));
    expect([found.mfm, found.mmmFrame]).toEqual([0, 0]);
    const black = clips(16).map((clip) => ({
      ...clip,
      frames: { ...clip.frames, data: new Float32Array(clip.frames.data.length) },
    }));
    finite(preset, pretrainingBatch(black, { probabilities: { mfm: 0.5 } }));
  });

  test('empty texts', () => {
    const empty = clips(16).map((clip) => ({ ...clip, textIds: [], titleIds: [], bodyIds: [] }));
    const found = finite({}, pretrainingBatch(empty));
    expect([found.mlm, found.mmmText]).toEqual([0, 0]);
  });

  test('text alone: no frames at all', () => {
    const objectives = { mlm: true, mfm: false, itm: false, ict: true, mmm: false };
    const texts = clips(4).map((clip) => ({
      ...clip,
      frames: { dtype: 'float32', shape: [0, frameDim], data: new Float32Array(0) } as const,
    }));
    const batch = pretrainingBatch(texts, { objectives, frames: 0 });
    expect(batch.frames!.shape).toEqual([8, 0, frameDim]);
    expect(finite({}, batch, objectives).mlm).toBeGreaterThan(0);
  });
});

test('a loss leaves the batch as it was', () => {
  const { store, model, values } = makeModel();
  const batch = pretrainingBatch(clips(16));
  const tensors = toTensors(batch);
  store.bind(values, () => model.loss(tensors, null));
  for (const [name, { data }] of Object.entries(batch)) {
    expect(Array.from(tensors[name]!.dataSync()), name).toEqual(Array.from(data));
  }
});

test('a loss leaves no tensors behind', () => {
  const { store, model, values } = makeModel();
  const tensors = toTensors(pretrainingBatch(clips(16)));
  const once = () => tf.tidy(() => void gradientsOf(store, values, () => model.loss(tensors, null).loss));
  once();
  const { numTensors } = tf.memory();
  once();
  once();
  expect(tf.memory().numTensors).toBe(numTensors);
});

test.runIf(modes.length > 1)(
  'compiled equals op by op with the sound choices, gradients included',
  async () => {
    const { store, model } = makeModel();
    const batch = pretrainingBatch(clips(16), { probabilities: { mfm: 0.5 } });
    const [compiled, eager] = await Promise.all(
      modes.map(async (mode) => {
        const program = await BoundProgram.of(store, store.initialState(7), mode);
        const losses = await program.run(batch, (given) => model.loss(given, null).parts);
        const gradients = await program.gradients(batch, (given) => model.loss(given, null).loss);
        program.dispose();
        return { ...losses, ...gradients };
      }),
    );
    for (const [name, tensor] of Object.entries(eager!)) {
      expectClose(name, compiled![name]!, tensor, { relative: 1e-4, absolute: 1e-6 });
    }
  },
);

/** The switches with one objective on. */
function only(name: keyof PretrainingObjectiveSwitches): PretrainingObjectiveSwitches {
  return { mlm: false, mfm: false, itm: false, ict: false, mmm: false, [name]: true };
}
