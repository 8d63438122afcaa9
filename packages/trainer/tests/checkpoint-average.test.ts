import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readSafetensors, type NdArrays } from '@reelbert/data';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { loadRunWeights, readMetrics, type RunFolder } from '../src/index.js';
import { programModes } from './modes.js';
import { records, runTiny, type Trial } from './tiny-run.js';

const modes = await programModes();

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'average-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Four epochs of five updates, the last three averaged. */
const run = (name: string, trial: Trial = {}) =>
  runTiny(join(folder, name), { ...trial, settings: { averageCheckpoints: 3, ...trial.settings } });

const noEvaluation = { options: { evaluate: undefined } };
const weight = 'classifier.weight';

async function kept(at: RunFolder): Promise<NdArrays[]> {
  const names = (await readdir(at.averaging)).sort();
  return Promise.all(names.map((name) => readSafetensors(join(at.averaging, name, 'model.safetensors'))));
}

describe('the average of the last epochs', () => {
  test.each([true, false])('is the mean of their weights (moving averages: %s)', async (enabled) => {
    const settings = { ema: { enabled, decay: 0.8 } };
    const { run: at, state } = await run(`mean-${enabled}`, { ...noEvaluation, settings });
    expect((await readdir(at.averaging)).sort()).toEqual(['step-00000010', 'step-00000015', 'step-00000020']);
    const epochs = await kept(at);
    expect(epochs[2]![weight]).toEqual(state[enabled ? 'ema/classifier.weight' : weight]);
    const { weights, from } = await loadRunWeights(at);
    expect(from).toBe(at.best);
    expect(Object.keys(weights)).toHaveLength(4);
    weights[weight]!.data.forEach((value, i) => {
      const mean = epochs.reduce((sum, epoch) => sum + epoch[weight]!.data[i]!, 0) / 3;
      expect(value).toBeCloseTo(mean, 6);
    });
  });

  test('is scored like other weights, and the best if it scores best', async () => {
    for (const [last, best] of [
      [0.5, true],
      [0.3, false],
    ] as const) {
      const scores = [0.1, 0.2, 0.4, 0.3, last];
      const {
        run: at,
        result,
        events,
      } = await run(`scored-${last}`, {
        settings: { evaluateEvery: 'epoch' },
        options: { evaluate: async () => ({ meanF1: scores.shift()! }) },
      });
      expect(scores).toEqual([]);
      const final = events.filter((event) => event.kind === 'evaluation').at(-1);
      expect(final).toEqual({ kind: 'evaluation', step: 20, scores: { meanF1: last }, best, averaged: 3 });
      expect((await readMetrics(at.metrics)).at(-1)).toMatchObject({ 'eval.meanF1': last, averaged: 3 });
      expect(result.state.best).toEqual(best ? { score: 0.5, step: 20 } : { score: 0.4, step: 15 });
    }
  });

  test('is what is evaluated then, while the weights themselves stay bitwise as they were', async () => {
    const plain = await run('without', { settings: { averageCheckpoints: null } });
    const averaged = await run('with');
    expect(averaged.state).toEqual(plain.state);
    const ofRun = async (at: RunFolder, file: string) =>
      readSafetensors(join(at.checkpoints, 'step-00000020', file));
    for (const file of ['model.safetensors', 'ema.safetensors', 'optimizer.safetensors']) {
      expect(await ofRun(averaged.run, file)).toEqual(await ofRun(plain.run, file));
    }
  });

  test('takes the epochs that there were, the last cut short by maxSteps', async () => {
    const { run: at } = await run('short', { ...noEvaluation, settings: { maxSteps: 7 } });
    expect((await readdir(at.averaging)).sort()).toEqual(['step-00000005', 'step-00000007']);
    expect((await loadRunWeights(at)).from).toBe(at.best);
  });

  test('leaves frozen parameters out of what it keeps, not out of the result', async () => {
    const optimizer = { learningRate: 0.05, groups: [{ match: ['bias'], frozen: true }] };
    const { run: at } = await run('frozen', { settings: { optimizer } });
    const bias = 'classifier.bias';
    for (const epoch of await kept(at)) expect(Object.keys(epoch)).not.toContain(bias);
    expect([...(await loadRunWeights(at)).weights[bias]!.data]).toEqual([0, 0, 0]);
  });

  test.each(modes.flatMap((mode) => [7, 15, 18].map((step) => [step, mode] as const)))(
    'is the same bit for bit after a run that was interrupted after update %i (%s)',
    async (stopAfter, mode) => {
      const undisturbed = await run(`whole-${stopAfter}-${mode}`, { mode });
      await run(`resumed-${stopAfter}-${mode}`, { mode, stopAfter });
      const resumed = await run(`resumed-${stopAfter}-${mode}`, { mode, resume: true });
      expect(await kept(resumed.run)).toEqual(await kept(undisturbed.run));
      expect(await loadRunWeights(resumed.run)).toMatchObject({
        weights: (await loadRunWeights(undisturbed.run)).weights,
      });
      expect(await records(resumed.run)).toEqual(await records(undisturbed.run));
      expect(resumed.result.state.best).toEqual(undisturbed.result.state.best);
    },
  );
});
