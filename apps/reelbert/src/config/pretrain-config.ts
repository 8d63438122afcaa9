import { trainingSchema } from '@reelbert/trainer';
import { visualBertConfigSchema } from '@reelbert/visual-bert';
import { z } from 'zod';

import { framesSchema, textSchema, unlabelledDataSchema } from './data-config.js';
import { followsData } from './follows-data.js';

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

/** Configuration of `pretrain`: the video-text model learned from unlabelled clips. */
export const pretrainSchema = z
  .strictObject({
    seed: z.int().default(0),
    data: unlabelledDataSchema.prefault({}),
    featureTower: z
      .string()
      .min(1)
      .default('small-clip-pretrain')
      .describe('configuration of the tower that makes missing features'),
    text: textSchema.prefault({}),
    frames: framesSchema
      .extend({ perClip: z.int().min(0).default(16).describe('0: pretraining on text alone') })
      .prefault({}),
    objectives: objectivesSchema.prefault({}),
    masking: z
      .strictObject({
        tokens: share.default(0.3).describe('share of the tokens that MLM hides'),
        frames: share.default(0.135).describe('share of the frames that MFM hides'),
        oneModality: share.default(0.25).describe('share of the rows that lose a modality'),
      })
      .prefault({}),
    model: followsData(visualBertConfigSchema, { text: { vocabSize: 1 } }),
    training: trainingSchema.omit({ seed: true }).prefault({}),
  })
  .refine(({ frames, objectives: { mfm, itm, mmm } }) => frames.perClip > 0 || !(mfm || itm || mmm), {
    path: ['frames', 'perClip'],
    error: 'at least 1 with mfm, itm or mmm; text alone (0) has mlm and ict',
  });

export type PretrainConfig = z.output<typeof pretrainSchema>;
