import { clipVisionConfigSchema } from '@reelbert/clip-features';
import { trainingSchema } from '@reelbert/trainer';
import { z } from 'zod';

import { byArchitecture, lxmertFields, visualBertFields } from './architecture.js';
import {
  framesSchema,
  labelledDataSchema,
  textSchema,
  trainingImagesSchema,
  varies,
  type TrainingImagesConfig,
} from './data-config.js';
import { featureTower, initialWeightsOrAuto, tower } from './start-fields.js';

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
  visionCache: z
    .union([z.boolean(), z.string().min(1)])
    .default(false)
    .describe(
      "compute the tower's frozen lower layers once a frame and keep their outputs: true: in the run's folder; or a folder that runs share",
    ),
  initialWeights: initialWeightsOrAuto,
  featureTower,
  text: textSchema.prefault({}),
  frames: framesSchema
    .extend({
      validation: z
        .enum(['uniform', 'random'])
        .default('uniform')
        .describe("how the validation clips' frames are chosen (reference: random)"),
    })
    .prefault({}),
  images: trainingImagesSchema.prefault({}),
  vision: clipVisionConfigSchema.prefault({}).describe("the tower's, where the input is pixels"),
  training: trainingSchema.omit({ seed: true }).prefault({}),
};

const visualBertSchema = z
  .strictObject({ ...visualBertFields, modality, ...fields })
  .superRefine(checkPixels);

const lxmertSchema = z
  .strictObject({
    ...lxmertFields,
    modality: modality.refine((chosen) => chosen === 'both', {
      error: '"both": the two-stream model needs text and frames',
    }),
    ...fields,
  })
  .superRefine(checkPixels);

/** Configuration of `finetune`: a classifier learned from labelled clips. */
export const finetuneSchema = byArchitecture(visualBertSchema, lxmertSchema);

export type FinetuneConfig = z.output<typeof finetuneSchema>;

interface PixelSettings {
  readonly input: 'features' | 'pixels';
  readonly modality: 'both' | 'text' | 'frames';
  readonly visionCache: boolean | string;
  readonly images: TrainingImagesConfig;
  readonly vision: { readonly attentionDropout: number };
}

// Settings that mean nothing without pixels, or not together.
function checkPixels(
  { input, modality: looksAt, visionCache, images: { augment }, vision }: PixelSettings,
  context: z.core.$RefinementCtx,
): void {
  const refuse = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  const pixels = input === 'pixels' && looksAt !== 'text';
  if (visionCache !== false && !pixels)
    refuse(['visionCache'], 'false, or input: pixels and frames to look at');
  if (visionCache !== false && vision.attentionDropout > 0) {
    refuse(['vision', 'attentionDropout'], '0 with visionCache, which sees each frame once');
  }
  if (!varies(augment)) return;
  if (!pixels) refuse(['images', 'augment'], 'no variation, or input: pixels and frames to look at');
  if (visionCache !== false) {
    refuse(['images', 'augment'], 'no variation with visionCache, which sees each frame once');
  }
}
