import { contrastiveConfigSchema } from '@reelbert/clip-features';
import { trainingSchema } from '@reelbert/trainer';
import { z } from 'zod';

import { framesSchema, trainingImagesSchema, textSchema, unlabelledDataSchema } from './data-config.js';
import { followsData } from './follows-data.js';
import { initialWeights, tower } from './start-fields.js';

/** Configuration of `clip-pretrain`: a frame tower learned from clips and their titles. */
export const clipPretrainSchema = z.strictObject({
  seed: z.int().default(0),
  data: unlabelledDataSchema.omit({ features: true }).prefault({}),
  initialWeights: initialWeights.describe(
    'an imported BERT, or a run or export of clip-pretrain, to start the text encoder from; none: from nothing; auto: the one that the tower was trained with, if there is one',
  ),
  tower,
  text: textSchema.prefault({}),
  frames: framesSchema.prefault({}),
  images: trainingImagesSchema.prefault({}),
  model: followsData(contrastiveConfigSchema, { text: { vocabSize: 1 }, vision: {} }),
  training: trainingSchema.omit({ seed: true }).prefault({}),
});

export type ClipPretrainConfig = z.output<typeof clipPretrainSchema>;
