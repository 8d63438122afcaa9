// The single-stream model: text tokens and frame features in one BERT encoder (VisualBERT, Li et al. 2019; the
// challenge entry's MULTIBERT). Text first, then frames; frames have embeddings (positions, type, norm) of their own.
// Deviations from BERT: none in the encoder; the poolers are never used.
//
// batch rows, text tokens, frames, hidden size; tokens = text + frames

import { gatherRows, type KeyStream } from '@reelbert/engine';
import {
  additiveMask,
  BertEmbeddings,
  BertEncoder,
  blockMask,
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

/** Sequences of text and frames, several a row, as `assemblePretrainingBatch` (`@reelbert/data`) makes them. */
export interface PackedInput {
  /** int32 `[rows, slots]`, slots = the most tokens of a text + frames. */
  readonly tokenIds: tf.Tensor;
  /** int32 `[rows, slots]`: a token's place in its text. */
  readonly tokenPositions: tf.Tensor;
  /** int32 `[rows, slots]`: number of the sequence that a slot belongs to, 0 = none. */
  readonly sequences: tf.Tensor;
  /** int32 `[rows, slots]`, 1 = a real token or frame. */
  readonly attended: tf.Tensor;
  /** int32 `[rows, slots]`: a token's own slot, or rows * slots + the number of a frame. */
  readonly slotSources: tf.Tensor;
  /** float32 `[videos, frames, frameDim]` */
  readonly frames: tf.Tensor;
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

  /** Encodes packed sequences, each as if it were alone: last hidden states `[rows, slots, hidden]`. */
  encodePacked(packed: PackedInput, keys: KeyStream | null): tf.Tensor3D {
    const mask = blockMask(packed.sequences, packed.attended); // [rows, 1, slots, slots]
    return this.#encoder.forward(this.#embedPacked(packed, keys), mask, keys);
  }

  // [rows, slots, hidden]
  #embedPacked(packed: PackedInput, keys: KeyStream | null): tf.Tensor3D {
    const frames = packed.frames.shape[1]!;
    const longest = packed.tokenIds.shape[1]! - frames;
    const words = this.#text.forwardAt(packed.tokenIds, packed.tokenPositions, longest, keys); // [rows, slots, hidden]
    if (frames === 0) return words;
    const images = this.#frames.embed(this.#projection.forward(packed.frames), keys); // [videos, frames, hidden]
    const hidden = words.shape[2];
    const both = [words, images].map((vectors) => tf.reshape(vectors, [-1, hidden]) as tf.Tensor2D);
    return gatherRows(tf.concat(both, 0), packed.slotSources) as tf.Tensor3D;
  }
}

/** Declares a layer that the original holds beside its heads and never uses. */
export function declareUnusedHidden(store: ParameterStore, config: VisualBertConfig): void {
  const { frameDim, text, vladHiddenSize = text.hiddenSize } = config;
  new Linear(store, 'newfc_hidden.', frameDim, vladHiddenSize, 'torch');
}
