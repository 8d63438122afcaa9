// Video-text contrast in the manner of ActionCLIP (Wang et al. 2021) with CLIP's symmetric loss (Radford et al. 2021,
// figure 3). A video's embedding is the mean of its frames' pooled states, a text's the mean of its tokens' states;
// there is no projection. Differs from the reference in that padding isn't averaged over, and the scale is bounded
// (`referenceContrast` restores both).
//
// B rows, N frames a row, S image size, T tokens

import type { KeyStream } from '@reelbert/engine';
import { contrastiveLosses } from '@reelbert/losses';
import {
  BertModel,
  maskedMean,
  meanOverAll,
  type Parameter,
  type ParameterStore,
  type Task,
  type TensorBatch,
} from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';

import type { ContrastiveConfig } from './contrastive-config.js';
import { VisionTower } from './vision-tower.js';

/**
 * The contrastive task over a batch of `inputIds`, `textMask` `[B, T]`, `pixels` `[B, N, S, S, 3]`, `frameMask`
 * `[B, N]`, and optionally `groups` `[B]` (rows of equal group are not each other's negatives: clips that share a
 * title) and `rowMask` `[B]` (0 = the row doesn't count), all int32 but the pixels.
 */
export class ContrastiveModel implements Task {
  readonly objectives = ['image', 'text'] as const;
  readonly parameters: ParameterStore;
  readonly #config: ContrastiveConfig;
  readonly #vision: VisionTower;
  readonly #text: BertModel;
  readonly #logitScale: Parameter; // scalar, the scale's logarithm

  /** Names are the reference's: `model_image.vision_model.*`, `model_text.*`, `model_clip.logit_scale`. */
  constructor(store: ParameterStore, config: ContrastiveConfig) {
    this.parameters = store;
    this.#config = config;
    this.#vision = new VisionTower(store, 'model_image.', config.vision);
    this.#text = new BertModel(store, 'model_text.', config.text);
    this.#logitScale = store.declare('model_clip.logit_scale', [], {
      kind: 'constant',
      value: -Math.log(config.initialTemperature),
    });
  }

  /** pixels `[B, N, S, S, 3]`, frameMask `[B, N]` -> `[B, hidden]` */
  embedVideos(pixels: tf.Tensor, frameMask: tf.Tensor, keys: KeyStream | null = null): tf.Tensor2D {
    const [rows, frames, ...image] = pixels.shape as [number, number, ...number[]];
    const pooled = this.#vision.encode(tf.reshape(pixels, [rows * frames, ...image]), keys); // [B * N, hidden]
    const perVideo = tf.reshape(pooled, [rows, frames, this.#vision.dimension]); // [B, N, hidden]
    return this.#mean(perVideo as tf.Tensor3D, frameMask);
  }

  /** inputIds, textMask `[B, T]` -> `[B, hidden]` */
  embedTexts(inputIds: tf.Tensor, textMask: tf.Tensor, keys: KeyStream | null = null): tf.Tensor2D {
    const states = this.#text.forward(inputIds, textMask, keys); // [B, T, hidden]
    return this.#mean(states, textMask);
  }

  /** The mean of both directions' cross-entropies; parts `image` (each video among texts) and `text`. */
  loss(batch: TensorBatch, keys: KeyStream | null): { loss: tf.Scalar; parts: Record<string, tf.Scalar> } {
    const videos = this.embedVideos(batch['pixels']!, batch['frameMask']!, keys);
    const texts = this.embedTexts(batch['inputIds']!, batch['textMask']!, keys);
    const { aToB: image, bToA: text } = contrastiveLosses(videos, texts, {
      scale: this.scale(),
      groups: batch['groups'],
      rowWeights: batch['rowMask'],
    });
    return { loss: tf.mul(tf.add(image, text), 0.5), parts: { image, text } };
  }

  /** What cosines are multiplied with: the inverse of the learned temperature. */
  scale(): tf.Scalar {
    const scale = tf.exp(this.#logitScale.value());
    const { maxScale } = this.#config;
    return (maxScale === null ? scale : tf.minimum(scale, maxScale)) as tf.Scalar;
  }

  #mean(states: tf.Tensor3D, mask: tf.Tensor): tf.Tensor2D {
    return this.#config.pooling === 'masked' ? maskedMean(states, mask) : meanOverAll(states);
  }
}
