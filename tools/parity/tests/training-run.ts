import { createHash } from 'node:crypto';

import { createProgram } from '@reelbert/compiler';
import { makeKey, type NdArrays } from '@reelbert/data';
import {
  declareTrainingState,
  defineTrainStep,
  optimizerNames,
  runTrainStep,
  scheduleFactor,
  trainingSettings,
  writeInitialState,
} from '@reelbert/trainer';

import type { Mode } from './modes.js';
import type { TrainingCase } from './training-cases.js';

/** Training of a case in a program of its own, from its initial state. */
export async function startTraining({ task: makeTask, settings: input, batch }: TrainingCase, mode: Mode) {
  const program = createProgram({ mode });
  const settings = trainingSettings(input);
  const task = makeTask();
  const state = declareTrainingState(program, task.parameters, settings);
  defineTrainStep(program, task, state, settings);
  await writeInitialState(program, state, settings, task.parameters.initialState(1));
  const averages = [...state.ema.values()].map(({ name }) => name);
  const weights = [...state.parameters.keys(), ...averages];
  return {
    /** Update number `index` of 20, on its own batch if not on another. */
    step: (index: number, on: NdArrays = batch(index)) =>
      runTrainStep(program, on, makeKey('step', index), scheduleFactor(settings.schedule, index, 20)),
    /** Parameters and their averages. */
    weights: () => program.read(weights),
    /** All that a step may change. */
    everything: () => program.read([...weights, ...optimizerNames(state)]),
    dispose: () => program.dispose(),
  };
}

/** A digest of each array's bits. */
export function digests(arrays: NdArrays): Record<string, string> {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, { data }]) => [name, createHash('sha256').update(data).digest('hex')]),
  );
}
