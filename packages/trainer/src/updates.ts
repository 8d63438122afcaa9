import type { HostTensors, Program } from '@reelbert/compiler';
import { makeKey, type NdArrays } from '@reelbert/data';
import type { Task } from '@reelbert/nn';
import type * as tf from '@tensorflow/tfjs-core';

import { accumulate, applyAccumulated } from './accumulation.js';
import type { TrainingSettings } from './config.js';
import { hostScalar } from './host-values.js';
import { batchSize, countedRows, type BatchSize } from './metrics-window.js';
import { defineTrainStep, factorField, keyField, runTrainStep, type StepScalars } from './train-step.js';
import type { TrainingState } from './training-state.js';

/** One update that is done. */
export interface Update {
  /** Means over the batches, weighted by their rows; `gradNorm` and `finite` of the update. */
  readonly scalars: StepScalars;
  /** Of all the update's batches. */
  readonly size: BatchSize;
  /** What it took, without making the batches. */
  readonly seconds: number;
}

/**
 * Takes the next batch of update number `step`; gives the update when that was its last batch. Dropout keys follow from
 * seed, step and the batch's place in it.
 */
export type TakeBatch = (
  batch: NdArrays,
  step: number,
  scheduleFactor: number,
) => Promise<Update | undefined>;

/** Defines the program's training functions: one that updates by each batch, or two for many batches an update. */
export function defineUpdates(
  program: Program,
  task: Task,
  state: TrainingState,
  settings: TrainingSettings,
): TakeBatch {
  if (settings.accumulation > 1) return defineAccumulatedUpdates(program, task, state, settings);
  defineTrainStep(program, task, state, settings);
  return async (batch, step, scheduleFactor) => {
    const started = performance.now();
    const scalars = await runTrainStep(program, batch, makeKey(settings.seed, 'step', step), scheduleFactor);
    return { scalars, size: batchSize(batch), seconds: since(started) };
  };
}

/** What was accumulated of one batch. */
interface Accumulated {
  readonly scalars: Readonly<Record<string, number>>;
  /** Which parameters it has gradients for. */
  readonly touched: ArrayLike<number>;
  readonly rows: number;
  readonly size: BatchSize;
  readonly seconds: number;
}

const rowsField = 'step.rows';

function defineAccumulatedUpdates(
  program: Program,
  task: Task,
  state: TrainingState,
  settings: TrainingSettings,
): TakeBatch {
  program.define('train.accumulate', ({ [keyField]: key, [rowsField]: rows, ...batch }) =>
    accumulate(task, state, settings, { batch, key: key!, rows: rows as tf.Scalar }),
  );
  const apply = defineApplication(program, state, settings);
  let batches: Accumulated[] = [];

  return async (batch, step, scheduleFactor) => {
    const key = makeKey(settings.seed, 'step', step, batches.length);
    batches.push(await runAccumulation(program, batch, key));
    if (batches.length < settings.accumulation) return undefined;
    const complete = batches;
    batches = [];
    const started = performance.now();
    const updated = await apply(complete, scheduleFactor);
    return {
      scalars: { ...meansOverRows(complete), ...updated } as StepScalars,
      size: {
        samples: sum(complete, ({ size }) => size.samples),
        tokens: sum(complete, ({ size }) => size.tokens),
      },
      seconds: sum(complete, ({ seconds }) => seconds) + since(started),
    };
  };
}

async function runAccumulation(program: Program, batch: NdArrays, key: Int32Array): Promise<Accumulated> {
  const started = performance.now();
  const [rows, size] = [countedRows(batch), batchSize(batch)];
  const { touched, ...scalars } = await program.run('train.accumulate', {
    ...batch,
    [keyField]: { dtype: 'int32', shape: [2], data: key },
    [rowsField]: hostScalar(rows),
  });
  return { scalars: numbers(scalars), touched: touched!.data, rows, size, seconds: since(started) };
}

/** Applies what was accumulated to the parameters that had gradients; one function for each set of them. */
function defineApplication(program: Program, state: TrainingState, settings: TrainingSettings) {
  const functions = new Map<string, string>();
  return async (batches: readonly Accumulated[], scheduleFactor: number) => {
    const touched = state.trainable.filter((_, i) => batches.some((batch) => batch.touched[i]));
    const set = touched.join();
    if (!functions.has(set)) {
      functions.set(set, `train.apply.${functions.size}`);
      program.define(functions.get(set)!, ({ [factorField]: factor }) =>
        applyAccumulated(state, settings, touched, factor as tf.Scalar),
      );
    }
    return numbers(await program.run(functions.get(set)!, { [factorField]: hostScalar(scheduleFactor) }));
  };
}

/** Means of the batches' scalars, weighted by their rows. */
function meansOverRows(batches: readonly Accumulated[]): Record<string, number> {
  const rows = Math.max(
    1,
    sum(batches, (batch) => batch.rows),
  );
  const names = Object.keys(batches[0]!.scalars);
  return Object.fromEntries(
    names.map((name) => [name, sum(batches, (batch) => batch.scalars[name]! * batch.rows) / rows]),
  );
}

const numbers = (scalars: HostTensors) =>
  Object.fromEntries(Object.entries(scalars).map(([name, { data }]) => [name, data[0]!]));

const sum = <T>(items: readonly T[], of: (item: T) => number) =>
  items.reduce((total, item) => total + of(item), 0);

const since = (started: number) => (performance.now() - started) / 1000;
