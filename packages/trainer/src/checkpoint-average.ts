import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Program } from '@reelbert/compiler';
import { readSafetensors, writeSafetensors, type NdArray, type NdArrays } from '@reelbert/data';

import { readWeights } from './checkpoint.js';
import { emaName } from './ema.js';
import { manifestProblem, writeManifest } from './manifest.js';
import type { RunFolder } from './run-folder.js';
import type { TrainingState } from './training-state.js';

const weightsFile = 'model.safetensors';

/**
 * Keeps the trainable weights as they are after `step` updates (their moving averages, where those are on) in
 * RUN/averaging/step-N, and of those kept before the newest, `count` in all.
 */
export async function keepForAverage(
  run: RunFolder,
  program: Program,
  training: TrainingState,
  step: number,
  count: number,
): Promise<void> {
  const folder = join(run.averaging, `step-${String(step).padStart(8, '0')}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const weights = await readWeights(program, training);
  const trained = training.trainable.map((name) => [name, weights[name]!] as const);
  await writeSafetensors(join(folder, weightsFile), Object.fromEntries(trained));
  await writeManifest(folder);
  for (const old of (await keptFolders(run, step)).slice(count)) {
    await rm(old, { recursive: true, force: true });
  }
}

/**
 * The mean of those newest `count` weights kept after at most `step` updates, and of how many it is: checkpoint averaging, as in
 * stochastic weight averaging (Izmailov et al. 2018) but along the run's own schedule (Vaswani et al. 2017, section 6.1).
 */
export async function averageKept(
  run: RunFolder,
  names: readonly string[],
  step: number,
  count: number,
): Promise<{ weights: NdArrays; epochs: number }> {
  const folders: string[] = [];
  for (const folder of (await keptFolders(run, step)).slice(0, count)) {
    if ((await manifestProblem(folder)) === undefined) folders.push(folder);
  }
  const files = folders.map((folder) => join(folder, weightsFile));
  const weights: Record<string, NdArray> = {};
  for (const name of names) weights[name] = await meanOf(name, files);
  return { weights, epochs: files.length };
}

/** The running mean of one tensor over files: exact where they agree, and one file's tensor in memory at a time. */
async function meanOf(name: string, files: readonly string[]): Promise<NdArray> {
  const [first, ...others] = files as [string, ...string[]];
  const { shape, data } = (await readSafetensors(first, { names: [name] }))[name]!;
  const mean = data as Float32Array;
  for (const [i, file] of others.entries()) {
    const next = (await readSafetensors(file, { names: [name] }))[name]!.data;
    for (let j = 0; j < mean.length; j++) mean[j]! += (next[j]! - mean[j]!) / (i + 2);
  }
  return { dtype: 'float32', shape, data: mean };
}

/**
 * Runs `body` with other weights in the place of those that are evaluated and kept as the best (moving averages, where
 * those are on), then puts the present ones back, bit for bit.
 */
export async function withWeights<T>(
  program: Program,
  training: TrainingState,
  weights: NdArrays,
  body: () => Promise<T>,
): Promise<T> {
  const place = (name: string) => (training.ema.has(name) ? emaName(name) : name);
  const given = Object.fromEntries(Object.entries(weights).map(([name, value]) => [place(name), value]));
  const present = await program.read(Object.keys(given));
  await program.write(given);
  try {
    return await body();
  } finally {
    await program.write(present);
  }
}

/** Folders of weights after at most `step` updates, newest first. */
async function keptFolders(run: RunFolder, step: number): Promise<string[]> {
  const names = (await readdir(run.averaging)).filter((name) => /^step-\d+$/.test(name));
  const steps = names.map((name) => [Number(name.slice(5)), join(run.averaging, name)] as const);
  return steps
    .filter(([at]) => at <= step)
    .sort(([a], [b]) => b - a)
    .map(([, folder]) => folder);
}
