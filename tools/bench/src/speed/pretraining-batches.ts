// How a pretraining plan's batches are made: all sequences of a batch packed into rows.
import {
  assemblePretrainingBatch,
  chooseMasking,
  Random,
  type NdArrays,
  type PretrainingOptions,
  type PretrainingSample,
} from '@reelbert/data';

import { madeUpNumbers, madeUpText, specialIds } from './made-up-data.js';
import type { WorkPlan } from './plan.js';
import type { SampleLengths } from './sample-lengths.js';
import type { ModelSizes } from './sizes.js';

export const allObjectives = { mlm: true, mfm: true, itm: true, ict: true, mmm: true } as const;

/** The plan's batches, collated. */
export function pretrainingBatches({ batches, sizes }: WorkPlan): NdArrays[] {
  const lengths = batches.flat().map(({ text }) => text);
  const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  const variance = lengths.reduce((sum, length) => sum + (length - mean) ** 2, 0) / lengths.length;
  const textTokens = { mean, deviation: Math.sqrt(variance) };
  return batches.map((batch, index) => {
    const samples = batch.map((sample, row) => madeUpSample(sample, index * batch.length + row, sizes));
    const options: PretrainingOptions = { ...packedOptions(sizes), textTokens };
    const choices = chooseMasking(samples, options, new Random('speed', 'masking', index));
    return assemblePretrainingBatch(samples, choices, options).batch;
  });
}

function madeUpSample(
  { text, title, body }: SampleLengths,
  number: number,
  sizes: ModelSizes,
): PretrainingSample {
  const { vocabSize, frames, frameDim } = sizes;
  const data = madeUpNumbers(frames * frameDim, number);
  return {
    textIds: madeUpText(text, number, vocabSize),
    titleIds: madeUpText(title, number, vocabSize),
    bodyIds: madeUpText(body, number + 1, vocabSize),
    frames: { dtype: 'float32', shape: [frames, frameDim], data },
  };
}

function packedOptions(sizes: ModelSizes): PretrainingOptions {
  return {
    objectives: allObjectives,
    textLength: sizes.textLength,
    frames: sizes.frames,
    frameDim: sizes.frameDim,
    special: specialIds,
    vocabularySize: sizes.vocabSize,
  };
}
