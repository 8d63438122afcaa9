import { clipVisionConfigSchema } from '@reelbert/clip-features';
import { trainingSchema } from '@reelbert/trainer';
import { visualBertConfigSchema } from '@reelbert/visual-bert';
import { z } from 'zod';

import { framesSchema, imagesSchema, labelledDataSchema, textSchema } from './data-config.js';
import { followsData } from './follows-data.js';

const foldsSchema = z
  .strictObject({
    count: z.int().min(2),
    fold: z.int().min(1).describe('from 1'),
    seed: z.int().default(802).describe('of the split, whatever the seed of training'),
  })
  .refine(({ count, fold }) => fold <= count, { path: ['fold'], error: 'a fold from 1 to count' });

/** Configuration of `finetune`: a classifier learned from labelled clips. */
export const finetuneSchema = z.strictObject({
  seed: z.int().default(0),
  data: labelledDataSchema.prefault({}),
  folds: foldsSchema
    .nullable()
    .default(null)
    .describe('one fold of the labelled clips chooses the best weights'),
  modality: z.enum(['both', 'text', 'frames']).default('both').describe('what the model looks at'),
  input: z
    .enum(['features', 'pixels'])
    .default('features')
    .describe('frames as features, or as pixels through a tower that is trained along'),
  tower: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'export of clip-pretrain to start the tower from, where the input is pixels; null: from nothing',
    ),
  initialWeights: z
    .string()
    .min(1)
    .default('none')
    .describe(
      'run or export of pretraining to start from; none: from nothing; auto: runs/pretrain where that is finished',
    ),
  featureTower: z
    .string()
    .min(1)
    .default('small-clip-pretrain')
    .describe('configuration of the tower that makes missing features'),
  text: textSchema.prefault({}),
  frames: framesSchema.prefault({}),
  images: imagesSchema.prefault({}),
  vision: clipVisionConfigSchema.prefault({}).describe("the tower's, where the input is pixels"),
  model: followsData(visualBertConfigSchema, { text: { vocabSize: 1 } }),
  training: trainingSchema.omit({ seed: true }).prefault({}),
});

export type FinetuneConfig = z.output<typeof finetuneSchema>;
