// The two-stream model with its classifier: one linear layer over the mean of the last vision states beside the mean of
// the last language states. Frames come as features, or as pixels through a vision tower that is trained along.

import { frameFeatures, type FrameEncoding } from '@reelbert/clip-features';
import type { KeyStream } from '@reelbert/engine';
import { classificationObjective } from '@reelbert/losses';
import {
  Linear,
  type ParameterStore,
  type Predictor,
  type Task,
  type TensorBatch,
  maskedMean,
  meanOverAll,
} from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';

import type { LxmertConfig } from './config.js';
import { Lxmert, type EncodedStream, type EncodedVideo, type FrameInput } from './model.js';

export interface ClassifierOptions {
  readonly classes: number;
  /** For batches with `pixels` or `frameStates` instead of `frames`. Declare its parameters before the classifier's. */
  readonly frameEncoder?: FrameEncoding | undefined;
}

/**
 * Classification over a batch of `inputIds`, `textMask` int32 `[batch, text]`, `frames` `[batch, frames, frameDim]` or
 * `pixels` `[batch, frames, S, S, 3]`, `frameMask` int32 `[batch, frames]`, `labels` int32 `[batch]` for training, and
 * optionally `rowMask` int32 `[batch]`. Parameters: those of `Lxmert`, `newfc_tag.*`.
 */
export class LxmertForClassification implements Task, Predictor {
  readonly parameters: ParameterStore;
  readonly objectives = ['classification'] as const;
  readonly #config: LxmertConfig;
  readonly #options: ClassifierOptions;
  readonly #lxmert: Lxmert;
  readonly #head: Linear;

  constructor(store: ParameterStore, config: LxmertConfig, options: ClassifierOptions) {
    this.parameters = store;
    this.#config = config;
    this.#options = options;
    this.#lxmert = new Lxmert(store, config);
    this.#head = new Linear(store, 'newfc_tag.', 2 * config.text.hiddenSize, options.classes, 'torch');
  }

  loss(batch: TensorBatch, keys: KeyStream | null): { loss: tf.Scalar; parts: Record<string, tf.Scalar> } {
    const logits = this.#classify(this.encode(batch, keys));
    const loss = classificationObjective(this.#config, logits, batch.labels!, batch.rowMask);
    return { loss, parts: { classification: loss } };
  }

  /** `[batch, classes]` */
  logits(batch: TensorBatch): tf.Tensor2D {
    return this.#classify(this.encode(batch, null));
  }

  /** The last hidden states of both streams. */
  encode(batch: TensorBatch, keys: KeyStream | null): EncodedVideo {
    const text = { ids: batch.inputIds!, mask: batch.textMask! };
    return this.#lxmert.encode(text, this.#frames(batch, keys), keys);
  }

  #classify({ language, vision }: EncodedVideo): tf.Tensor2D {
    const pooled = tf.concat([this.#pool(vision), this.#pool(language)], 1); // [batch, 2 hidden]
    return this.#head.forward(pooled) as tf.Tensor2D;
  }

  #pool({ states, mask }: EncodedStream): tf.Tensor2D {
    return this.#config.pooling === 'all' ? meanOverAll(states) : maskedMean(states, mask);
  }

  #frames(batch: TensorBatch, keys: KeyStream | null): FrameInput {
    const mask = batch.frameMask!;
    return { features: frameFeatures(batch, this.#options.frameEncoder, keys), mask };
  }
}
