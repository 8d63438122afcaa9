import { clipVisionConfigSchema } from '@reelbert/clip-features';
import { trainingSchema } from '@reelbert/trainer';
import { z } from 'zod';

import { byArchitecture, lxmertFields, visualBertFields } from './architecture.js';
import { framesSchema, trainingImagesSchema, labelledDataSchema, textSchema } from './data-config.js';
import { initialWeightsOrAuto, tower } from './start-fields.js';

const foldsSchema = z
  .strictObject({
    count: z.int().min(2),
    fold: z.int().min(1).describe('from 1'),
    seed: z.int().default(802).describe('of the split, whatever the seed of training'),
  })
  .refine(({ count, fold }) => fold <= count, { path: ['fold'], error: 'a fold from 1 to count' });

const modality = z.enum(['both', 'text', 'frames']).default('both').describe('what the model looks at');

const fields = {
  seed: z.int().default(0),
  data: labelledDataSchema.prefault({}),
  folds: foldsSchema
    .nullable()
    .default(null)
    .describe('one fold of the labelled clips chooses the best weights'),
  input: z
    .enum(['features', 'pixels'])
    .default('features')
    .describe('frames as features, or as pixels through a tower that is trained along'),
  tower: tower.describe(
    'export of clip-pretrain or an imported CLIP to start the tower from, where the input is pixels; null: from nothing',
  ),
  initialWeights: initialWeightsOrAuto,
  featureTower: z
    .string()
    .min(1)
    .default('small-clip-pretrain')
    .describe('configuration of the tower that makes missing features'),
  text: textSchema.prefault({}),
  frames: framesSchema.prefault({}),
  images: trainingImagesSchema.prefault({}),
  vision: clipVisionConfigSchema.prefault({}).describe("the tower's, where the input is pixels"),
  training: trainingSchema.omit({ seed: true }).prefault({}),
};

/** Configuration of `finetune`: a classifier learned from labelled clips. */
export const finetuneSchema = byArchitecture(
  z.strictObject({ ...visualBertFields, modality, ...fields }),
  z.strictObject({
    ...lxmertFields,
    modality: modality.refine((chosen) => chosen === 'both', {
      error: '"both": the two-stream model needs text and frames',
    }),
    ...fields,
  }),
);

export type FinetuneConfig = z.output<typeof finetuneSchema>;
