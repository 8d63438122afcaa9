import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Program } from '@reelbert/compiler';
import { readSafetensors, writeSafetensors, type NdArrays } from '@reelbert/data';

import { emptyAccumulators } from './accumulators.js';
import { emaName } from './ema.js';
import { manifestProblem, writeManifest } from './manifest.js';
import type { RunFolder } from './run-folder.js';
import { runStateSchema, type RunState } from './run-state.js';
import { optimizerNames, type TrainingState } from './training-state.js';

/** Writes RUN/checkpoints/step-N, its manifest last, then removes all but the newest `keep`. Returns the folder. */
export async function saveCheckpoint(
  run: RunFolder,
  program: Program,
  training: TrainingState,
  state: RunState,
  keep: number,
): Promise<string> {
  const folder = join(run.checkpoints, `step-${String(state.step).padStart(8, '0')}`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeSafetensors(
    join(folder, 'model.safetensors'),
    await program.read([...training.parameters.keys()]),
  );
  if (training.ema.size > 0) {
    await writeSafetensors(
      join(folder, 'ema.safetensors'),
      await readAverages(program, [...training.ema.keys()]),
    );
  }
  await writeSafetensors(join(folder, 'optimizer.safetensors'), await program.read(optimizerNames(training)));
  await writeFile(join(folder, 'state.json'), JSON.stringify(state, null, 2) + '\n');
  await writeManifest(folder);
  for (const old of (await checkpointFolders(run)).slice(keep))
    await rm(old, { recursive: true, force: true });
  return folder;
}

/**
 * Sets the program's variables to the newest complete checkpoint and returns where the run stood; undefined if there
 * is none. Those that are cut short or damaged are passed over, each with a note.
 */
export async function restoreCheckpoint(
  run: RunFolder,
  program: Program,
  training: TrainingState,
  onNote: (message: string) => void,
): Promise<RunState | undefined> {
  for (const folder of await checkpointFolders(run)) {
    const problem = await manifestProblem(folder);
    if (problem !== undefined) {
      onNote(`passing over ${folder}: ${problem}`);
      continue;
    }
    const state = runStateSchema.parse(JSON.parse(await readFile(join(folder, 'state.json'), 'utf8')));
    await program.write(await readSafetensors(join(folder, 'model.safetensors')));
    if (training.ema.size > 0) {
      const averages = await readSafetensors(join(folder, 'ema.safetensors'));
      await program.write(
        Object.fromEntries(Object.entries(averages).map(([name, value]) => [emaName(name), value])),
      );
    }
    await program.write(await readSafetensors(join(folder, 'optimizer.safetensors')));
    if (training.accumulators) await program.write(emptyAccumulators(training.accumulators));
    return state;
  }
  return undefined;
}

/** A run's checkpoint folders, newest first, complete or not. */
export async function checkpointFolders(run: RunFolder): Promise<string[]> {
  const names = await readdir(run.checkpoints).catch(() => []);
  const steps = names.filter((name) => /^step-\d+$/.test(name));
  return steps
    .sort((a, b) => Number(b.slice(5)) - Number(a.slice(5)))
    .map((name) => join(run.checkpoints, name));
}

/** Replaces RUN/best by the present weights, averaged ones where there are averages, and what they scored. */
export async function saveBest(
  run: RunFolder,
  program: Program,
  training: TrainingState,
  scores: Readonly<Record<string, number>>,
): Promise<void> {
  const unfinished = `${run.best}.partial`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  await writeSafetensors(join(unfinished, 'model.safetensors'), await readWeights(program, training));
  await writeFile(join(unfinished, 'scores.json'), JSON.stringify(scores, null, 2) + '\n');
  await writeManifest(unfinished);
  await rm(run.best, { recursive: true, force: true });
  await rename(unfinished, run.best);
}

/** The weights to use: of each parameter its average if it has one, else itself. */
export async function readWeights(program: Program, training: TrainingState): Promise<NdArrays> {
  const plain = [...training.parameters.keys()].filter((name) => !training.ema.has(name));
  const values = {
    ...(await program.read(plain)),
    ...(await readAverages(program, [...training.ema.keys()])),
  };
  return Object.fromEntries([...training.parameters.keys()].map((name) => [name, values[name]!]));
}

async function readAverages(program: Program, names: readonly string[]): Promise<NdArrays> {
  const averages = await program.read(names.map(emaName));
  return Object.fromEntries(names.map((name) => [name, averages[emaName(name)]!]));
}
