import { sumOfSquares, zeroUnless, type KeyStream } from '@reelbert/engine';
import type { Task, TensorBatch } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';

/** Tensors by parameter name. */
export type NamedTensors = ReadonlyMap<string, tf.Tensor>;

/** A loss with its parts, and its gradient by every parameter that it depends on. */
export interface LossAndGradients {
  readonly loss: tf.Scalar;
  readonly parts: Readonly<Record<string, tf.Scalar>>;
  readonly gradients: NamedTensors;
}

/**
 * The task's loss at `values` (all its parameters) and the gradient by those named in `trainable`. A parameter that
 * the loss doesn't depend on has no gradient: that isn't a gradient of zero, which would let weight decay act.
 */
export function lossAndGradients(
  task: Task,
  values: NamedTensors,
  trainable: readonly string[],
  batch: TensorBatch,
  keys: KeyStream | null,
): LossAndGradients {
  const kept: Record<string, tf.Scalar> = {};
  const forward = () => {
    const { loss, parts } = task.parameters.bind(values, () => task.loss(batch, keys));
    for (const [name, part] of Object.entries(parts)) kept[name] = tf.keep(tf.clone(part));
    return loss;
  };
  const differentiated = trainable.map((name) => values.get(name)!);
  const { value, grads } = tf.engine().gradients(forward, differentiated, undefined, true);

  const parts = Object.fromEntries(Object.entries(kept).map(([name, part]) => [name, tf.clone(part)]));
  tf.dispose(kept);
  const gradients = new Map(
    trainable.flatMap((name, i) => (grads[i] ? [[name, grads[i]] as [string, tf.Tensor]] : [])),
  );
  return { loss: value as tf.Scalar, parts, gradients };
}

/**
 * sqrt(sum of squares) over all the tensors: a scalar that isn't finite if one of their elements isn't, or if their
 * squares overflow, as they would in Adam's second moments.
 */
export function globalNorm(tensors: Iterable<tf.Tensor>): tf.Scalar {
  const squares = [...tensors].map(sumOfSquares);
  return tf.sqrt(squares.length > 0 ? tf.addN(squares) : tf.scalar(0)) as tf.Scalar;
}

/** Gradients scaled down to a global norm of at most `clipNorm`, as torch does it (norm + 1e-6 in the denominator). */
export function clipGradients(gradients: NamedTensors, norm: tf.Scalar, clipNorm: number): NamedTensors {
  const scale = tf.minimum(1, tf.div(clipNorm, tf.add(norm, 1e-6)));
  return new Map([...gradients].map(([name, gradient]) => [name, tf.mul(gradient, scale)]));
}

/** The gradients themselves where `finite` holds, else zeros. */
export function zerosUnless(finite: tf.Tensor, gradients: NamedTensors): NamedTensors {
  return new Map([...gradients].map(([name, gradient]) => [name, zeroUnless(finite, gradient)]));
}
