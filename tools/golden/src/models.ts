// The models of a set: the original's choices, without dropout, in the set's sizes.
import {
  clipVisionConfigSchema,
  contrastiveConfigSchema,
  referenceContrast,
  type ClipVisionConfig,
  type ContrastiveConfig,
} from '@reelbert/clip-features';
import { InputError, type NdArrays } from '@reelbert/data';
import {
  lxmertConfigSchema,
  referencePreset as twoStreamReference,
  type LxmertConfig,
} from '@reelbert/lxmert';
import { bertConfigSchema, type BertConfig } from '@reelbert/nn';
import {
  referencePreset as singleStreamReference,
  visualBertConfigSchema,
  type VisualBertConfig,
} from '@reelbert/visual-bert';

import type { z } from 'zod';

import type { GoldenSet } from './golden-set.js';
import type { GoldenConfig } from './set-schema.js';
import { towerName } from './tower-name.js';

interface BertSizes {
  readonly hidden_size: number;
  readonly num_attention_heads: number;
  readonly intermediate_size: number;
  readonly vocab_size: number;
  readonly max_position_embeddings: number;
}

function bert(config: GoldenConfig, sizes: BertSizes, layers: number): BertConfig {
  return parsed(bertConfigSchema, 'single or two', {
    vocabSize: sizes.vocab_size,
    hiddenSize: sizes.hidden_size,
    numHiddenLayers: layers,
    numAttentionHeads: sizes.num_attention_heads,
    intermediateSize: sizes.intermediate_size,
    maxPositionEmbeddings: sizes.max_position_embeddings,
    layerNormEps: config.layer_norm_eps,
    padTokenId: config.special_ids.pad,
    hiddenDropoutProb: 0,
    attentionProbsDropoutProb: 0,
    addPoolingLayer: true,
  });
}

/** What a schema makes of sizes from config.json. Throws `InputError` for sizes that no model can have. */
function parsed<S extends z.ZodType>(schema: S, part: string, sizes: unknown): z.output<S> {
  const result = schema.safeParse(sizes);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  const field = [part, ...path].join('.');
  throw new InputError({ file: 'config.json', field, expected: `sizes of a model (${message})` });
}

/** The single-stream model, if the set has it. */
export function singleStreamConfig({ config }: GoldenSet): VisualBertConfig | undefined {
  const { single } = config;
  if (!single) return undefined;
  return parsed(visualBertConfigSchema, 'single', {
    ...singleStreamReference,
    frameDim: single.frame_dim,
    vladHiddenSize: single.vlad_hidden_size,
    text: bert(config, single, single.num_hidden_layers),
  });
}

/** The two-stream model, if the set has it. */
export function twoStreamConfig({ config }: GoldenSet): LxmertConfig | undefined {
  const { two } = config;
  if (!two) return undefined;
  return parsed(lxmertConfigSchema, 'two', {
    ...twoStreamReference,
    frameDim: two.hidden_size,
    visualLayers: two.video_layers,
    crossLayers: two.cross_layers,
    text: bert(config, two, two.text_layers),
  });
}

/** The vision tower, if the set has it. */
export function visionConfig({ config }: GoldenSet): ClipVisionConfig | undefined {
  const { clip } = config;
  if (!clip) return undefined;
  return parsed(clipVisionConfigSchema, 'clip', {
    hiddenSize: clip.hidden_size,
    numHiddenLayers: clip.num_hidden_layers,
    numAttentionHeads: clip.num_attention_heads,
    intermediateSize: clip.intermediate_size,
    imageSize: clip.image_size,
    patchSize: clip.patch_size,
    layerNormEps: clip.layer_norm_eps,
    hiddenAct: clip.hidden_act,
  });
}

/** The contrastive model: the tower, and the two-stream model's text encoder. */
export function contrastConfig(set: GoldenSet): ContrastiveConfig | undefined {
  const [vision, two] = [visionConfig(set), set.config.two];
  if (!vision || !two) return undefined;
  const text = bert(set.config, two, two.text_layers);
  return parsed(contrastiveConfigSchema, 'clip', { ...referenceContrast, vision, text });
}

/** Weights of the tower and the scale under the names of transformers 4, whichever version's the set has. */
export function towerWeights(set: GoldenSet): NdArrays {
  const tensors = Object.entries(set.file('clip.weights').all());
  const rename = (name: string) => (name === 'logit_scale' ? name : towerName(name));
  return Object.fromEntries(tensors.map(([name, tensor]) => [rename(name), tensor]));
}

/** Each tensor under another name. */
export function renamed(tensors: NdArrays, rename: (name: string) => string): NdArrays {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [rename(name), tensor]));
}
