// The single-stream model with its classifier: one linear layer over the mean of the last hidden states. Frames come as
// features, or as pixels through a vision tower that is trained along.

import { frameFeatures, type FrameEncoding } from '@reelbert/clip-features';
import type { KeyStream } from '@reelbert/engine';
import { classificationObjective } from '@reelbert/losses';
import {
  batchField,
  Linear,
  PredictionHead,
  type ParameterStore,
  type Predictor,
  type Task,
  type TensorBatch,
  maskedMean,
  meanOverAll,
} from '@reelbert/nn';
import type * as tf from '@tensorflow/tfjs-core';

import type { VisualBertConfig } from './config.js';
import { declareUnusedHidden, VisualBert, type FrameInput, type TextInput } from './model.js';

export interface ClassifierOptions {
  readonly classes: number;
  /** What the model looks at; default `both`. */
  readonly modality?: 'both' | 'text' | 'frames';
  /** For batches with `pixels` or `frameStates` instead of `frames`: its features are `frameDim` wide, its parameters in the same store. */
  readonly frameEncoder?: FrameEncoding | undefined;
}

/**
 * Classification over a batch of `inputIds`, `textMask` int32 `[batch, text]`, `frames` `[batch, frames, frameDim]` or
 * `pixels` `[batch, frames, S, S, 3]`, `frameMask` int32 `[batch, frames]`, `labels` int32 `[batch]` for training, and
 * optionally `rowMask` int32 `[batch]`. Parameters: `roberta.bert.*`, `newfc_tag.*`.
 */
export class VisualBertForClassification implements Task, Predictor {
  readonly parameters: ParameterStore;
  readonly objectives = ['classification'] as const;
  readonly #config: VisualBertConfig;
  readonly #options: ClassifierOptions;
  readonly #bert: VisualBert;
  readonly #head: Linear;

  constructor(store: ParameterStore, config: VisualBertConfig, options: ClassifierOptions) {
    this.parameters = store;
    this.#config = config;
    this.#options = options;
    this.#bert = new VisualBert(store, config);
    this.#head = new Linear(store, 'newfc_tag.', config.text.hiddenSize, options.classes, 'torch');
    if (config.unusedParameters) {
      new PredictionHead(store, 'roberta.cls.predictions.', config.text, {
        outputs: config.text.vocabSize,
        initializer: { kind: 'normal', std: config.text.initializerRange },
      });
      declareUnusedHidden(store, config);
    }
  }

  loss(batch: TensorBatch, keys: KeyStream | null): { loss: tf.Scalar; parts: Record<string, tf.Scalar> } {
    const logits = this.#logits(batch, keys);
    const loss = classificationObjective(this.#config, logits, batchField(batch, 'labels'), batch.rowMask);
    return { loss, parts: { classification: loss } };
  }

  /** `[batch, classes]` */
  logits(batch: TensorBatch): tf.Tensor2D {
    return this.#logits(batch, null);
  }

  #logits(batch: TensorBatch, keys: KeyStream | null): tf.Tensor2D {
    const { modality = 'both' } = this.#options;
    const text = modality === 'frames' ? null : this.#text(batch);
    const frames = modality === 'text' ? null : this.#frames(batch, keys);
    const { states, mask } = this.#bert.encode(text, frames, keys);
    const pooled = this.#config.pooling === 'all' ? meanOverAll(states) : maskedMean(states, mask);
    return this.#head.forward(pooled) as tf.Tensor2D;
  }

  #text(batch: TensorBatch): TextInput {
    return { ids: batchField(batch, 'inputIds'), mask: batchField(batch, 'textMask') };
  }

  #frames(batch: TensorBatch, keys: KeyStream | null): FrameInput {
    const mask = batchField(batch, 'frameMask');
    return { features: frameFeatures(batch, this.#options.frameEncoder, keys), mask };
  }
}
