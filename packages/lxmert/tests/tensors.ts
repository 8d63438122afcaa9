import { Random, type NdArray, type NdArrays } from '@reelbert/data';
import type { ParameterStore, TensorBatch } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';

import { lxmertConfigSchema } from '../src/index.js';

/** A small sound model, without dropout. */
export const tiny = lxmertConfigSchema.parse({
  text: {
    vocabSize: 13,
    hiddenSize: 8,
    numHiddenLayers: 1,
    numAttentionHeads: 2,
    intermediateSize: 12,
    maxPositionEmbeddings: 7,
    hiddenDropoutProb: 0,
    attentionProbsDropoutProb: 0,
    initializerRange: 0.5,
  },
  frameDim: 8,
  visualLayers: 1,
  crossLayers: 2,
});

export function int32(shape: readonly number[], data: readonly number[]): NdArray {
  return { dtype: 'int32', shape, data: Int32Array.from(data) };
}

/** Normal numbers that depend on the key alone. */
export function noise(shape: readonly number[], ...key: (string | number)[]): NdArray {
  const random = new Random(...key);
  const size = shape.reduce((product, extent) => product * extent, 1);
  return { dtype: 'float32', shape, data: Float32Array.from({ length: size }, () => random.normal()) };
}

/** Two rows of 5 tokens and 3 frames; the first has 3 tokens and 2 frames, the rest is padding. */
export function tinyBatch(): NdArrays {
  return {
    inputIds: int32([2, 5], [3, 7, 9, 0, 0, 3, 8, 8, 11, 4]),
    textMask: int32([2, 5], [1, 1, 1, 0, 0, 1, 1, 1, 1, 1]),
    frames: noise([2, 3, 8], 'frames'),
    frameMask: int32([2, 3], [1, 1, 0, 1, 1, 1]),
    labels: int32([2], [1, 4]),
  };
}

export function toTensor({ data, shape, dtype }: NdArray): tf.Tensor {
  return tf.tensor(data.slice(), [...shape], dtype);
}

export function toTensors(batch: NdArrays): TensorBatch {
  return Object.fromEntries(Object.entries(batch).map(([name, value]) => [name, toTensor(value)]));
}

/** A value for each of a store's parameters. */
export function valuesOf(store: ParameterStore, state: NdArrays = store.initialState(5)) {
  return new Map([...store.specs.keys()].map((name) => [name, toTensor(state[name]!)]));
}

/** The same values with one of them changed. */
export function changed(
  values: ReadonlyMap<string, tf.Tensor>,
  name: string,
  change: (value: tf.Tensor) => tf.Tensor,
): ReadonlyMap<string, tf.Tensor> {
  return new Map(values).set(name, change(values.get(name)!));
}

/** A scalar and its gradients by the parameters named. */
export function gradientsOf(
  store: ParameterStore,
  values: ReadonlyMap<string, tf.Tensor>,
  names: readonly string[],
  loss: () => tf.Scalar,
): { loss: number; gradients: ReadonlyMap<string, Float32Array> } {
  const { value, grads } = tf.valueAndGrads((...tensors: tf.Tensor[]) => {
    const bound = new Map(values);
    names.forEach((name, i) => bound.set(name, tensors[i]!));
    return store.bind(bound, loss);
  })(names.map((name) => values.get(name)!));
  return {
    loss: value.dataSync()[0]!,
    gradients: new Map(names.map((name, i) => [name, grads[i]!.dataSync<'float32'>()])),
  };
}
