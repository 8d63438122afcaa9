import type { Program } from '@reelbert/compiler';
import { InputError, makeKey, type NdArrays } from '@reelbert/data';
import type { Task } from '@reelbert/nn';

import { improves } from './best-score.js';
import { restoreCheckpoint, saveBest, saveCheckpoint } from './checkpoint.js';
import type { TrainingSettings } from './config.js';
import { MetricsLog, type MetricsRecord } from './metrics-log.js';
import { addStep, batchSize, summarize } from './metrics-window.js';
import { prefetch } from './prefetch.js';
import type { TrainingEvent } from './progress.js';
import type { RunFolder } from './run-folder.js';
import { advance, emptyWindow, firstState, type RunState } from './run-state.js';
import { countSteps, isDue, scheduleFactor } from './schedule.js';
import { defineTrainStep, runTrainStep } from './train-step.js';
import { declareTrainingState, writeInitialState, type TrainingState } from './training-state.js';

export interface TrainOptions {
  /** A program of its own, without variables yet, or with those of the task's store. */
  readonly program: Program;
  readonly task: Task;
  readonly settings: TrainingSettings;
  readonly run: RunFolder;
  /**
   * The batches of an epoch from number `from` on: a function of these and of seeds, so that a resumed run sees what
   * an undisturbed one does. An epoch has `stepsPerEpoch` of them.
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
  const totalSteps = countSteps(settings, stepsPerEpoch);
  if (totalSteps === 0)
    throw new InputError({ field: 'batchSize', found: 'no full batch', expected: 'one at least' });
  const training = declareTrainingState(program, task.parameters, settings);
  defineTrainStep(program, task, training, settings);
  let state = await begin(options, training, totalSteps);
  const log = await MetricsLog.open(run.metrics, state.step);

  while (state.step < totalSteps) {
    const { epoch, index } = state;
    for await (const batch of prefetch(options.batches(epoch, index))) {
      if (state.epoch !== epoch) throw new Error(`epoch ${epoch} has more than ${stepsPerEpoch} batches`);
      const factor = scheduleFactor(settings.schedule, state.step, totalSteps);
      const started = performance.now();
      const scalars = await runTrainStep(program, batch, makeKey(settings.seed, 'step', state.step), factor);
      const seconds = (performance.now() - started) / 1000;

      state = advance(state, scalars.finite === 1, seconds);
      state.window = addStep(state.window, scalars, batchSize(batch), seconds);
      onProgress({ kind: 'step', step: state.step, totalSteps, epoch, seconds, scalars });
      if (state.nonFiniteInARow >= settings.maxNonFiniteSteps) throw new NonFiniteError(state);

      const due = (cadence: number | 'epoch') => isDue(cadence, state.step, stepsPerEpoch, totalSteps);
      if (due(settings.logEvery)) {
        await log.append(trainingRecord(state, epoch, settings.optimizer.learningRate * factor));
        state.window = emptyWindow;
      }
      if (options.evaluate && due(settings.evaluateEvery)) {
        state.best = await evaluateAndKeepBest(options, training, state, epoch, log);
      }
      if (due(settings.checkpointEvery) || signal?.aborted) {
        const folder = await saveCheckpoint(run, program, training, state, settings.keepCheckpoints);
        onProgress({ kind: 'checkpoint', step: state.step, folder });
      }
      if (state.step === totalSteps) break;
      if (signal?.aborted) return { interrupted: true, state };
    }
    if (state.epoch === epoch && state.step < totalSteps) {
      throw new Error(`epoch ${epoch} ended after ${state.index} of ${stepsPerEpoch} batches`);
    }
  }
  return { interrupted: false, state };
}

/** Puts the program into the newest checkpoint's state, or into the initial one. */
async function begin(options: TrainOptions, training: TrainingState, totalSteps: number): Promise<RunState> {
  const { program, task, settings, run, stepsPerEpoch, onProgress } = options;
  if (options.resume) {
    const onNote = (message: string) => onProgress?.({ kind: 'note', message });
    const state = await restoreCheckpoint(run, program, training, onNote);
    if (state) {
      checkSameRun(state, run, settings.seed, stepsPerEpoch);
      onProgress?.({ kind: 'resumed', step: state.step, totalSteps });
      return { ...state, totalSteps };
    }
    onNote(`${run.checkpoints} has no complete checkpoint: starting from the beginning`);
  }
  const initial = options.initial ?? task.parameters.initialState(settings.seed);
  await writeInitialState(program, training, settings, initial);
  return firstState(settings.seed, stepsPerEpoch, totalSteps);
}

function checkSameRun(state: RunState, run: RunFolder, seed: number, stepsPerEpoch: number): void {
  const differs = (what: string, was: number, is: number) =>
    new InputError({
      file: run.checkpoints,
      field: what,
      found: String(is),
      expected: `${was}, with which the run began`,
    });
  if (state.seed !== seed) throw differs('seed', state.seed, seed);
  if (state.stepsPerEpoch !== stepsPerEpoch)
    throw differs('steps per epoch', state.stepsPerEpoch, stepsPerEpoch);
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

async function evaluateAndKeepBest(
  { program, run, settings, evaluate, onProgress }: TrainOptions,
  training: TrainingState,
  state: RunState,
  epoch: number,
  log: MetricsLog,
): Promise<RunState['best']> {
  const scores = await evaluate!();
  const score = scores[settings.bestMetric];
  const isBest = score !== undefined && improves(score, state.best);
  const named = Object.entries(scores).map(([name, value]) => [`eval.${name}`, value]);
  await log.append({ step: state.step, epoch, ...Object.fromEntries(named) });
  if (isBest) await saveBest(run, program, training, { step: state.step, ...scores });
  onProgress?.({ kind: 'evaluation', step: state.step, scores, best: isBest });
  return isBest ? { score, step: state.step } : state.best;
}
