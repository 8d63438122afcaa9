import type { Task } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';

import type { TrainingSettings } from './config.js';
import { applyGradients, stepGradients, type PassInputs } from './train-step.js';
import type { TrainingState } from './training-state.js';

export interface AccumulationInputs extends PassInputs {
  /** float32 []: how many rows of the batch count. */
  readonly rows: tf.Scalar;
}

/**
 * Adds a batch's gradients to the accumulators, weighted by its rows; adversarial passes attack each batch by itself.
 *
 * Returns the scalars of the passes and `touched`, int32 `[trainable]`: 1 = the parameter has a gradient here.
 */
export function accumulate(
  task: Task,
  state: TrainingState,
  settings: TrainingSettings,
  inputs: AccumulationInputs,
): Record<string, tf.Tensor> {
  const { gradients, losses, scalars } = stepGradients(task, state, settings, inputs);
  const sums = state.accumulators!;
  for (const [name, gradient] of gradients) {
    sums.gradients.get(name)!.assignAdd(tf.mul(gradient, inputs.rows));
  }
  sums.losses.assignAdd(tf.mul(losses, inputs.rows));
  sums.rows.assignAdd(inputs.rows);
  const touched = state.trainable.map((name) => (gradients.has(name) ? 1 : 0));
  return { ...scalars, touched: tf.tensor1d(touched, 'int32') };
}

/**
 * Updates the parameters named in `touched` by the accumulated gradients, which are the mean over all rows, and empties
 * the accumulators. If one batch wasn't finite, neither is the sum, and nothing else changes.
 *
 * Returns `gradNorm` (of the mean, before clipping) and `finite`.
 */
export function applyAccumulated(
  state: TrainingState,
  settings: TrainingSettings,
  touched: readonly string[],
  scheduleFactor: tf.Scalar,
): { gradNorm: tf.Scalar; finite: tf.Tensor } {
  const sums = state.accumulators!;
  const rows = tf.maximum(sums.rows.read(), 1);
  const mean = (name: string) => tf.div(sums.gradients.get(name)!.read(), rows);
  const gradients = new Map(touched.map((name) => [name, mean(name)]));
  const losses = sums.losses.read() as tf.Scalar;
  const updated = applyGradients(state, settings, gradients, losses, scheduleFactor);
  for (const variable of [...sums.gradients.values(), sums.losses, sums.rows]) {
    variable.assign(tf.zeros([...variable.shape]));
  }
  return updated;
}
