import { clipVisionConfigSchema, contrastiveConfigSchema } from '@reelbert/clip-features';
import { lxmertConfigSchema } from '@reelbert/lxmert';
import { bertConfigSchema } from '@reelbert/nn';
import { visualBertConfigSchema } from '@reelbert/visual-bert';
import { z } from 'zod';

import { byArchitecture } from '../config/architecture.js';
import { framesSchema, imagesSchema, pretrainingFramesSchema, textSchema } from '../config/data-config.js';

const inputs = { text: textSchema, frames: framesSchema };
// A pretraining of text alone has no frames.
const pretrainingInputs = { text: textSchema, frames: pretrainingFramesSchema };

const visualBert = { architecture: z.literal('visual-bert'), model: visualBertConfigSchema };
const lxmert = { architecture: z.literal('lxmert'), model: lxmertConfigSchema };

const classifier = {
  kind: z.literal('classifier'),
  modality: z.enum(['both', 'text', 'frames']),
  input: z.enum(['features', 'pixels']),
  vision: clipVisionConfigSchema.nullable(),
  images: imagesSchema,
  ...inputs,
};

const schemas = {
  /** The video-text contrastive model: `model_image.*`, `model_text.*`, `model_clip.logit_scale`. */
  clip: z.strictObject({
    kind: z.literal('clip'),
    model: contrastiveConfigSchema,
    images: imagesSchema,
    ...inputs,
  }),
  /** A vision tower by itself: `vision_model.*`. */
  'clip-vision': z.strictObject({
    kind: z.literal('clip-vision'),
    model: clipVisionConfigSchema,
    images: imagesSchema,
  }),
  /** A text encoder by itself: `bert.*`, and its masked language head, `cls.*`, if it has one. */
  bert: z.strictObject({ kind: z.literal('bert'), model: bertConfigSchema }),
  pretraining: byArchitecture(
    z.strictObject({ kind: z.literal('pretraining'), ...visualBert, ...pretrainingInputs }),
    z.strictObject({ kind: z.literal('pretraining'), ...lxmert, ...inputs }),
  ),
  classifier: byArchitecture(
    z.strictObject({ ...classifier, ...visualBert }),
    z.strictObject({ ...classifier, ...lxmert }),
  ),
};

export type ExportKind = keyof typeof schemas;

/** What every kind of exported model is called. */
export const exportKinds = Object.keys(schemas) as readonly ExportKind[];

/** config.json of an exported model: what it is, and how its inputs are made. */
export type ExportConfig<K extends ExportKind = ExportKind> = { [P in K]: z.output<(typeof schemas)[P]> }[K];

/** The schema of an export's config.json. */
export function exportSchema<K extends ExportKind>(kind: K): (typeof schemas)[K] {
  return schemas[kind];
}
