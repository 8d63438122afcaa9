import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createProgram } from '@reelbert/compiler';
import { readSafetensors } from '@reelbert/data';
import { createRun, readMetrics, train, trainingSettings } from '@reelbert/trainer';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { programModes } from './modes.js';
import { jointPretraining } from './training-cases.js';
import { digests } from './training-run.js';

const modes = await programModes();
const stepsPerEpoch = 4;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parity-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Pretraining {
  readonly resume?: boolean;
  /** Interrupts after this step. */
  readonly stopAfter?: number;
}

async function* batches(epoch: number, from: number) {
  for (let index = from; index < stepsPerEpoch; index++) {
    yield jointPretraining.batch(epoch * stepsPerEpoch + index);
  }
}

/** Pretraining of 12 steps in a program of its own, as a process would have. */
async function pretrain(name: string, { resume = false, stopAfter }: Pretraining = {}) {
  const program = createProgram({ mode: modes[0]! });
  const run = await createRun(join(folder, name), { config: 'training: {}\n', resume });
  const abort = new AbortController();
  try {
    const { interrupted, state } = await train({
      program,
      task: jointPretraining.task(),
      settings: trainingSettings({
        ...jointPretraining.settings,
        epochs: 3,
        ema: { enabled: true, decay: 0.9 },
        checkpointEvery: 3,
        logEvery: 5,
      }),
      run,
      batches,
      stepsPerEpoch,
      resume,
      signal: abort.signal,
      onProgress: (event) => {
        if (event.kind === 'step' && event.step === stopAfter) abort.abort();
      },
    });
    return { interrupted, step: state.step, run };
  } finally {
    program.dispose();
  }
}

async function records(file: string) {
  const clock = ['seconds', 'samplesPerSecond', 'tokensPerSecond', 'peakMemory'];
  return (await readMetrics(file)).map((record) =>
    Object.fromEntries(Object.entries(record).filter(([name]) => !clock.includes(name))),
  );
}

test('pretraining that is interrupted within an epoch and resumed equals an undisturbed one bit for bit', async () => {
  const undisturbed = await pretrain('undisturbed');
  expect(undisturbed).toMatchObject({ interrupted: false, step: 12 });
  expect(await pretrain('resumed', { stopAfter: 5 })).toMatchObject({ interrupted: true, step: 5 });
  const resumed = await pretrain('resumed', { resume: true });
  expect(resumed).toMatchObject({ interrupted: false, step: 12 });

  for (const file of ['model', 'ema', 'optimizer']) {
    const state = (run: typeof resumed.run) =>
      readSafetensors(join(run.checkpoints, 'step-00000012', `${file}.safetensors`));
    const expected = digests(await state(undisturbed.run));
    expect(Object.keys(expected).length).toBeGreaterThan(0);
    expect(digests(await state(resumed.run)), file).toEqual(expected);
  }
  expect(await records(resumed.run.metrics)).toEqual(await records(undisturbed.run.metrics));
});
