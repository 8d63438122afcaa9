import { z } from 'zod';

/** A BERT encoder's configuration: Hugging Face's BertConfig, names in camelCase. */
export const bertConfigSchema = z
  .strictObject({
    vocabSize: z.int().min(1),
    hiddenSize: z.int().min(1).default(768),
    numHiddenLayers: z.int().min(0).default(12),
    numAttentionHeads: z.int().min(1).default(12),
    intermediateSize: z.int().min(1).default(3072),
    maxPositionEmbeddings: z.int().min(1).default(512),
    typeVocabSize: z.int().min(1).default(2),
    layerNormEps: z.number().positive().default(1e-12),
    hiddenDropoutProb: z.number().min(0).lt(1).default(0.1),
    attentionProbsDropoutProb: z.number().min(0).lt(1).default(0.1),
    initializerRange: z.number().positive().default(0.02),
    padTokenId: z.int().min(0).default(0),
    addPoolingLayer: z
      .boolean()
      .default(false)
      .describe("also hold the pooler's weights, which nothing here uses, for exchange with checkpoints"),
  })
  .refine((config) => config.hiddenSize % config.numAttentionHeads === 0, {
    path: ['numAttentionHeads'],
    error: 'must divide hiddenSize',
  });

export type BertConfig = z.output<typeof bertConfigSchema>;
