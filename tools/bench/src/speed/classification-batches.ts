// How the batches of fine-tuning and inference are made: each padded to the bucket of its longest text.
import { assembleClassificationBatch, type ClassificationSample, type NdArrays } from '@reelbert/data';

import { madeUpNumbers, madeUpText, specialIds } from './made-up-data.js';
import type { WorkPlan } from './plan.js';
import { bucketOf } from './sample-lengths.js';

/** The plan's batches, collated: labelled, frames as features or as pixels. */
export function classificationBatches(
  { batches, sizes }: WorkPlan,
  input: 'features' | 'pixels',
): NdArrays[] {
  const { frames, frameDim, imageSize, vocabSize, classes } = sizes;
  const frameShape = input === 'features' ? [frameDim] : [imageSize, imageSize, 3];
  const frameSize = frameShape.reduce((product, extent) => product * extent, 1);
  return batches.map((batch, index) => {
    const samples = batch.map(({ text }, row): ClassificationSample => {
      const number = index * batch.length + row;
      const data = madeUpNumbers(frames * frameSize, number);
      return {
        textIds: madeUpText(text, number, vocabSize),
        frames: { dtype: 'float32', shape: [frames, ...frameShape], data },
        label: number % classes,
      };
    });
    const textLength = bucketOf(
      batch.map(({ text }) => text),
      sizes,
    );
    return assembleClassificationBatch(samples, { textLength, frames, frameShape, pad: specialIds.pad });
  });
}
