// LXMERT's cross-modality layer (Tan and Bansal 2019, "LXMERT: Learning Cross-Modality Encoder Representations from
// Transformers", section 2.2), with the names of Hugging Face's LxmertXLayer. First each stream attends to the other,
// then to itself, then passes a feed-forward block; every step is followed by residual and norm.
// Deviation from the paper, kept from the published code: one attention module, `visual_attention`, serves both
// directions. Weights start as torch's own, not as BERT's.
//
// queries, keys: tokens of the stream that attends, and of the one attended to

import { dropoutAdd, gelu, type KeyStream } from '@reelbert/engine';
import { attention, LayerNorm, Linear, type BertConfig, type ParameterStore } from '@reelbert/nn';
import type * as tf from '@tensorflow/tfjs-core';

/** What a cross layer takes from BERT's configuration. */
export type CrossLayerConfig = Pick<
  BertConfig,
  | 'hiddenSize'
  | 'numAttentionHeads'
  | 'intermediateSize'
  | 'layerNormEps'
  | 'hiddenDropoutProb'
  | 'attentionProbsDropoutProb'
>;

/** A modality between two layers. */
export interface Stream {
  /** `[batch, tokens, hidden]` */
  readonly states: tf.Tensor3D;
  /** Additive, `[batch, 1, 1, tokens]`: who attends to these states adds it to the scores. */
  readonly mask: tf.Tensor4D;
}

// Dense, dropout, residual, norm: `${prefix}{dense,LayerNorm}.*`.
class ResidualOutput {
  readonly #dense: Linear;
  readonly #norm: LayerNorm;
  readonly #dropoutRate: number;

  constructor(store: ParameterStore, prefix: string, inputs: number, config: CrossLayerConfig) {
    const { hiddenSize, layerNormEps, hiddenDropoutProb } = config;
    this.#dense = new Linear(store, `${prefix}dense.`, inputs, hiddenSize, 'torch');
    this.#norm = new LayerNorm(store, `${prefix}LayerNorm.`, hiddenSize, layerNormEps);
    this.#dropoutRate = hiddenDropoutProb;
  }

  /** x `[batch, tokens, inputs]`, residual `[batch, tokens, hidden]` -> `[batch, tokens, hidden]` */
  forward(x: tf.Tensor, residual: tf.Tensor3D, keys: KeyStream | null): tf.Tensor3D {
    return this.#norm.forward(
      dropoutAdd<tf.Tensor>(this.#dense.forward(x), residual, this.#dropoutRate, keys),
    ) as tf.Tensor3D;
  }
}

// Attention to a context: `${prefix}${inner}.{query,key,value}.*`, `${prefix}output.*`.
class ContextAttention {
  readonly #query: Linear;
  readonly #key: Linear;
  readonly #value: Linear;
  readonly #output: ResidualOutput;
  readonly #config: CrossLayerConfig;

  constructor(store: ParameterStore, prefix: string, inner: 'att' | 'self', config: CrossLayerConfig) {
    const { hiddenSize } = config;
    const linear = (name: string) =>
      new Linear(store, `${prefix}${inner}.${name}.`, hiddenSize, hiddenSize, 'torch');
    this.#query = linear('query');
    this.#key = linear('key');
    this.#value = linear('value');
    this.#output = new ResidualOutput(store, `${prefix}output.`, hiddenSize, config);
    this.#config = config;
  }

  /** x `[batch, queries, hidden]`, context of `[batch, keys, hidden]` -> the shape of x */
  forward(x: tf.Tensor3D, context: Stream, keys: KeyStream | null): tf.Tensor3D {
    const { numAttentionHeads, attentionProbsDropoutProb: dropoutRate } = this.#config;
    const attended = attention(
      this.#query.forward(x),
      this.#key.forward(context.states),
      this.#value.forward(context.states),
      context.mask,
      numAttentionHeads,
      { dropoutRate, keys },
    );
    return this.#output.forward(attended, x, keys);
  }
}

// Feed-forward block, erf-GELU: `${prefix}_inter.dense.*`, `${prefix}_output.*`.
class FeedForward {
  readonly #inward: Linear;
  readonly #outward: ResidualOutput;

  constructor(store: ParameterStore, prefix: string, config: CrossLayerConfig) {
    const { hiddenSize, intermediateSize } = config;
    this.#inward = new Linear(store, `${prefix}_inter.dense.`, hiddenSize, intermediateSize, 'torch');
    this.#outward = new ResidualOutput(store, `${prefix}_output.`, intermediateSize, config);
  }

  /** `[batch, tokens, hidden]` -> the same shape */
  forward(x: tf.Tensor3D, keys: KeyStream | null): tf.Tensor3D {
    return this.#outward.forward(gelu(this.#inward.forward(x)), x, keys);
  }
}

/** One cross-modality layer: `${prefix}visual_attention.*`, `${prefix}{lang,visn}_{self_att,inter,output}.*`. */
export class LxmertCrossLayer {
  /** Shared: text attends to frames with it, and frames to text. */
  readonly #crossAttention: ContextAttention;
  readonly #languageAttention: ContextAttention;
  readonly #visionAttention: ContextAttention;
  readonly #languageFeedForward: FeedForward;
  readonly #visionFeedForward: FeedForward;

  constructor(store: ParameterStore, prefix: string, config: CrossLayerConfig) {
    this.#crossAttention = new ContextAttention(store, `${prefix}visual_attention.`, 'att', config);
    this.#languageAttention = new ContextAttention(store, `${prefix}lang_self_att.`, 'self', config);
    this.#visionAttention = new ContextAttention(store, `${prefix}visn_self_att.`, 'self', config);
    this.#languageFeedForward = new FeedForward(store, `${prefix}lang`, config);
    this.#visionFeedForward = new FeedForward(store, `${prefix}visn`, config);
  }

  /** Both streams after the layer, shapes and masks as before. Each attends to the other's input, not its output. */
  forward(language: Stream, vision: Stream, keys: KeyStream | null): { language: Stream; vision: Stream } {
    const seen = this.#crossAttention.forward(language.states, vision, keys); // [batch, text, hidden]
    const read = this.#crossAttention.forward(vision.states, language, keys); // [batch, frames, hidden]
    const words = this.#languageAttention.forward(seen, { states: seen, mask: language.mask }, keys);
    const images = this.#visionAttention.forward(read, { states: read, mask: vision.mask }, keys);
    return {
      language: { states: this.#languageFeedForward.forward(words, keys), mask: language.mask },
      vision: { states: this.#visionFeedForward.forward(images, keys), mask: vision.mask },
    };
  }
}
