import { createProgram, type Program } from '@reelbert/compiler';
import { makeKey, type NdArrays } from '@reelbert/data';
import { KeyStream } from '@reelbert/engine';
import {
  declareTrainingState,
  defineTrainStep,
  evaluator,
  lossAndGradients,
  runTrainStep,
  trainingSettings,
  writeInitialState,
  type TrainingSettingsInput,
} from '../src/index.js';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, test } from 'vitest';

import { programModes } from './modes.js';
import { brokenBatch, tinyBatch, tinyTask } from './tiny-task.js';

const modes = await programModes();
type Mode = (typeof modes)[number];

const table = 'embeddings.word_embeddings.weight';
const programs: Program[] = [];
afterEach(() => {
  for (const program of programs.splice(0)) program.dispose();
});

async function startTrainingIn(mode: Mode, input: TrainingSettingsInput = {}, dropoutRate = 0) {
  const program = createProgram({ mode });
  programs.push(program);
  const settings = trainingSettings(input);
  const task = tinyTask({ dropoutRate });
  const state = declareTrainingState(program, task.parameters, settings);
  defineTrainStep(program, task, state, settings);
  await writeInitialState(program, state, settings, task.parameters.initialState(1));
  const names = [
    ...state.parameters.keys(),
    ...[...state.ema.values(), ...state.optimizer.m.values(), ...state.optimizer.v.values()].map(
      ({ name }) => name,
    ),
    'optimizer.beta1Power',
    'optimizer.beta2Power',
  ];
  return {
    program,
    task,
    step: (batch: NdArrays, number = 0, factor = 1) =>
      runTrainStep(program, batch, makeKey('step', number), factor),
    everything: () => program.read(names),
    parameters: () => program.read([...state.parameters.keys()]),
  };
}

const everyPart: TrainingSettingsInput = {
  ema: { enabled: true, decay: 0.9 },
  clipNorm: 1,
  adversarial: { kind: 'fgm', table },
  optimizer: { learningRate: 0.05 },
};

describe.each(modes)('a training step (%s)', (mode) => {
  const startTraining = startTrainingIn.bind(null, mode);

  test('lowers the loss, and names its parts', async () => {
    const { step } = await startTraining({ optimizer: { learningRate: 0.05 } });
    const losses: number[] = [];
    for (let i = 0; i < 20; i++) losses.push((await step(tinyBatch(0, 0), i)).loss);
    expect(losses[19]).toBeLessThan(losses[0]! / 2);
    expect(Object.keys(await step(tinyBatch(0, 0)))).toEqual([
      'loss',
      'gradNorm',
      'finite',
      'part.classification',
    ]);
  });

  test('changes no parameter under a schedule factor of 0, but moves the moments', async () => {
    const { step, parameters, program } = await startTraining();
    const before = await parameters();
    await step(tinyBatch(0, 0), 0, 0);
    expect(await parameters()).toEqual(before);
    const moment = await program.read(['optimizer.m/classifier.weight']);
    expect(Math.max(...moment['optimizer.m/classifier.weight']!.data)).not.toBe(0);
  });

  test('leaves a parameter without gradient alone, decay included', async () => {
    const { step, parameters } = await startTraining({ optimizer: { weightDecay: 0.5, learningRate: 0.1 } });
    await step(tinyBatch(0, 0));
    expect([...(await parameters())['unused.weight']!.data]).toEqual([1, 1, 1, 1]);
  });

  test('leaves frozen parameters bitwise as they are, and averages none of them', async () => {
    const { step, parameters } = await startTraining({
      ema: { enabled: true },
      optimizer: { learningRate: 0.1, groups: [{ match: ['word_embeddings'], frozen: true }] },
    });
    const before = await parameters();
    for (let i = 0; i < 3; i++) await step(tinyBatch(0, i), i);
    const after = await parameters();
    expect(after[table]).toEqual(before[table]);
    expect(after['classifier.weight']).not.toEqual(before['classifier.weight']);
  });

  test.each([Infinity, -Infinity, NaN])('that meets %f changes nothing and says so', async (value) => {
    const { step, everything } = await startTraining(everyPart);
    await step(tinyBatch(0, 0), 0);
    const before = await everything();
    const scalars = await step(brokenBatch(value), 1);
    expect(scalars.finite).toBe(0);
    expect(await everything()).toEqual(before);
    expect((await step(tinyBatch(0, 0), 2)).finite).toBe(1);
  });

  test('goes on after a first step that is not finite', async () => {
    const { step, everything } = await startTraining(everyPart);
    await step(brokenBatch(NaN), 0);
    await step(tinyBatch(0, 0), 1);
    for (const { data } of Object.values(await everything()))
      expect([...data].every(Number.isFinite)).toBe(true);
  });

  test('clips the gradients to the global norm', async () => {
    const [free, clipped] = [await startTraining(), await startTraining({ clipNorm: 0.01 })];
    const { gradNorm } = await free.step(tinyBatch(0, 0));
    expect((await clipped.step(tinyBatch(0, 0))).gradNorm).toBe(gradNorm);
    const moment = 'optimizer.m/classifier.weight';
    const [whole, part] = [await free.program.read([moment]), await clipped.program.read([moment])];
    part[moment]!.data.forEach((value, i) => {
      expect(value).toBeCloseTo((whole[moment]!.data[i]! * 0.01) / gradNorm, 8);
    });
  });

  test('depends on its key alone: same key, same bits; another key, another dropout', async () => {
    const run = async (key: number) => {
      const { step, parameters } = await startTraining({}, 0.5);
      await step(tinyBatch(0, 0), key);
      return parameters();
    };
    expect(await run(3)).toEqual(await run(3));
    expect(await run(3)).not.toEqual(await run(4));
  });

  test.each([
    {},
    everyPart,
    { adversarial: { kind: 'pgd' as const, table } },
    { adversarial: { kind: 'awp' as const, table } },
  ])('keeps no tensors: %o', async (settings) => {
    const { step } = await startTraining(settings, 0.1);
    for (let i = 0; i < 2; i++) await step(tinyBatch(0, i), i);
    const { numTensors } = tf.memory();
    for (let i = 2; i < 22; i++) await step(tinyBatch(0, i), i);
    expect(tf.memory().numTensors).toBe(numTensors);
  });
});

describe.each(modes)('moving averages (%s)', (mode) => {
  const startTraining = startTrainingIn.bind(null, mode);

  test('start from the initial weights and follow the parameters', async () => {
    const { step, program } = await startTraining({ ema: { enabled: true, decay: 0.9 } });
    const read = async (name: string) => (await program.read([name]))[name]!.data;
    let expected = [...(await read('classifier.weight'))];
    for (let i = 0; i < 3; i++) {
      await step(tinyBatch(0, i), i);
      const parameter = await read('classifier.weight');
      expected = expected.map((average, j) => 0.9 * average + 0.1 * parameter[j]!);
    }
    (await read('ema/classifier.weight')).forEach((average, j) =>
      expect(average).toBeCloseTo(expected[j]!, 6),
    );
  });

  test('can be predicted with, while the weights stay bitwise as they are', async () => {
    const { step, program, task, everything } = await startTraining(everyPart);
    const predict = {
      model: evaluator(program, task, { weights: 'model' }),
      ema: evaluator(program, task, { weights: 'ema' }),
    };
    const batch = tinyBatch(0, 0);
    expect(await predict.ema(batch)).toEqual(await predict.model(batch));
    for (let i = 0; i < 3; i++) await step(tinyBatch(0, i), i);
    const before = await everything();
    expect(await predict.ema(batch)).not.toEqual(await predict.model(batch));
    expect(await everything()).toEqual(before);
  });
});

describe.each(modes)('an adversarial pass (%s)', (mode) => {
  const startTraining = startTrainingIn.bind(null, mode);

  test('leaves the row of padding and rows that the batch lacks alone', async () => {
    const { step, program } = await startTraining({ adversarial: { kind: 'fgm', table } });
    const batch = tinyBatch(0, 0);
    await step(batch);
    const moments = (await program.read([`optimizer.m/${table}`]))[`optimizer.m/${table}`]!;
    for (let row = 0; row < 7; row++) {
      const touched = row !== 0 && batch.inputIds!.data.includes(row);
      const moved = moments.data.slice(4 * row, 4 * row + 4).some((value) => value !== 0);
      expect(moved).toBe(touched);
    }
  });

  test('draws its own dropout', async () => {
    const gradient = async (kind: 'none' | 'fgm') => {
      const { step, program } = await startTraining(
        { adversarial: kind === 'none' ? { kind } : { kind, table: null } },
        0.5,
      );
      await step(tinyBatch(0, 0));
      return (await program.read([`optimizer.m/${table}`]))[`optimizer.m/${table}`]!.data;
    };
    const [clean, both] = [await gradient('none'), await gradient('fgm')];
    expect([...both].some((value, i) => Math.abs(value - 2 * clean[i]!) > 1e-4)).toBe(true);
  });

  test('without a table and without dropout doubles the gradient', async () => {
    const { step, program } = await startTraining({ adversarial: { kind: 'fgm', table: null } });
    const plain = await startTraining();
    await step(tinyBatch(0, 0));
    await plain.step(tinyBatch(0, 0));
    const name = 'optimizer.m/classifier.weight';
    const [twice, once] = [await program.read([name]), await plain.program.read([name])];
    twice[name]!.data.forEach((value, i) => expect(value).toBeCloseTo(2 * once[name]!.data[i]!, 6));
  });

  test.each(['nothing', 'weight'])('refuses a table named %s', async (name) => {
    await expect(startTraining({ adversarial: { kind: 'fgm', table: name } })).rejects.toThrow(
      'adversarial.table',
    );
  });
});

test.runIf(modes.length > 1)('20 compiled steps equal 20 op by op', async () => {
  const run = async (mode: Mode) => {
    const { step, everything } = await startTrainingIn(mode, everyPart, 0.1);
    const losses: number[] = [];
    for (let i = 0; i < 20; i++) losses.push((await step(tinyBatch(0, i), i)).loss);
    return { losses, variables: await everything() };
  };
  const [compiled, eager] = [await run('compiled'), await run('eager')];
  compiled.losses.forEach((loss, i) => expect(Math.abs(loss / eager.losses[i]! - 1)).toBeLessThan(1e-5));
  for (const [name, { data }] of Object.entries(compiled.variables)) {
    const other = eager.variables[name]!.data;
    const largest = Math.max(...data.map(Math.abs));
    data.forEach((value, i) => expect(Math.abs(value - other[i]!)).toBeLessThanOrEqual(1e-4 * largest));
  }
});

test('gradients agree with finite differences', () => {
  const task = tinyTask();
  const initial = task.parameters.initialState(1);
  const batch = Object.fromEntries(
    Object.entries(tinyBatch(0, 0)).map(([name, { data, shape, dtype }]) => [
      name,
      tf.tensor(data, [...shape], dtype),
    ]),
  );
  const valuesOf = (change: number) => {
    const weights = Float32Array.from(initial['classifier.weight']!.data);
    weights[5]! += change;
    return new Map(
      Object.entries(initial).map(([name, { data, shape }]) => [
        name,
        tf.tensor(name === 'classifier.weight' ? weights : (data as Float32Array), [...shape]),
      ]),
    );
  };
  const keys = new KeyStream(tf.tensor1d([1, 2], 'int32'));
  const at = (change: number) => lossAndGradients(task, valuesOf(change), ['classifier.weight'], batch, keys);
  const slope = (at(0.01).loss.dataSync()[0]! - at(-0.01).loss.dataSync()[0]!) / 0.02;
  expect(at(0).gradients.get('classifier.weight')!.dataSync()[5]).toBeCloseTo(slope, 3);
});
