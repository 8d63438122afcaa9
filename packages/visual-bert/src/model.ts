// The single-stream model: text tokens and frame features in one BERT encoder (VisualBERT, Li et al. 2019; the
// challenge entry's MULTIBERT). Text first, then frames; frames have embeddings (positions, type, norm) of their own.
// Deviations from BERT: none in the encoder; the poolers are never used.
//
// batch rows, text tokens, frames, hidden size; tokens = text + frames

import type { KeyStream } from '@reelbert/engine';
import {
  additiveMask,
  BertEmbeddings,
  BertEncoder,
  declarePooler,
  Linear,
  type Parameter,
  type ParameterStore,
} from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';

import type { VisualBertConfig } from './config.js';

/** Text, as ids and mask int32 `[batch, text]`. */
export interface TextInput {
  readonly ids: tf.Tensor;
  readonly mask: tf.Tensor;
}

/** Frames, as features float32 `[batch, frames, frameDim]` and mask int32 `[batch, frames]`. */
export interface FrameInput {
  readonly features: tf.Tensor;
  readonly mask: tf.Tensor;
}

export interface EncodedVideo {
  /** `[batch, tokens, hidden]`, text first. */
  readonly states: tf.Tensor3D;
  /** int32 `[batch, tokens]`. */
  readonly mask: tf.Tensor2D;
}

/** The encoder; its parameters are named `roberta.bert.*`. */
export class VisualBert {
  readonly #text: BertEmbeddings;
  readonly #projection: Linear;
  readonly #frames: BertEmbeddings;
  readonly #encoder: BertEncoder;

  constructor(store: ParameterStore, config: VisualBertConfig) {
    const { text, frameDim, unusedParameters } = config;
    const prefix = 'roberta.bert.';
    const normal = { kind: 'normal', std: text.initializerRange } as const;
    this.#text = new BertEmbeddings(store, `${prefix}embeddings.`, text);
    this.#projection = new Linear(store, `${prefix}video_fc.`, frameDim, text.hiddenSize, normal);
    const words = unusedParameters; // the original's frames have a word table too
    this.#frames = new BertEmbeddings(store, `${prefix}video_embeddings.`, text, { words });
    this.#encoder = new BertEncoder(store, `${prefix}encoder.`, text);
    if (unusedParameters) declarePooler(store, `${prefix}pooler.`, text);
  }

  /** The word table `[vocabulary, hidden]`, for a head that is tied to it. */
  wordTable(): Parameter {
    return this.#text.wordTable();
  }

  /** Encodes text, frames, or both in one sequence. Throws if given neither. */
  encode(text: TextInput | null, frames: FrameInput | null, keys: KeyStream | null): EncodedVideo {
    const embedded: tf.Tensor3D[] = [];
    const masks: tf.Tensor[] = [];
    if (text) {
      embedded.push(this.#text.forward(text.ids, keys)); // [batch, text, hidden]
      masks.push(text.mask);
    }
    if (frames) {
      embedded.push(this.#frames.embed(this.#projection.forward(frames.features), keys)); // [batch, frames, hidden]
      masks.push(frames.mask);
    }
    if (embedded.length === 0) throw new Error('encode needs text, frames, or both');
    const input = embedded.length === 1 ? embedded[0]! : (tf.concat(embedded, 1) as tf.Tensor3D); // [batch, tokens, hidden]
    const mask = (masks.length === 1 ? masks[0]! : tf.concat(masks, 1)) as tf.Tensor2D; // [batch, tokens]
    return { states: this.#encoder.forward(input, additiveMask(mask), keys), mask };
  }
}

/** Declares a layer that the original holds beside its heads and never uses. */
export function declareUnusedHidden(store: ParameterStore, config: VisualBertConfig): void {
  const { frameDim, text, vladHiddenSize = text.hiddenSize } = config;
  new Linear(store, 'newfc_hidden.', frameDim, vladHiddenSize, 'torch');
}
