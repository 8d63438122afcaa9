import type { KeyStream } from '@reelbert/engine';
import type * as tf from '@tensorflow/tfjs-core';

import type { ParameterStore } from './parameter-store.js';

/** A batch's fields as tensors; each model documents the names and shapes that it takes. */
export type TensorBatch = Readonly<Record<string, tf.Tensor>>;

/** A field of a batch. Throws, naming it, if the batch lacks it. */
export function batchField(batch: TensorBatch, name: string): tf.Tensor {
  const field = batch[name];
  if (!field) throw new Error(`the batch has no field '${name}'; it has ${Object.keys(batch).join(', ')}`);
  return field;
}

/** What a training loop needs of a model and its objectives. */
export interface Task {
  readonly parameters: ParameterStore;
  /** Names of the parts that `loss` returns. */
  readonly objectives: readonly string[];
  /** The scalar to minimise and its named parts, to log. `keys` null: no dropout. */
  loss(
    batch: TensorBatch,
    keys: KeyStream | null,
  ): { loss: tf.Scalar; parts: Readonly<Record<string, tf.Scalar>> };
}

/** What prediction needs of a model. */
export interface Predictor {
  readonly parameters: ParameterStore;
  /** `[batch, classes]`, without dropout. */
  logits(batch: TensorBatch): tf.Tensor2D;
}
