import { bertConfigSchema } from '@reelbert/nn';
import { z } from 'zod';

import { clipVisionConfigSchema } from './config.js';

/** Configuration of the video-text contrastive model. */
export const contrastiveConfigSchema = z
  .strictObject({
    vision: clipVisionConfigSchema,
    /** The text encoder; its `hiddenSize` must be the vision tower's, there is no projection. */
    text: bertConfigSchema,
    /** `masked`: means over real tokens and frames. `all`: over padding too, as the reference does. */
    pooling: z.enum(['masked', 'all']).default('masked'),
    /** The similarities' scale at the start is the inverse of this temperature. */
    initialTemperature: z.number().positive().default(0.07),
    /** Upper bound of the scale (CLIP's: 100); `null` for none. */
    maxScale: z.number().positive().nullable().default(100),
  })
  .refine((config) => config.text.hiddenSize === config.vision.hiddenSize, {
    path: ['text', 'hiddenSize'],
    error: "must be the vision tower's hiddenSize",
  });

export type ContrastiveConfig = z.infer<typeof contrastiveConfigSchema>;

/** The challenge entry's choices: means over padding too, no bound on the scale. */
export const referenceContrast = { pooling: 'all', initialTemperature: 0.07, maxScale: null } as const;
