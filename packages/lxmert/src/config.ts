import { classificationFields, smoothingFits } from '@reelbert/losses';
import { bertConfigSchema } from '@reelbert/nn';
import { z } from 'zod';

/** Configuration of the two-stream model. The defaults are the sound choices; `referencePreset` has the original's. */
export const lxmertConfigSchema = z
  .strictObject({
    text: bertConfigSchema.describe(
      'the text encoder; frames and cross layers have its widths, heads and rates',
    ),
    frameDim: z
      .int()
      .min(1)
      .default(768)
      .describe("width of a frame's feature; where it isn't text.hiddenSize, frames are projected"),
    visualLayers: z.int().min(0).default(6).describe('layers of the frame encoder'),
    crossLayers: z.int().min(1).default(3).describe('layers in which text and frames attend to each other'),
    pooling: z
      .enum(['masked', 'all'])
      .default('masked')
      .describe('the classifier averages over real positions, or over padding too (reference)'),
    tieWordEmbeddings: z
      .boolean()
      .default(true)
      .describe("the masked language head's decoder is the word table (reference: a matrix of its own)"),
    ...classificationFields,
    unusedParameters: z
      .boolean()
      .default(false)
      .describe(
        'also hold what the original declares and never uses, for exchange with its checkpoints (reference: true)',
      ),
  })
  .refine(...smoothingFits);

export type LxmertConfig = z.output<typeof lxmertConfigSchema>;
export type LxmertConfigInput = z.input<typeof lxmertConfigSchema>;

/** The original's choices, to be spread over a configuration. */
export const referencePreset = {
  pooling: 'all',
  tieWordEmbeddings: false,
  unusedParameters: true,
} as const satisfies Partial<LxmertConfigInput>;
