import { createProgram, type Program } from '@reelbert/compiler';
import type { NdArrays } from '@reelbert/data';
import type { Task } from '@reelbert/nn';
import {
  loadRunWeights,
  train,
  type RunFolder,
  type RunState,
  type TrainingEvent,
  type TrainingSettings,
} from '@reelbert/trainer';

import { Interrupted } from '../exit-status.js';
import { duration } from '../terminal/rate.js';
import type { Progress, Reporter } from '../terminal/reporter.js';
import type { StageOptions } from './stage-options.js';

export interface TrainingJob {
  readonly stage: string;
  readonly run: RunFolder;
  readonly task: Task;
  readonly settings: TrainingSettings;
  readonly batches: (epoch: number, from: number) => AsyncIterable<NdArrays>;
  readonly stepsPerEpoch: number;
  readonly initial: NdArrays;
  /** Go on from the newest checkpoint. */
  readonly resume: boolean;
  /** Makes the function that scores the present weights. */
  readonly evaluation?: ((program: Program) => () => Promise<Readonly<Record<string, number>>>) | undefined;
}

export interface TrainingOutcome {
  readonly state: RunState;
  /** The run's resulting weights: the best ones where there was an evaluation, else the last. */
  readonly weights: NdArrays;
}

/** Trains a task in a program of its own, showing progress. Throws `Interrupted` when the signal aborts. */
export async function runTraining(job: TrainingJob, options: StageOptions): Promise<TrainingOutcome> {
  const { stage, run, task, settings, batches, stepsPerEpoch, initial, evaluation } = job;
  const { reporter, signal } = options;
  const program = createProgram(options.eager ? { mode: 'eager' } : {});
  const show = showEvents(stage, reporter);
  try {
    const { interrupted, state } = await train({
      program,
      task,
      settings,
      run,
      batches,
      stepsPerEpoch,
      initial,
      evaluate: evaluation?.(program),
      resume: job.resume,
      signal,
      onProgress: show.onEvent,
    });
    show.stop();
    if (interrupted) throw new Interrupted(stage, state.step);
    const { weights } = await loadRunWeights(run);
    reporter.say(`${stage}: ${summary(state, show.lastLoss())} -> ${run.path}`);
    return { state, weights };
  } finally {
    show.stop();
    program.dispose();
  }
}

function showEvents(stage: string, reporter: Reporter) {
  let bar: Progress | undefined;
  let loss = NaN;
  return {
    onEvent(event: TrainingEvent): void {
      if (event.kind === 'step') {
        bar ??= reporter.progress(stage, event.totalSteps, 'steps');
        loss = Number.isNaN(loss) ? event.scalars.loss : 0.9 * loss + 0.1 * event.scalars.loss;
        bar.update(event.step, `| loss ${loss.toFixed(3)}`);
      } else if (event.kind === 'resumed') {
        reporter.say(`${stage}: goes on at step ${event.step} of ${event.totalSteps}`);
      } else if (event.kind === 'note') {
        reporter.say(`${stage}: ${event.message}`);
      }
    },
    lastLoss: () => loss,
    stop: () => bar?.stop(),
  };
}

function summary(state: RunState, loss: number): string {
  const parts = [`${state.step} steps in ${duration(state.seconds)}`];
  if (!Number.isNaN(loss)) parts.push(`loss ${loss.toFixed(3)}`);
  if (state.best) parts.push(`best score ${state.best.score.toFixed(4)} at step ${state.best.step}`);
  if (state.nonFiniteSteps > 0) parts.push(`${state.nonFiniteSteps} steps were not finite`);
  return parts.join(', ');
}
