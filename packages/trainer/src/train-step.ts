import type { Program } from '@reelbert/compiler';
import type { NdArrays } from '@reelbert/data';
import { KeyStream, withComputation, type Computation } from '@reelbert/engine';
import type { Task, TensorBatch } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';

import { adversarialGradients } from './adversarial.js';
import type { TrainingSettings } from './config.js';
import { updateEma } from './ema.js';
import { clipGradients, globalNorm, lossAndGradients, zerosUnless, type NamedTensors } from './gradients.js';
import { hostScalar } from './host-values.js';
import { applyAdamW } from './optimizer.js';
import type { TrainingState } from './training-state.js';

/** What the passes over a batch depend on beside the state. */
export interface PassInputs {
  readonly batch: TensorBatch;
  /** int32 [2]; every dropout site of every pass draws from it with a key of its own. */
  readonly key: tf.Tensor;
}

/** What one update depends on beside the state. */
export interface StepInputs extends PassInputs {
  /** The schedule's factor on all learning rates. */
  readonly scheduleFactor: tf.Scalar;
}

/** Gradients to update by, and what came of the passes that gave them. */
export interface StepGradients {
  readonly gradients: NamedTensors;
  /** Finite if all of the passes' losses are. */
  readonly losses: tf.Scalar;
  /** `loss`, `adversarialLoss` if there is an adversarial pass, and each of the loss's parts as `part.NAME`. */
  readonly scalars: Readonly<Record<string, tf.Scalar>>;
}

/**
 * One update: a function of (state, batch, key, schedule factor), recorded once a batch shape. A step whose loss or
 * gradients aren't finite changes no variable and returns `finite` 0.
 *
 * Returns the scalars of the passes, `gradNorm` (before clipping) and `finite`.
 */
export function trainStep(task: Task, state: TrainingState, settings: TrainingSettings, inputs: StepInputs) {
  const passed = stepGradients(task, state, settings, inputs);
  const updated = applyGradients(state, settings, passed.gradients, passed.losses, inputs.scheduleFactor);
  const { loss, ...others } = passed.scalars;
  return { loss: loss!, ...updated, ...others };
}

/** The gradients of the loss on a batch, those of the adversarial passes added. Changes no variable. */
export function stepGradients(
  task: Task,
  state: TrainingState,
  settings: TrainingSettings,
  { batch, key }: PassInputs,
): StepGradients {
  const keys = new KeyStream(key);
  const values = new Map([...state.parameters].map(([name, variable]) => [name, variable.read()]));
  const pass = (at: NamedTensors) =>
    withComputation(computationOf(settings), () => lossAndGradients(task, at, state.trainable, batch, keys));

  const clean = pass(values);
  const adversarial = adversarialGradients(settings.adversarial, state.perturbed, values, clean, pass);
  return {
    gradients: adversarial.gradients,
    losses: tf.add(clean.loss, adversarial.loss),
    scalars: {
      loss: clean.loss,
      ...(settings.adversarial.kind !== 'none' && { adversarialLoss: adversarial.loss }),
      ...Object.fromEntries(Object.entries(clean.parts).map(([name, part]) => [`part.${name}`, part])),
    },
  };
}

/** How a training's passes are computed. Evaluation is always float32. */
function computationOf({ precision, memory }: TrainingSettings): Computation {
  return { ...memory, precision: precision === 'float32' ? 'float32' : 'bf16' };
}

/** Updates the parameters, moments and averages by the gradients, clipped; where they or `losses` aren't finite, nothing. */
export function applyGradients(
  state: TrainingState,
  settings: TrainingSettings,
  gradients: NamedTensors,
  losses: tf.Scalar,
  scheduleFactor: tf.Scalar,
): { gradNorm: tf.Scalar; finite: tf.Tensor } {
  const gradNorm = globalNorm(gradients.values());
  const clipped =
    settings.clipNorm === null ? gradients : clipGradients(gradients, gradNorm, settings.clipNorm);

  const finite = tf.logicalAnd(tf.isFinite(gradNorm), tf.isFinite(losses));
  applyAdamW(settings.optimizer, state, zerosUnless(finite, clipped), scheduleFactor, finite);
  updateEma(state.ema, state.parameters, settings.ema.decay, finite);
  return { gradNorm, finite: tf.cast(finite, 'int32') };
}

export const keyField = 'step.key';
export const factorField = 'step.scheduleFactor';

/** Names `trainStep` as the program's function `train`. */
export function defineTrainStep(
  program: Program,
  task: Task,
  state: TrainingState,
  settings: TrainingSettings,
): void {
  program.define('train', ({ [keyField]: key, [factorField]: factor, ...batch }) =>
    trainStep(task, state, settings, { batch, key: key!, scheduleFactor: factor as tf.Scalar }),
  );
}

/** Scalars that an update returned, by name. */
export type StepScalars = Readonly<Record<string, number>> & {
  readonly loss: number;
  readonly gradNorm: number;
};

/** Runs one update of the program's function `train`. */
export async function runTrainStep(
  program: Program,
  batch: NdArrays,
  key: Int32Array,
  scheduleFactor: number,
): Promise<StepScalars> {
  const outputs = await program.run('train', {
    ...batch,
    [keyField]: { dtype: 'int32', shape: [2], data: key },
    [factorField]: hostScalar(scheduleFactor),
  });
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { data }]) => [name, data[0]!]),
  ) as StepScalars;
}
