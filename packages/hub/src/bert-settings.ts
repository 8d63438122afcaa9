import { z } from 'zod';

import type { JsonObject } from './json-file.js';
import { checkModelType, parseSettings } from './settings.js';

const size = z.int().min(1);
const rate = z.number().min(0).lt(1);
const only = <T extends z.core.util.Literal>(...values: T[]) =>
  z.literal(values, { error: values.map((value) => JSON.stringify(value)).join(' or ') });

// Defaults are those of transformers' BertConfig; what has no effect on the outputs is let pass.
const schema = z
  .object({
    vocab_size: size,
    hidden_size: size.default(768),
    num_hidden_layers: z.int().min(0).default(12),
    num_attention_heads: size.default(12),
    intermediate_size: size.default(3072),
    max_position_embeddings: size.default(512),
    type_vocab_size: size.default(2),
    layer_norm_eps: z.number().positive().default(1e-12),
    hidden_dropout_prob: rate.default(0.1),
    attention_probs_dropout_prob: rate.default(0.1),
    initializer_range: z.number().positive().default(0.02),
    pad_token_id: z.int().min(0).nullable().default(0),
    tie_word_embeddings: z.boolean().default(true),
    hidden_act: only('gelu', 'gelu_python').default('gelu'),
    position_embedding_type: only('absolute').nullish(),
    is_decoder: only(false).nullish(),
    add_cross_attention: only(false).nullish(),
  })
  .refine((config) => config.hidden_size % config.num_attention_heads === 0, {
    path: ['num_attention_heads'],
    error: 'a divisor of hidden_size',
  });

/** A BERT's sizes and rates: `BertConfig` of transformers in camelCase, as `@reelbert/nn` takes it. */
export interface BertSettings {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly numHiddenLayers: number;
  readonly numAttentionHeads: number;
  readonly intermediateSize: number;
  readonly maxPositionEmbeddings: number;
  readonly typeVocabSize: number;
  readonly layerNormEps: number;
  readonly hiddenDropoutProb: number;
  readonly attentionProbsDropoutProb: number;
  readonly initializerRange: number;
  readonly padTokenId: number;
}

/**
 * A BERT's config.json.
 *
 * @throws InputError for another kind of model, or settings that the models here don't have
 */
export function readBertSettings(
  config: JsonObject,
  file: string,
): { settings: BertSettings; tiedDecoder: boolean } {
  checkModelType(config, file, ['bert'], 'Bert');
  const parsed = parseSettings(schema, config, file);
  const settings = {
    vocabSize: parsed.vocab_size,
    hiddenSize: parsed.hidden_size,
    numHiddenLayers: parsed.num_hidden_layers,
    numAttentionHeads: parsed.num_attention_heads,
    intermediateSize: parsed.intermediate_size,
    maxPositionEmbeddings: parsed.max_position_embeddings,
    typeVocabSize: parsed.type_vocab_size,
    layerNormEps: parsed.layer_norm_eps,
    hiddenDropoutProb: parsed.hidden_dropout_prob,
    attentionProbsDropoutProb: parsed.attention_probs_dropout_prob,
    initializerRange: parsed.initializer_range,
    padTokenId: parsed.pad_token_id ?? 0,
  };
  return { settings, tiedDecoder: parsed.tie_word_embeddings };
}

/** config.json of a BERT as transformers reads it. */
export function bertConfigJson(
  settings: BertSettings,
  architecture: string,
  tiedDecoder: boolean,
): JsonObject {
  return {
    architectures: [architecture],
    model_type: 'bert',
    vocab_size: settings.vocabSize,
    hidden_size: settings.hiddenSize,
    num_hidden_layers: settings.numHiddenLayers,
    num_attention_heads: settings.numAttentionHeads,
    intermediate_size: settings.intermediateSize,
    max_position_embeddings: settings.maxPositionEmbeddings,
    type_vocab_size: settings.typeVocabSize,
    layer_norm_eps: settings.layerNormEps,
    hidden_act: 'gelu',
    hidden_dropout_prob: settings.hiddenDropoutProb,
    attention_probs_dropout_prob: settings.attentionProbsDropoutProb,
    initializer_range: settings.initializerRange,
    pad_token_id: settings.padTokenId,
    tie_word_embeddings: tiedDecoder,
  };
}
