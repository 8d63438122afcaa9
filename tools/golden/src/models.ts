// The models of a set: the original's choices, without dropout, in the set's sizes.
import {
  clipVisionConfigSchema,
  contrastiveConfigSchema,
  referenceContrast,
  type ClipVisionConfig,
  type ContrastiveConfig,
} from '@reelbert/clip-features';
import type { NdArrays } from '@reelbert/data';
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

import type { GoldenSet } from './golden-set.js';
import type { GoldenConfig } from './set-schema.js';

interface BertSizes {
  readonly hidden_size: number;
  readonly num_attention_heads: number;
  readonly intermediate_size: number;
  readonly vocab_size: number;
  readonly max_position_embeddings: number;
}

function bert(config: GoldenConfig, sizes: BertSizes, layers: number): BertConfig {
  return bertConfigSchema.parse({
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

/** The single-stream model, if the set has it. */
export function singleStreamConfig({ config }: GoldenSet): VisualBertConfig | undefined {
  const { single } = config;
  if (!single) return undefined;
  return visualBertConfigSchema.parse({
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
  return lxmertConfigSchema.parse({
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
  return clipVisionConfigSchema.parse({
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
  return contrastiveConfigSchema.parse({ ...referenceContrast, vision, text });
}

/** Weights of the tower and the scale under the names of transformers 4, whichever version's the set has. */
export function towerWeights(set: GoldenSet): NdArrays {
  const tensors = Object.entries(set.file('clip.weights').all());
  const named = tensors.map(([name, tensor]) => {
    const old = name === 'logit_scale' || name.startsWith('vision_model.');
    return [old ? name : `vision_model.${name}`, tensor] as const;
  });
  return Object.fromEntries(named);
}

/** Each tensor under another name. */
export function renamed(tensors: NdArrays, rename: (name: string) => string): NdArrays {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [rename(name), tensor]));
}
