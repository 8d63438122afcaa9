import { trainingSchema } from '@reelbert/trainer';
import { z } from 'zod';

import { byArchitecture, lxmertFields, visualBertFields } from './architecture.js';
import { framesSchema, pretrainingFramesSchema, textSchema, unlabelledDataSchema } from './data-config.js';
import { featureTower, initialWeights } from './start-fields.js';

const share = z.number().min(0).max(1);

const objectivesSchema = z
  .strictObject({
    mlm: z.boolean().default(true).describe('masked language modelling'),
    mfm: z.boolean().default(true).describe('masked frame modelling'),
    itm: z.boolean().default(true).describe('image-text matching'),
    ict: z.boolean().default(true).describe('title against other texts and frames'),
    mmm: z.boolean().default(true).describe('mask one modality whole'),
  })
  .refine((objectives) => Object.values(objectives).includes(true), { error: 'at least one objective' });

// The two-stream model has one objective; what it hasn't is off, and refused by name.
const absent = z
  .boolean()
  .default(false)
  .refine((on) => !on, {
    error: 'false: the two-stream model pretrains by mlm alone',
  });
const lxmertObjectivesSchema = z.strictObject({
  mlm: z.literal(true).default(true).describe('masked language modelling'),
  mfm: absent,
  itm: absent,
  ict: absent,
  mmm: absent,
});

const fields = {
  seed: z.int().default(0),
  data: unlabelledDataSchema.prefault({}),
  featureTower,
  initialWeights,
  text: textSchema.prefault({}),
  training: trainingSchema.omit({ seed: true }).prefault({}),
};

const visualBertSchema = z
  .strictObject({
    ...visualBertFields,
    ...fields,
    frames: pretrainingFramesSchema.prefault({}),
    objectives: objectivesSchema.prefault({}),
    masking: z
      .strictObject({
        tokens: share.default(0.3).describe('share of the tokens that MLM hides'),
        frames: share.default(0.135).describe('share of the frames that MFM hides'),
        oneModality: share.default(0.25).describe('share of the rows that lose a modality'),
        targetsFollow: z
          .boolean()
          .default(true)
          .describe(
            'hidden frames go with their video when matching exchanges videos (reference: false, they stay with the row)',
          ),
      })
      .prefault({}),
    packing: z
      .enum(['packed', 'one-a-row'])
      .default('packed')
      .describe(
        'a row of text.maxLength tokens and frames.perClip frames holds several sequences (reference: one, padded)',
      ),
  })
  .refine(({ frames, objectives: { mfm, itm, mmm } }) => frames.perClip > 0 || !(mfm || itm || mmm), {
    path: ['frames', 'perClip'],
    error: 'at least 1 with mfm, itm or mmm; text alone (0) has mlm and ict',
  });

const lxmertSchema = z.strictObject({
  ...lxmertFields,
  ...fields,
  frames: framesSchema.prefault({}),
  objectives: lxmertObjectivesSchema.prefault({}),
  masking: z
    .strictObject({ tokens: share.default(0.15).describe('share of the tokens that MLM hides') })
    .prefault({}),
});

/** Configuration of `pretrain`: the video-text model learned from unlabelled clips. */
export const pretrainSchema = byArchitecture(visualBertSchema, lxmertSchema);

export type PretrainConfig = z.output<typeof pretrainSchema>;
