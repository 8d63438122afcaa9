import { applyAdam, type StateVariable } from '@reelbert/compiler';
import * as tf from '@tensorflow/tfjs-core';

import type { OptimizerSettings } from './config.js';
import type { NamedTensors } from './gradients.js';
import type { ParameterRule } from './parameter-groups.js';

/** What AdamW updates and by which rules. */
export interface Optimized {
  readonly parameters: ReadonlyMap<string, StateVariable>;
  readonly rules: readonly ParameterRule[];
  readonly optimizer: OptimizerState;
}

/** AdamW's moments by parameter name, and how far it has come. */
export interface OptimizerState {
  readonly m: ReadonlyMap<string, StateVariable>;
  readonly v: ReadonlyMap<string, StateVariable>;
  /** beta1^t and beta2^t of the coming update t, counted from 1: never 1, so a bias correction never divides by 0. */
  readonly beta1Power: StateVariable;
  readonly beta2Power: StateVariable;
}

/**
 * One AdamW update (Loshchilov & Hutter 2019) of every parameter that has a gradient; the others stay, undecayed.
 *
 * `adamw`: as torch.optim.AdamW: p <- p - lr wd p, then Adam with epsilon beside the bias-corrected sqrt(v). TensorFlow
 * puts epsilon beside the uncorrected one, hence its factor sqrt(1 - beta2^t).
 * `adamw-reference`: as transformers had it: Adam with epsilon unscaled, then p <- p - lr wd p with the updated p.
 *
 * Where `finite` is false nothing changes: the learning rate is 0 and both betas are 1. (The gradients must be zero.)
 */
export function applyAdamW(
  settings: OptimizerSettings,
  { parameters, rules, optimizer: state }: Optimized,
  gradients: NamedTensors,
  scheduleFactor: tf.Scalar,
  finite: tf.Tensor,
): void {
  const ofTorch = settings.kind === 'adamw';
  const beta1 = tf.where(finite, settings.beta1, 1);
  const beta2 = tf.where(finite, settings.beta2, 1);
  const [beta1Power, beta2Power] = [state.beta1Power.read(), state.beta2Power.read()];
  const correction = tf.sqrt(tf.sub(1, beta2Power));
  const epsilon = ofTorch ? tf.mul(settings.epsilon, correction) : tf.scalar(settings.epsilon);
  const factor = tf.where(finite, scheduleFactor, 0);
  const rate = cached((learningRate) => tf.mul(factor, learningRate));

  for (const { name, learningRate, weightDecay } of rules) {
    const gradient = gradients.get(name);
    if (!gradient) continue;
    const variable = parameters.get(name)!;
    const decay = () => {
      if (weightDecay === 0) return;
      variable.assign(tf.mul(variable.read(), tf.sub(1, tf.mul(rate(learningRate), weightDecay))));
    };
    if (ofTorch) decay();
    const [m, v] = [state.m.get(name)!, state.v.get(name)!];
    const terms = { learningRate: rate(learningRate), beta1Power, beta2Power, beta1, beta2, epsilon };
    applyAdam({ variable, m, v, gradient, ...terms });
    if (!ofTorch) decay();
  }
  state.beta1Power.assign(tf.mul(beta1Power, beta1));
  state.beta2Power.assign(tf.mul(beta2Power, beta2));
}

function cached<T>(make: (key: number) => T): (key: number) => T {
  const made = new Map<number, T>();
  return (key) => {
    if (!made.has(key)) made.set(key, make(key));
    return made.get(key)!;
  };
}
