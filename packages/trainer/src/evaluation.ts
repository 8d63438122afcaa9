import { improves } from './best-score.js';
import { averageKept, withWeights } from './checkpoint-average.js';
import { saveBest } from './checkpoint.js';
import type { MetricsLog } from './metrics-log.js';
import type { RunState } from './run-state.js';
import type { TrainOptions } from './train.js';
import type { TrainingState } from './training-state.js';

/** Scores the present weights, logs that, and keeps the weights in RUN/best if they are the best. Returns the best. */
export async function evaluateAndKeepBest(
  { program, run, settings, evaluate, onProgress }: TrainOptions,
  training: TrainingState,
  state: RunState,
  epoch: number,
  log: MetricsLog,
  averaged?: number,
): Promise<RunState['best']> {
  const scores = await evaluate!();
  const score = scores[settings.bestMetric];
  const isBest = score !== undefined && improves(score, state.best, settings.bestAbove);
  const named = Object.entries(scores).map(([name, value]) => [`eval.${name}`, value]);
  const mark = averaged === undefined ? {} : { averaged };
  await log.append({ step: state.step, epoch, ...mark, ...Object.fromEntries(named) });
  if (isBest) await saveBest(run, program, training, { step: state.step, ...mark, ...scores });
  onProgress?.({ kind: 'evaluation', step: state.step, scores, best: isBest, ...mark });
  return isBest ? { score, step: state.step } : state.best;
}

/**
 * At the end of a run: the mean of the weights after its last epochs is scored like any others and becomes RUN/best if
 * it scores best; without evaluation it becomes RUN/best as it is. The program's own weights stay.
 */
export async function keepAverageIfBest(
  options: TrainOptions,
  training: TrainingState,
  state: RunState,
  epoch: number,
  log: MetricsLog,
): Promise<RunState['best']> {
  const { program, run, settings, evaluate } = options;
  const count = settings.averageCheckpoints!;
  const { weights, epochs } = await averageKept(run, training.trainable, state.step, count);
  return withWeights(program, training, weights, async () => {
    if (evaluate) return evaluateAndKeepBest(options, training, state, epoch, log, epochs);
    await saveBest(run, program, training, { step: state.step, averaged: epochs });
    return null;
  });
}
