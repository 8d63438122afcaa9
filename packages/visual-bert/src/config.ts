import { classificationFields, smoothingFits } from '@reelbert/losses';
import { bertConfigSchema } from '@reelbert/nn';
import { z } from 'zod';

const lossWeight = z.number().min(0);

/** Configuration of the single-stream model. The defaults are the sound choices; `referencePreset` has the original's. */
export const visualBertConfigSchema = z
  .strictObject({
    text: bertConfigSchema.describe('the encoder, and the embeddings of text and of frames'),
    frameDim: z.int().min(1).default(768).describe("width of a frame's feature"),
    pooling: z
      .enum(['masked', 'all'])
      .default('masked')
      .describe('the classifier averages over real positions, or over padding too (reference)'),
    tieWordEmbeddings: z
      .boolean()
      .default(true)
      .describe("the masked language head's decoder is the word table (reference: a matrix of its own)"),
    frameContrast: z
      .strictObject({
        normalise: z.boolean().default(true).describe('cosines instead of raw dot products (reference: raw)'),
        temperature: z.number().positive().default(0.1),
      })
      .prefault({})
      .describe('masked frame modelling'),
    titleContrast: z
      .strictObject({
        temperature: z.number().positive().default(0.07).describe('reference: 1'),
        reduction: z
          .enum(['mean', 'sum'])
          .default('mean')
          .describe('of the two directions (reference: their sum)'),
      })
      .prefault({})
      .describe('title contrast (ICT)'),
    lossWeights: z
      .strictObject({
        mlm: lossWeight.default(1),
        mfm: lossWeight.default(0.5),
        itm: lossWeight.default(1),
        ict: lossWeight.default(1),
        mmmText: lossWeight.default(1),
        mmmFrame: lossWeight.default(0.5),
      })
      .prefault({})
      .describe('weights of the pretraining objectives in their sum'),
    ...classificationFields,
    unusedParameters: z
      .boolean()
      .default(false)
      .describe(
        'also hold what the original declares and never uses, for exchange with its checkpoints (reference: true)',
      ),
    vladHiddenSize: z
      .int()
      .min(1)
      .optional()
      .describe("rows of the original's unused newfc_hidden; default: the hidden size"),
  })
  .refine(...smoothingFits);

export type VisualBertConfig = z.output<typeof visualBertConfigSchema>;
export type VisualBertConfigInput = z.input<typeof visualBertConfigSchema>;

/** The original's choices, to be spread over a configuration. */
export const referencePreset = {
  pooling: 'all',
  tieWordEmbeddings: false,
  frameContrast: { normalise: false, temperature: 1 },
  titleContrast: { temperature: 1, reduction: 'sum' },
  unusedParameters: true,
} as const satisfies Partial<VisualBertConfigInput>;
