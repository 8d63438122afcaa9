import type { Program } from '@reelbert/compiler';
import { InputError, type NdArrays } from '@reelbert/data';
import type { Task } from '@reelbert/nn';

import { keepForAverage } from './checkpoint-average.js';
import { restoreCheckpoint, saveCheckpoint } from './checkpoint.js';
import type { TrainingSettings } from './config.js';
import { evaluateAndKeepBest, keepAverageIfBest } from './evaluation.js';
import { MetricsLog, type MetricsRecord } from './metrics-log.js';
import { addStep, summarize } from './metrics-window.js';
import { prefetch } from './prefetch.js';
import type { TrainingEvent } from './progress.js';
import type { RunFolder } from './run-folder.js';
import { advance, emptyWindow, firstState, type RunState } from './run-state.js';
import { countSteps, isDue, scheduleFactor, updatesPerEpoch } from './schedule.js';
import { declareTrainingState, writeInitialState, type TrainingState } from './training-state.js';
import { defineUpdates } from './updates.js';

export interface TrainOptions {
  /** A program of its own, without variables yet, or with those of the task's store. */
  readonly program: Program;
  readonly task: Task;
  readonly settings: TrainingSettings;
  readonly run: RunFolder;
  /**
   * The batches of an epoch from number `from` on: a function of these and of seeds, so that a resumed run sees what
   * an undisturbed one does. An epoch has `stepsPerEpoch` of them; an update takes `settings.accumulation`, and what is
   * left at an epoch's end is left out.
   */
  readonly batches: (epoch: number, from: number) => AsyncIterable<NdArrays>;
  readonly stepsPerEpoch: number;
  /** Initial values of all parameters; default: the store's initializers, seeded with `settings.seed`. */
  readonly initial?: NdArrays | undefined;
  /** Scores of the present weights (see `evaluator`), logged as `eval.NAME`. */
  readonly evaluate?: (() => Promise<Readonly<Record<string, number>>>) | undefined;
  /** Go on from the newest complete checkpoint, if there is one. */
  readonly resume?: boolean | undefined;
  /** When it aborts, the step at hand is finished, a checkpoint is saved, and `train` returns. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((event: TrainingEvent) => void) | undefined;
}

export interface TrainResult {
  /** The signal aborted before the end; `resume` does the rest. */
  readonly interrupted: boolean;
  readonly state: RunState;
}

/** Too many steps in a row were not finite. */
export class NonFiniteError extends Error {
  constructor(state: RunState) {
    super(
      `the loss or its gradients were not finite in ${state.nonFiniteInARow} steps in a row, ` +
        `up to step ${state.step}; a lower learning rate, longer warm-up or clipNorm may help`,
    );
  }
}

/** Trains a task to the end of its schedule; the run's folder then holds metrics, checkpoints and best weights. */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { program, task, settings, run, stepsPerEpoch, signal, onProgress = () => undefined } = options;
  const perEpoch = updatesPerEpoch(stepsPerEpoch, settings.accumulation);
  const totalSteps = countSteps(settings, perEpoch);
  if (totalSteps === 0) throw tooFewBatches(stepsPerEpoch, settings.accumulation);
  const training = declareTrainingState(program, task.parameters, settings);
  const takeBatch = defineUpdates(program, task, training, settings);
  let state = await begin(options, training, totalSteps);
  const log = await MetricsLog.open(run, state.step);

  while (state.step < totalSteps) {
    const { epoch, index } = state;
    let taken = index;
    for await (const batch of prefetch(options.batches(epoch, index))) {
      if (taken++ >= stepsPerEpoch) throw new Error(`epoch ${epoch} has more than ${stepsPerEpoch} batches`);
      if (state.epoch !== epoch) continue; // too few are left for an update
      const factor = scheduleFactor(settings.schedule, state.step, totalSteps);
      const update = await takeBatch(batch, state.step, factor);
      if (!update) continue;

      const { scalars, size, seconds } = update;
      state = advance(state, scalars.finite === 1, seconds);
      state.window = addStep(state.window, scalars, size, seconds);
      onProgress({ kind: 'step', step: state.step, totalSteps, epoch, seconds, scalars });
      if (state.nonFiniteInARow >= settings.maxNonFiniteSteps) throw new NonFiniteError(state);

      const due = (cadence: number | 'epoch') => isDue(cadence, state.step, perEpoch, totalSteps);
      if (due(settings.logEvery)) {
        await log.append(trainingRecord(state, epoch, settings.optimizer.learningRate * factor));
        state.window = emptyWindow;
      }
      if (options.evaluate && due(settings.evaluateEvery)) {
        state.best = await evaluateAndKeepBest(options, training, state, epoch, log);
      }
      if (settings.averageCheckpoints !== null && due('epoch')) {
        await keepForAverage(run, program, training, state.step, settings.averageCheckpoints);
        if (state.step === totalSteps) {
          state.best = await keepAverageIfBest(options, training, state, epoch, log);
        }
      }
      if (due(settings.checkpointEvery) || signal?.aborted) {
        const folder = await saveCheckpoint(run, program, training, state, settings.keepCheckpoints);
        onProgress({ kind: 'checkpoint', step: state.step, folder });
      }
      if (state.step === totalSteps) break;
      if (signal?.aborted) return { interrupted: true, state };
    }
    if (taken < stepsPerEpoch && state.step < totalSteps) {
      throw new Error(`epoch ${epoch} ended after ${taken} of ${stepsPerEpoch} batches`);
    }
  }
  return { interrupted: false, state };
}

/** Puts the program into the newest checkpoint's state, or into the initial one. */
async function begin(options: TrainOptions, training: TrainingState, totalSteps: number): Promise<RunState> {
  const { program, task, settings, run, stepsPerEpoch, onProgress } = options;
  const { seed, accumulation } = settings;
  if (options.resume) {
    const onNote = (message: string) => onProgress?.({ kind: 'note', message });
    const state = await restoreCheckpoint(run, program, training, onNote);
    if (state) {
      checkSameRun(state, { seed, stepsPerEpoch, accumulation }, run);
      onProgress?.({ kind: 'resumed', step: state.step, totalSteps });
      return { ...state, totalSteps };
    }
    onNote(`${run.checkpoints} has no complete checkpoint: starting from the beginning`);
  }
  const initial = options.initial ?? task.parameters.initialState(settings.seed);
  await writeInitialState(program, training, settings, initial);
  return firstState({ seed, stepsPerEpoch, accumulation, totalSteps });
}

/** A run is resumed as it was begun: with the same batches, of which the same number makes an update. */
function checkSameRun(
  state: RunState,
  given: Pick<RunState, 'seed' | 'stepsPerEpoch' | 'accumulation'>,
  run: RunFolder,
): void {
  const names = { seed: 'seed', stepsPerEpoch: 'steps per epoch', accumulation: 'accumulation' };
  for (const field of ['seed', 'stepsPerEpoch', 'accumulation'] as const) {
    if (state[field] === given[field]) continue;
    throw new InputError({
      file: run.checkpoints,
      field: names[field],
      found: String(given[field]),
      expected: `${state[field]}, with which the run began`,
    });
  }
}

function tooFewBatches(batches: number, accumulation: number): InputError {
  if (batches === 0)
    return new InputError({ field: 'batchSize', found: 'no full batch', expected: 'one at least' });
  return new InputError({
    field: 'accumulation',
    found: `${accumulation}, with ${batches} batches an epoch`,
    expected: `at most ${batches}`,
  });
}

function trainingRecord(state: RunState, epoch: number, learningRate: number): MetricsRecord {
  return {
    step: state.step,
    epoch,
    seconds: state.seconds,
    lr: learningRate,
    ...summarize(state.window),
    peakMemory: process.resourceUsage().maxRSS * 1024,
  };
}
