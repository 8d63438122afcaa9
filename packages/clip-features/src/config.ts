import { z } from 'zod';

/**
 * A CLIP vision transformer's configuration: Hugging Face's `CLIPVisionConfig` in camelCase, keys unchanged
 * otherwise. Images have three channels.
 */
export const clipVisionConfigSchema = z
  .strictObject({
    /** Width of a token and of a frame's feature. */
    hiddenSize: z.int().positive().default(768),
    numHiddenLayers: z.int().positive().default(12),
    /** Must divide `hiddenSize`. */
    numAttentionHeads: z.int().positive().default(12),
    /** Width inside the feed-forward blocks. */
    intermediateSize: z.int().positive().default(3072),
    /** Height and width of an image. */
    imageSize: z.int().positive().default(224),
    /** Height and width of a patch; must divide `imageSize`. */
    patchSize: z.int().positive().default(32),
    layerNormEps: z.number().positive().default(1e-5),
    hiddenAct: z.enum(['quick_gelu', 'gelu']).default('quick_gelu'),
    /** Rate at which attention probabilities are dropped; CLIP drops none. */
    attentionDropout: z.number().min(0).lt(1).default(0),
    /** Scales the initial weights, as Hugging Face's does. */
    initializerFactor: z.number().positive().default(1),
    /** Deviation of the initial patch and position embeddings. */
    initializerRange: z.number().positive().default(0.02),
  })
  .refine((config) => config.hiddenSize % config.numAttentionHeads === 0, {
    path: ['numAttentionHeads'],
    error: 'must divide hiddenSize',
  })
  .refine((config) => config.imageSize % config.patchSize === 0, {
    path: ['patchSize'],
    error: 'must divide imageSize',
  });

export type ClipVisionConfig = z.infer<typeof clipVisionConfigSchema>;

/**
 * Vision towers by name: `vit-b-32` is OpenAI's CLIP ViT-B/32 (87,456,000 parameters), `small` one for 64-pixel clips
 * that trains on two processor cores.
 */
export const clipVisionPresets = {
  'vit-b-32': clipVisionConfigSchema.parse({}),
  small: clipVisionConfigSchema.parse({
    hiddenSize: 128,
    numHiddenLayers: 4,
    numAttentionHeads: 4,
    intermediateSize: 512,
    imageSize: 64,
    patchSize: 16,
  }),
} as const satisfies Record<string, ClipVisionConfig>;

/** Number of patches of an image. */
export function patchCount(config: Pick<ClipVisionConfig, 'imageSize' | 'patchSize'>): number {
  return (config.imageSize / config.patchSize) ** 2;
}
