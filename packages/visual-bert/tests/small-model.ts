// A small model and clips of random words and frames, for what must hold of any values.
import {
  assemblePretrainingBatch,
  chooseMasking,
  Random,
  type NdArrays,
  type PretrainingChoices,
  type PretrainingOptions,
  type PretrainingSample,
} from '@reelbert/data';
import type { ParameterStore } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';

import { visualBertConfigSchema, type VisualBertConfig, type VisualBertConfigInput } from '../src/index.js';
import { allObjectives } from './golden-batches.js';

export const special = { pad: 0, unk: 1, cls: 2, sep: 3, mask: 4 } as const;
export const frameDim = 5;
export const vocabularySize = 40;

/** Without dropout. */
export const smallText = {
  vocabSize: vocabularySize,
  hiddenSize: 16,
  numHiddenLayers: 2,
  numAttentionHeads: 2,
  intermediateSize: 24,
  maxPositionEmbeddings: 16,
  initializerRange: 0.3,
  hiddenDropoutProb: 0,
  attentionProbsDropoutProb: 0,
} as const;

export function smallConfig(changes: Partial<VisualBertConfigInput> = {}): VisualBertConfig {
  return visualBertConfigSchema.parse({ text: smallText, frameDim, ...changes });
}

/** Clips of 1 to 6 words in each text and 1 to 4 frames. */
export function clips(count: number, seed = 1): PretrainingSample[] {
  return Array.from({ length: count }, (_, i) => {
    const random = new Random('clips', seed, i);
    const words = () =>
      Array.from({ length: 1 + random.integer(6) }, () => 5 + random.integer(vocabularySize - 5));
    const title = [special.cls, ...words(), special.sep];
    const frames = 1 + random.integer(4);
    const data = Float32Array.from({ length: frames * frameDim }, () => random.normal());
    return {
      textIds: title,
      titleIds: title,
      bodyIds: [special.cls, ...words(), special.sep],
      frames: { dtype: 'float32', shape: [frames, frameDim], data },
    };
  });
}

/** How the clips are collated where a test doesn't say otherwise. */
export const collation: PretrainingOptions = {
  objectives: allObjectives,
  textLength: 10,
  frames: 4,
  frameDim,
  special,
  vocabularySize,
};

/** A pretraining batch of clips; as drawn, unless choices are given. */
export function pretrainingBatch(
  samples: readonly PretrainingSample[],
  changes: Partial<PretrainingOptions> = {},
  given?: PretrainingChoices,
): NdArrays {
  const options = { ...collation, ...changes };
  const choices = given ?? chooseMasking(samples, options, new Random('masking'));
  return assemblePretrainingBatch(samples, choices, options).batch;
}

/** A store's first values, as tensors. */
export function firstValues(store: ParameterStore): Map<string, tf.Tensor> {
  const state = Object.entries(store.initialState(7));
  return new Map(state.map(([name, { data, shape, dtype }]) => [name, tf.tensor(data, [...shape], dtype)]));
}

/** A tensor moved away from where it is. */
export function perturbed(x: tf.Tensor): tf.Tensor {
  return tf.add(tf.mul(x, -1.5), 0.7);
}
