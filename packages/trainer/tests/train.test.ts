import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { InputError } from '@reelbert/data';
import { loadRunWeights, manifestProblem, readMetrics } from '../src/index.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { programModes } from './modes.js';
import { records, runTiny as runTinyIn, type Trial } from './tiny-run.js';
import { brokenBatch, tinyBatch, tinyBatches } from './tiny-task.js';

const modes = await programModes();

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-'));
});
afterAll(() => rm(folder, { recursive: true }));

const runTiny = (name: string, trial?: Trial) => runTinyIn(join(folder, name), trial);

describe('a run', () => {
  test('leaves metrics, checkpoints and the best weights in its folder', async () => {
    const { result, run, events } = await runTiny('whole');
    expect(result).toMatchObject({ interrupted: false, state: { step: 20, epoch: 4, index: 0 } });
    expect((await readdir(run.path)).sort()).toEqual([
      'best',
      'checkpoints',
      'config.yaml',
      'environment.json',
      'metrics.jsonl',
      'tensorboard',
    ]);
    expect((await readdir(run.checkpoints)).sort()).toEqual(['step-00000018', 'step-00000020']);
    expect((await readdir(join(run.checkpoints, 'step-00000020'))).sort()).toEqual([
      'ema.safetensors',
      'manifest.json',
      'model.safetensors',
      'optimizer.safetensors',
      'state.json',
    ]);
    expect(await manifestProblem(run.best)).toBeUndefined();

    const metrics = await readMetrics(run.metrics);
    const training = metrics.filter((record) => 'loss' in record);
    expect(training.map((record) => record.step)).toEqual([3, 6, 9, 12, 15, 18, 20]);
    expect(training.map((record) => record.epoch)).toEqual([0, 1, 1, 2, 2, 3, 3]);
    expect(Object.keys(training[0]!)).toEqual(
      expect.arrayContaining([
        'seconds',
        'lr',
        'loss.classification',
        'gradNorm',
        'samplesPerSecond',
        'tokensPerSecond',
        'peakMemory',
      ]),
    );
    expect(training.at(-1)!.loss).toBeLessThan(training[0]!.loss!);
    const evaluations = metrics.filter((record) => 'eval.meanF1' in record);
    expect(evaluations.map((record) => record.step)).toEqual([4, 8, 12, 16, 20]);
    const kinds = events
      .filter((event) => event.kind !== 'step')
      .map((event) => `${event.kind} ${'step' in event ? event.step : ''}`);
    expect(kinds.slice(0, 3)).toEqual(['evaluation 4', 'checkpoint 6', 'evaluation 8']);
  });

  test('refuses a folder in which a run was started, unless it resumes it', async () => {
    await runTiny('taken', { settings: { maxSteps: 1 } });
    await expect(runTiny('taken', { settings: { maxSteps: 1 } })).rejects.toThrow(InputError);
  });

  test('keeps the best weights: the averages as they were at the best score', async () => {
    const scores = [0.1, 0.30001, 0.30002, 0.2, 0.25];
    const saved: unknown[] = [];
    const { run, result, events } = await runTiny('best', {
      options: {
        evaluate: async () => ({ meanF1: scores.shift()! }),
      },
    });
    for (const event of events) if (event.kind === 'evaluation') saved.push([event.step, event.best]);
    // .30002 equals .30001 after rounding to four places
    expect(saved).toEqual([
      [4, true],
      [8, true],
      [12, false],
      [16, false],
      [20, false],
    ]);
    expect(result.state.best).toEqual({ score: 0.30001, step: 8 });
    expect((await loadRunWeights(run)).from).toBe(run.best);
  });

  test('keeps no weights that score no more than bestAbove', async () => {
    const scores = [0.4, 0.50004, 0.5, 0.49, 0.3];
    const { run, result } = await runTiny('above', {
      settings: { bestAbove: 0.5 },
      options: { evaluate: async () => ({ meanF1: scores.shift()! }) },
    });
    expect(result.state.best).toBeNull();
    expect((await loadRunWeights(run)).from).toContain('step-00000020');
  });

  test('without evaluation results in the averages at its end', async () => {
    const { run, state } = await runTiny('unevaluated', { options: { evaluate: undefined } });
    const { weights } = await loadRunWeights(run);
    expect(weights['classifier.weight']).toEqual(state['ema/classifier.weight']);
    expect(Object.keys(weights)).toHaveLength(4);
  });

  test('stops after too many steps in a row that are not finite', async () => {
    const options = {
      async *batches() {
        yield tinyBatch(0, 0);
        for (let i = 0; i < 4; i++) yield brokenBatch(NaN);
      },
    };
    const trial = { options, settings: { maxNonFiniteSteps: 3 } };
    await expect(runTiny('infinite', trial)).rejects.toThrow('3 steps in a row, up to step 4');
  });

  test('counts steps that are not finite, and logs the mean over the others', async () => {
    const options = {
      async *batches() {
        yield tinyBatch(0, 0);
        yield brokenBatch(NaN);
        yield tinyBatch(0, 1);
      },
      stepsPerEpoch: 3,
    };
    const { run, result, events } = await runTiny('partly', { options, settings: { epochs: 1 } });
    expect(result.state).toMatchObject({ step: 3, nonFiniteSteps: 1 });
    const losses = events.flatMap((event) => (event.kind === 'step' ? [event.scalars.loss] : []));
    const [record] = await readMetrics(run.metrics);
    expect(record).toMatchObject({ nonFiniteSteps: 1, loss: (losses[0]! + losses[2]!) / 2 });
  });

  test.each([4, 6])('notices an epoch of %i batches in place of 5', async (count) => {
    const options = { batches: tinyBatches(count) };
    await expect(runTiny(`epoch-${count}`, { options })).rejects.toThrow(
      /epoch 0 (ended after 4 of 5|has more than 5) batches/,
    );
  });
});

describe('a resumed run', () => {
  const interruptions = modes.flatMap((mode) => [7, 12, 15].map((step) => [step, mode] as const));
  test.each(interruptions)(
    'interrupted after step %i equals an undisturbed one bit for bit (%s)',
    async (stopAfter, mode) => {
      const undisturbed = await runTiny(`undisturbed-${stopAfter}-${mode}`, { mode });
      const first = await runTiny(`resumed-${stopAfter}-${mode}`, { mode, stopAfter });
      expect(first.result).toMatchObject({ interrupted: true, state: { step: stopAfter } });
      const second = await runTiny(`resumed-${stopAfter}-${mode}`, { mode, resume: true });
      expect(second.result.interrupted).toBe(false);
      expect(second.events[0]).toEqual({ kind: 'resumed', step: stopAfter, totalSteps: 20 });
      expect(second.state).toEqual(undisturbed.state);
      expect(await records(second.run)).toEqual(await records(undisturbed.run));
      expect(second.result.state.best).toEqual(undisturbed.result.state.best);
    },
  );

  test('passes over damaged and unfinished checkpoints, and repeats no record', async () => {
    const undisturbed = await runTiny('undamaged', { settings: { keepCheckpoints: 9 } });
    const damaged = await runTiny('damaged', { settings: { keepCheckpoints: 9 }, stopAfter: 16 });
    const at = (step: number, name: string) => join(damaged.run.checkpoints, `step-000000${step}`, name);
    await rm(at(16, 'manifest.json'));
    await truncate(at(12, 'optimizer.safetensors'), 100);
    await writeFile(damaged.run.metrics, '{"step": 17, "ep', { flag: 'a' });
    const resumed = await runTiny('damaged', { settings: { keepCheckpoints: 9 }, resume: true });
    expect(resumed.events.slice(0, 3)).toEqual([
      { kind: 'note', message: expect.stringMatching(/step-00000016: .*cut short/) },
      { kind: 'note', message: expect.stringMatching(/step-00000012: optimizer.safetensors is damaged/) },
      { kind: 'resumed', step: 6, totalSteps: 20 },
    ]);
    expect(resumed.state).toEqual(undisturbed.state);
    expect(await records(resumed.run)).toEqual(await records(undisturbed.run));
  });

  test('starts from the beginning, with a note, where there is nothing to resume', async () => {
    const { events, result } = await runTiny('nothing', { resume: true, settings: { maxSteps: 2 } });
    expect(events[0]).toMatchObject({ kind: 'note' });
    expect(result.state.step).toBe(2);
  });

  test('refuses another seed or other epochs than the run began with', async () => {
    await runTiny('seeded', { stopAfter: 3 });
    await expect(runTiny('seeded', { resume: true, settings: { seed: 5 } })).rejects.toThrow('seed');
    const options = { stepsPerEpoch: 6 };
    await expect(runTiny('seeded', { resume: true, options })).rejects.toThrow('steps per epoch');
  });
});
