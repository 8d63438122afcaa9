import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createProgram, type Program } from '@reelbert/compiler';
import { InputError, type NdArrays } from '@reelbert/data';
import { ParameterStore, type Task } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import {
  declareTrainingState,
  defineUpdates,
  optimizerNames,
  readMetrics,
  scheduleFactor,
  trainingSettings,
  writeInitialState,
  type TrainingSettingsInput,
  type Update,
} from '../src/index.js';
import { programModes } from './modes.js';
import { records, runTiny, type Trial } from './tiny-run.js';
import { brokenBatch, joined, tinyBatch, tinyTask } from './tiny-task.js';

const modes = await programModes();
type Mode = (typeof modes)[number];

const table = 'embeddings.word_embeddings.weight';
const programs: Program[] = [];
afterEach(() => {
  for (const program of programs.splice(0)) program.dispose();
});

async function startIn(mode: Mode, input: TrainingSettingsInput = {}, task: Task = tinyTask()) {
  const program = createProgram({ mode });
  programs.push(program);
  const settings = trainingSettings(input);
  const state = declareTrainingState(program, task.parameters, settings);
  const take = defineUpdates(program, task, state, settings);
  await writeInitialState(program, state, settings, task.parameters.initialState(1));
  const averages = [...state.ema.values()].map(({ name }) => name);
  const names = [...state.parameters.keys(), ...averages, ...optimizerNames(state)];
  return {
    program,
    take,
    /** One update from all of these batches. */
    async update(batches: readonly NdArrays[], step = 0, factor = 1): Promise<Update> {
      const results: (Update | undefined)[] = [];
      for (const batch of batches) results.push(await take(batch, step, factor));
      expect(results.map((result) => result !== undefined)).toEqual(
        batches.map((_, i) => i === batches.length - 1),
      );
      return results.at(-1)!;
    },
    everything: () => program.read(names),
  };
}

function expectClose(found: NdArrays, expected: NdArrays, relative: number): void {
  expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, { data }] of Object.entries(expected)) {
    const allowed = relative * Math.max(...data.map(Math.abs));
    data.forEach((value, i) =>
      expect(Math.abs(found[name]!.data[i]! - value), name).toBeLessThanOrEqual(allowed),
    );
  }
}

const everyPart: TrainingSettingsInput = {
  ema: { enabled: true, decay: 0.9 },
  clipNorm: 0.5,
  adversarial: { kind: 'fgm', table },
  optimizer: { learningRate: 0.05 },
};

describe.each(modes)('an update from several batches (%s)', (mode) => {
  const start = startIn.bind(null, mode);

  test('is that of one batch of all their rows, however many each has', async () => {
    const settings = { ...everyPart, adversarial: { kind: 'none' as const } };
    const [parts, whole] = [await start({ ...settings, accumulation: 3 }), await start(settings)];
    for (let step = 0; step < 5; step++) {
      const batches = [2, 4, 1].map((rows, i) => tinyBatch(step, i, rows));
      const [several, one] = [
        await parts.update(batches, step),
        await whole.update([joined(...batches)], step),
      ];
      expect(several.size).toEqual(one.size);
      for (const name of ['loss', 'part.classification', 'gradNorm', 'finite']) {
        expect(several.scalars[name], name).toBeCloseTo(one.scalars[name]!, 5);
      }
    }
    expectClose(await parts.everything(), await whole.everything(), 1e-4);
  });

  test('counts no filler rows', async () => {
    const rowMask = (...rows: number[]) =>
      ({ dtype: 'int32', shape: [rows.length], data: Int32Array.from(rows) }) as const;
    const [a, b] = [tinyBatch(0, 0, 4), tinyBatch(0, 1, 4)];
    const [parts, whole] = [await start({ accumulation: 2 }), await start()];
    await parts.update([
      { ...a, rowMask: rowMask(1, 0, 0, 0) },
      { ...b, rowMask: rowMask(1, 1, 1, 0) },
    ]);
    await whole.update([{ ...joined(a, b), rowMask: rowMask(1, 0, 0, 0, 1, 1, 1, 0) }]);
    expectClose(await parts.everything(), await whole.everything(), 1e-4);
  });

  test.each(['fgm', 'pgd', 'awp'] as const)('attacks each batch by itself: %s', async (kind) => {
    const adversarial = { kind, table };
    const batches = [0, 1].map((i) => tinyBatch(0, i));
    const parts = await start({ adversarial, accumulation: 2 });
    const { scalars } = await parts.update(batches);
    const name = `optimizer.m/${table}`;
    const alone: { moment: ArrayLike<number>; adversarialLoss: number }[] = [];
    for (const batch of batches) {
      const single = await start({ adversarial });
      const update = await single.update([batch]);
      const moment = (await single.program.read([name]))[name]!.data;
      alone.push({ moment, adversarialLoss: update.scalars.adversarialLoss! });
    }
    (await parts.program.read([name]))[name]!.data.forEach((value, i) => {
      expect(value).toBeCloseTo((alone[0]!.moment[i]! + alone[1]!.moment[i]!) / 2, 6);
    });
    const mean = (alone[0]!.adversarialLoss + alone[1]!.adversarialLoss) / 2;
    expect(scalars.adversarialLoss).toBeCloseTo(mean, 5);
  });

  test.each([0, 1, 2])('changes nothing, and says so, if batch %i is not finite', async (broken) => {
    const { update, everything } = await start({ ...everyPart, accumulation: 3 });
    const undisturbed = await start({ ...everyPart, accumulation: 3 });
    const batches = [0, 1, 2].map((i) => tinyBatch(0, i));
    for (const each of [update, undisturbed.update]) await each(batches, 0);
    const before = await everything();
    for (const value of [NaN, Infinity]) {
      const { scalars } = await update(batches.with(broken, brokenBatch(value)), 1);
      expect(scalars.finite).toBe(0);
      expect(await everything()).toEqual(before);
    }
    for (const each of [update, undisturbed.update]) await each(batches, 2);
    expect(await everything()).toEqual(await undisturbed.everything());
  });

  test('moves no parameter before its last batch', async () => {
    const { take, everything } = await start({ ...everyPart, accumulation: 3 });
    const before = await everything();
    for (let i = 0; i < 2; i++) expect(await take(tinyBatch(0, i), 0, 1)).toBeUndefined();
    expect(await everything()).toEqual(before);
  });

  test('leaves a parameter alone that none of its batches has a gradient for', async () => {
    const settings = { accumulation: 2, optimizer: { learningRate: 0.1, weightDecay: 0.5 } };
    const { update, program } = await start(settings, twoInputs());
    const vector = (data: number[]) =>
      ({ dtype: 'float32', shape: [2], data: Float32Array.from(data) }) as const;
    const [x, y] = [{ x: vector([1, 2]) }, { y: vector([3, 1]) }];
    const read = async () =>
      [...Object.values(await program.read(['forX', 'forY']))].map(({ data }) => data[0]);
    await update([x, x], 0);
    expect(await read()).toEqual([expect.not.closeTo(1, 3), 1]);
    await update([x, y], 1);
    const [forX, forY] = await read();
    expect(forY).not.toBeCloseTo(1, 3);
    await update([y, y], 2);
    expect((await read())[0]).toBe(forX);
  });

  test('keeps no tensors', async () => {
    const { update } = await start({ ...everyPart, accumulation: 2 }, tinyTask({ dropoutRate: 0.1 }));
    const batches = (step: number) => [0, 1].map((i) => tinyBatch(step, i));
    for (let step = 0; step < 2; step++) await update(batches(step), step);
    const { numTensors } = tf.memory();
    for (let step = 2; step < 22; step++) await update(batches(step), step);
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  test('draws other dropout for each of its batches', async () => {
    const { update } = await start({ accumulation: 2 }, tinyTask({ dropoutRate: 0.5 }));
    const same = await start({ accumulation: 2 }, tinyTask({ dropoutRate: 0.5 }));
    const single = await start({}, tinyTask({ dropoutRate: 0.5 }));
    const twice = [tinyBatch(0, 0), tinyBatch(0, 0)];
    const { loss } = (await update(twice)).scalars;
    expect((await same.update(twice)).scalars.loss).toBe(loss);
    expect((await single.update([tinyBatch(0, 0)])).scalars.loss).not.toBeCloseTo(loss, 3);
  });
});

/** A task whose batches hold `x` or `y`; each has a parameter of its own. */
function twoInputs(): Task {
  const parameters = new ParameterStore();
  const forX = parameters.declare('forX', [1, 1], { kind: 'ones' });
  const forY = parameters.declare('forY', [1, 1], { kind: 'ones' });
  return {
    parameters,
    objectives: [],
    loss({ x, y }) {
      const product = x ? tf.mul(x, forX.value()) : tf.mul(y!, forY.value());
      return { loss: tf.mean(tf.square(product)), parts: {} };
    },
  };
}

test.runIf(modes.length > 1)('20 compiled updates from two batches each equal 20 op by op', async () => {
  const run = async (mode: Mode) => {
    const settings = { ...everyPart, accumulation: 2 };
    const { update, everything } = await startIn(mode, settings, tinyTask({ dropoutRate: 0.1 }));
    const losses: number[] = [];
    for (let step = 0; step < 20; step++) {
      const batches = [0, 1].map((i) => tinyBatch(step, i));
      losses.push(
        (await update(batches, step, scheduleFactor({ kind: 'cosine', warmup: 0.1 }, step, 20))).scalars.loss,
      );
    }
    return { losses, variables: await everything() };
  };
  const [compiled, eager] = [await run('compiled'), await run('eager')];
  compiled.losses.forEach((loss, i) => expect(Math.abs(loss / eager.losses[i]! - 1)).toBeLessThan(1e-5));
  expectClose(compiled.variables, eager.variables, 1e-4);
});

describe('a run with several batches an update', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'accumulation-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const run = (name: string, trial: Trial = {}) =>
    runTiny(join(folder, name), { ...trial, settings: { accumulation: 2, ...trial.settings } });

  test('has as many updates as whole groups of batches fit its epochs, and schedules those', async () => {
    const {
      result,
      run: at,
      events,
    } = await run('updates', { settings: { logEvery: 1, evaluateEvery: 'epoch' } });
    // 5 batches an epoch make 2 updates; the fifth is left out.
    expect(result.state).toMatchObject({ step: 8, epoch: 4, index: 0, totalSteps: 8 });
    const trained = (await readMetrics(at.metrics)).filter((record) => 'loss' in record);
    expect(trained.map(({ step, epoch }) => [step, epoch])).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8].map((step) => [step, Math.floor((step - 1) / 2)]),
    );
    const factors = trained.map((_, step) => scheduleFactor({ kind: 'cosine', warmup: 0.1 }, step, 8));
    trained.forEach(({ lr }, i) => expect(lr).toBeCloseTo(0.05 * factors[i]!, 10));
    const evaluated = events.filter(({ kind }) => kind === 'evaluation');
    expect(evaluated).toMatchObject([2, 4, 6, 8].map((step) => ({ step })));
  });

  test.each(modes.flatMap((mode) => [1, 3, 6].map((step) => [step, mode] as const)))(
    'interrupted after update %i and resumed equals an undisturbed one bit for bit (%s)',
    async (stopAfter, mode) => {
      const names = { whole: `whole-${stopAfter}-${mode}`, resumed: `resumed-${stopAfter}-${mode}` };
      const undisturbed = await run(names.whole, { mode });
      const first = await run(names.resumed, { mode, stopAfter });
      expect(first.result).toMatchObject({ interrupted: true, state: { step: stopAfter } });
      const second = await run(names.resumed, { mode, resume: true });
      expect(second.state).toEqual(undisturbed.state);
      expect(await records(second.run)).toEqual(await records(undisturbed.run));
    },
  );

  test('refuses more batches an update than an epoch has, and another number than it began with', async () => {
    await expect(run('large', { settings: { accumulation: 6 } })).rejects.toThrow(InputError);
    await expect(run('large', { settings: { accumulation: 6 } })).rejects.toThrow('at most 5');
    await run('begun', { stopAfter: 3 });
    await expect(run('begun', { resume: true, settings: { accumulation: 1 } })).rejects.toThrow(
      'accumulation',
    );
  });
});
