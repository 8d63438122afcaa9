import type { HostTensor, Program } from '@reelbert/compiler';
import type { NdArrays } from '@reelbert/data';
import { KeyStream } from '@reelbert/engine';
import type { Task, TensorBatch } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';

import { adversarialGradients } from './adversarial.js';
import type { TrainingSettings } from './config.js';
import { updateEma } from './ema.js';
import { clipGradients, globalNorm, lossAndGradients, zeroUnless, type NamedTensors } from './gradients.js';
import { applyAdamW } from './optimizer.js';
import type { TrainingState } from './training-state.js';

/** What one update depends on beside the state. */
export interface StepInputs {
  readonly batch: TensorBatch;
  /** int32 [2]; every dropout site of every pass draws from it with a key of its own. */
  readonly key: tf.Tensor;
  /** The schedule's factor on all learning rates. */
  readonly scheduleFactor: tf.Scalar;
}

/**
 * One update: a function of (state, batch, key, schedule factor), recorded once a batch shape. A step whose loss or
 * gradients aren't finite changes no variable and returns `finite` 0.
 *
 * Returns scalars: `loss`, `gradNorm` (before clipping), `finite`, `adversarialLoss` if there is an adversarial pass,
 * and each of the loss's parts as `part.NAME`.
 */
export function trainStep(task: Task, state: TrainingState, settings: TrainingSettings, inputs: StepInputs) {
  const keys = new KeyStream(inputs.key);
  const values = new Map([...state.parameters].map(([name, variable]) => [name, variable.read()]));
  const pass = (at: NamedTensors) => lossAndGradients(task, at, state.trainable, inputs.batch, keys);

  const clean = pass(values);
  const adversarial = adversarialGradients(settings.adversarial, state.perturbed, values, clean, pass);
  let gradients = adversarial.gradients;

  const gradNorm = globalNorm(gradients.values());
  if (settings.clipNorm !== null) gradients = clipGradients(gradients, gradNorm, settings.clipNorm);

  const finite = tf.logicalAnd(tf.isFinite(gradNorm), tf.isFinite(tf.add(clean.loss, adversarial.loss)));
  gradients = zeroUnless(finite, gradients);

  const { scheduleFactor } = inputs;
  applyAdamW(settings.optimizer, state, gradients, scheduleFactor, finite);
  updateEma(state.ema, state.parameters, settings.ema.decay, finite);

  return {
    loss: clean.loss,
    gradNorm,
    finite: tf.cast(finite, 'int32'),
    ...(settings.adversarial.kind !== 'none' && { adversarialLoss: adversarial.loss }),
    ...Object.fromEntries(Object.entries(clean.parts).map(([name, part]) => [`part.${name}`, part])),
  };
}

const keyField = 'step.key';
const factorField = 'step.scheduleFactor';

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
  const inputs: Record<string, HostTensor> = {
    ...batch,
    [keyField]: { dtype: 'int32', shape: [2], data: key },
    [factorField]: { dtype: 'float32', shape: [], data: Float32Array.of(scheduleFactor) },
  };
  const outputs = await program.run('train', inputs);
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { data }]) => [name, data[0]!]),
  ) as StepScalars;
}
