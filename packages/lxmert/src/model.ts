// The two-stream model: a BERT over text, a second one over frames, then LXMERT's cross layers (Tan and Bansal 2019;
// the challenge entry's MULTIBERT2). Frames have a learned token in front, positions, type and norm of their own;
// features are used as they are where they have the hidden size. Deviations from BERT: none in the encoders; the
// poolers are never used.
//
// batch rows, text tokens, frames, hidden size; vision tokens = 1 + frames

import type { KeyStream } from '@reelbert/engine';
import {
  additiveMask,
  BertEmbeddings,
  BertEncoder,
  BertModel,
  declarePooler,
  Linear,
  type Parameter,
  type ParameterStore,
} from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';

import type { LxmertConfig } from './config.js';
import { LxmertCrossLayer, type Stream } from './cross-layer.js';

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

/** A modality's last hidden states. */
export interface EncodedStream {
  /** `[batch, tokens, hidden]` */
  readonly states: tf.Tensor3D;
  /** int32 `[batch, tokens]` */
  readonly mask: tf.Tensor2D;
}

/** `language` has the text's tokens; `vision` one token more than there are frames, its first. */
export interface EncodedVideo {
  readonly language: EncodedStream;
  readonly vision: EncodedStream;
}

/** The encoders; their parameters are named `cls_token`, `vision_encoder.*`, `roberta.*`, `cross_bert.x_layers.N.*`. */
export class Lxmert {
  readonly #clsToken: Parameter;
  readonly #projection: Linear | undefined;
  readonly #frames: BertEmbeddings;
  readonly #frameEncoder: BertEncoder;
  readonly #text: BertModel;
  readonly #crossLayers: readonly LxmertCrossLayer[];

  constructor(store: ParameterStore, config: LxmertConfig) {
    const { text, frameDim, visualLayers, crossLayers, unusedParameters } = config;
    const { hiddenSize, initializerRange: std } = text;
    const video = { ...text, numHiddenLayers: visualLayers };
    this.#clsToken = store.declare('cls_token', [1, 1, hiddenSize], { kind: 'zeros' });
    if (frameDim !== hiddenSize) {
      this.#projection = new Linear(store, 'video_fc.', frameDim, hiddenSize, { kind: 'normal', std });
    }
    const words = unusedParameters; // the original's frames have a word table too
    this.#frames = new BertEmbeddings(store, 'vision_encoder.embeddings.', video, { words });
    this.#frameEncoder = new BertEncoder(store, 'vision_encoder.encoder.', video);
    if (unusedParameters) declarePooler(store, 'vision_encoder.pooler.', video);
    const addPoolingLayer = unusedParameters || text.addPoolingLayer;
    this.#text = new BertModel(store, 'roberta.', { ...text, addPoolingLayer });
    this.#crossLayers = Array.from(
      { length: crossLayers },
      (_, i) => new LxmertCrossLayer(store, `cross_bert.x_layers.${i}.`, text),
    );
  }

  /** The word table `[vocabulary, hidden]`, for a head that is tied to it. */
  wordTable(): Parameter {
    return this.#text.embeddings.wordTable();
  }

  /** Encodes text and frames, each in the light of the other. */
  encode(text: TextInput, frames: FrameInput, keys: KeyStream | null): EncodedVideo {
    const visionMask = withFirst(tf.ones([frames.mask.shape[0]!, 1], 'int32'), frames.mask); // [batch, 1 + frames]
    let vision: Stream = this.#encodeFrames(frames.features, additiveMask(visionMask), keys);
    let language: Stream = {
      states: this.#text.forward(text.ids, text.mask, keys), // [batch, text, hidden]
      mask: additiveMask(text.mask),
    };
    for (const layer of this.#crossLayers) ({ language, vision } = layer.forward(language, vision, keys));
    return {
      language: { states: language.states, mask: text.mask as tf.Tensor2D },
      vision: { states: vision.states, mask: visionMask as tf.Tensor2D },
    };
  }

  #encodeFrames(features: tf.Tensor, mask: tf.Tensor4D, keys: KeyStream | null): Stream {
    const projected = this.#projection ? this.#projection.forward(features) : features; // [batch, frames, hidden]
    const [batch, , hidden] = projected.shape as [number, number, number];
    // Added to zeros instead of tiled: the gradient is then one sum.
    const first = tf.add(tf.zeros([batch, 1, hidden]), this.#clsToken.value());
    const embedded = this.#frames.embed(withFirst(first, projected), keys); // [batch, 1 + frames, hidden]
    return { states: this.#frameEncoder.forward(embedded, mask, keys), mask };
  }
}

// [batch, 1, ...] and [batch, n, ...] -> [batch, 1 + n, ...]
function withFirst(first: tf.Tensor, others: tf.Tensor): tf.Tensor {
  return tf.concat([first, others], 1);
}
