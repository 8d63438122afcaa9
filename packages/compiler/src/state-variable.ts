import type * as tf from '@tensorflow/tfjs-core';

import type { DType } from './host-tensor.js';

/**
 * A named piece of state that outlives a call: weights, optimizer moments, averages. Its operations are used inside
 * a program's functions and happen in program order, compiled or op by op.
 */
export interface StateVariable {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** The value at this point of the function; later updates don't change a tensor already read. */
  read(): tf.Tensor;
  /** Replaces the value; throws if shape or type differ. */
  assign(value: tf.Tensor): void;
  /** Adds to the value in place. */
  assignAdd(delta: tf.Tensor): void;
  /** See `applyAdam`. */
  applyAdam(update: AdamTerms): void;
}

/** What one Adam update needs beside the variable itself; all but the moments and the gradient are scalars. */
export interface AdamTerms {
  readonly m: StateVariable;
  readonly v: StateVariable;
  readonly gradient: tf.Tensor;
  readonly learningRate: tf.Tensor;
  /** beta1 to the power of the step's number (1 at the first step: beta1 itself). */
  readonly beta1Power: tf.Tensor;
  readonly beta2Power: tf.Tensor;
  readonly beta1: tf.Tensor;
  readonly beta2: tf.Tensor;
  readonly epsilon: tf.Tensor;
}

export interface AdamUpdate extends AdamTerms {
  readonly variable: StateVariable;
}

/**
 * Adam (Kingma & Ba 2015) in TensorFlow's form, with epsilon outside the bias correction:
 * `m += (1-beta1)(g-m)`, `v += (1-beta2)(g*g-v)`,
 * `variable -= learningRate * sqrt(1-beta2Power)/(1-beta1Power) * m/(sqrt(v)+epsilon)`.
 */
export function applyAdam(update: AdamUpdate): void {
  update.variable.applyAdam(update);
}

/** Throws unless `value`, a tensor here or on the host, can stand in the variable. */
export function checkFits(
  variable: StateVariable,
  value: { readonly shape: readonly number[]; readonly dtype: string },
): void {
  const shape = value.shape.join(', ');
  if (shape !== variable.shape.join(', ') || value.dtype !== variable.dtype) {
    throw new TypeError(
      `variable '${variable.name}' is ${variable.dtype} [${variable.shape.join(', ')}]; ` +
        `it can't take ${value.dtype} [${shape}]`,
    );
  }
}
