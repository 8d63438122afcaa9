import { InputError } from '@reelbert/data';
import { z } from 'zod';

import type { JsonObject } from './json-file.js';
import { checkModelType, parseSettings } from './settings.js';

const size = z.int().min(1);

// Defaults are those of transformers' CLIPVisionConfig.
const schema = z
  .object({
    hidden_size: size.default(768),
    num_hidden_layers: size.default(12),
    num_attention_heads: size.default(12),
    intermediate_size: size.default(3072),
    image_size: size.default(224),
    patch_size: size.default(32),
    num_channels: z.literal(3, { error: '3' }).default(3),
    layer_norm_eps: z.number().positive().default(1e-5),
    hidden_act: z.enum(['quick_gelu', 'gelu'], { error: '"quick_gelu" or "gelu"' }).default('quick_gelu'),
    attention_dropout: z.number().min(0).lt(1).default(0),
    initializer_factor: z.number().positive().default(1),
    initializer_range: z.number().positive().default(0.02),
  })
  .refine((config) => config.hidden_size % config.num_attention_heads === 0, {
    path: ['num_attention_heads'],
    error: 'a divisor of hidden_size',
  })
  .refine((config) => config.image_size % config.patch_size === 0, {
    path: ['patch_size'],
    error: 'a divisor of image_size',
  });

/** A CLIP vision tower's sizes: `CLIPVisionConfig` of transformers in camelCase, as `@reelbert/clip-features` takes it. */
export interface ClipVisionSettings {
  readonly hiddenSize: number;
  readonly numHiddenLayers: number;
  readonly numAttentionHeads: number;
  readonly intermediateSize: number;
  readonly imageSize: number;
  readonly patchSize: number;
  readonly layerNormEps: number;
  readonly hiddenAct: 'quick_gelu' | 'gelu';
  readonly attentionDropout: number;
  readonly initializerFactor: number;
  readonly initializerRange: number;
}

/**
 * The vision tower's settings in the config.json of a CLIP, whole or its vision part.
 *
 * @throws InputError for another kind of model, or settings that the tower here doesn't have
 */
export function readClipVisionSettings(config: JsonObject, file: string): ClipVisionSettings {
  checkModelType(config, file, ['clip_vision_model', 'clip'], 'CLIP');
  const both = config['model_type'] === 'clip' || 'vision_config' in config;
  const part = both ? (config['vision_config'] ?? {}) : config;
  if (typeof part !== 'object' || Array.isArray(part)) {
    throw new InputError({
      file,
      field: 'vision_config',
      found: JSON.stringify(part),
      expected: 'an object',
    });
  }
  const parsed = parseSettings(schema, part as JsonObject, file, both ? 'vision_config' : undefined);
  return {
    hiddenSize: parsed.hidden_size,
    numHiddenLayers: parsed.num_hidden_layers,
    numAttentionHeads: parsed.num_attention_heads,
    intermediateSize: parsed.intermediate_size,
    imageSize: parsed.image_size,
    patchSize: parsed.patch_size,
    layerNormEps: parsed.layer_norm_eps,
    hiddenAct: parsed.hidden_act,
    attentionDropout: parsed.attention_dropout,
    initializerFactor: parsed.initializer_factor,
    initializerRange: parsed.initializer_range,
  };
}

/** config.json of a CLIP vision tower as transformers reads it. */
export function clipVisionConfigJson(settings: ClipVisionSettings): JsonObject {
  return {
    architectures: ['CLIPVisionModel'],
    model_type: 'clip_vision_model',
    hidden_size: settings.hiddenSize,
    num_hidden_layers: settings.numHiddenLayers,
    num_attention_heads: settings.numAttentionHeads,
    intermediate_size: settings.intermediateSize,
    image_size: settings.imageSize,
    patch_size: settings.patchSize,
    num_channels: 3,
    layer_norm_eps: settings.layerNormEps,
    hidden_act: settings.hiddenAct,
    attention_dropout: settings.attentionDropout,
    initializer_factor: settings.initializerFactor,
    initializer_range: settings.initializerRange,
  };
}
