import type { NdArrays } from '@reelbert/data';
import * as tf from '@tensorflow/tfjs-core';

import { bertConfigSchema, type BertConfig, type ParameterStore } from '../src/index.js';

/** Fixed, uneven values in about [-1.5, 1.5]. */
export function uneven(shape: readonly number[], phase = 0): tf.Tensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const values = Array.from({ length: size }, (_, i) => 1.5 * Math.sin(1.7 * i + phase));
  return tf.tensor(values, [...shape]);
}

/** A configuration small enough for finite differences, without dropout. */
export const tiny: BertConfig = bertConfigSchema.parse({
  vocabSize: 7,
  hiddenSize: 8,
  numHiddenLayers: 2,
  numAttentionHeads: 2,
  intermediateSize: 12,
  maxPositionEmbeddings: 6,
  hiddenDropoutProb: 0,
  attentionProbsDropoutProb: 0,
});

/** Values in general position for all of a store's parameters, norms near 1. */
export function unevenState(store: ParameterStore): NdArrays {
  const state = [...store.specs.values()].map(({ name, shape, initializer }, i) => {
    const centre = initializer.kind === 'ones' ? 1 : 0;
    const data = Float32Array.from(uneven(shape, i + 0.5).dataSync(), (value) => centre + value / 3);
    return [name, { dtype: 'float32', shape, data }] as const;
  });
  return Object.fromEntries(state);
}

/** A state as tensors. */
export function toTensors(state: NdArrays): Map<string, tf.Tensor> {
  return new Map(
    Object.entries(state).map(([name, { dtype, shape, data }]) => [name, tf.tensor(data, [...shape], dtype)]),
  );
}
