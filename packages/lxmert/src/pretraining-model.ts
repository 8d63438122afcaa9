// The two-stream model with its pretraining objective, masked language modelling (MLM) that may look at the frames.
// What is masked is a part of the batch.

import { gatherRows, type KeyStream } from '@reelbert/engine';
import { maskedLanguageLoss } from '@reelbert/losses';
import { PredictionHead, type ParameterStore, type Task, type TensorBatch } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';

import type { LxmertConfig } from './config.js';
import { Lxmert, type EncodedVideo } from './model.js';

/**
 * The pretraining task over the batch of `assembleMaskedLanguageBatch` (`@reelbert/data`): `inputIds`, `textMask`,
 * `frames`, `frameMask`, `textPositions`, `textLabels`, `mlmWeights`. Parameters: those of `Lxmert`,
 * `cls.predictions.*`.
 */
export class LxmertForPretraining implements Task {
  readonly parameters: ParameterStore;
  readonly objectives = ['mlm'] as const;
  readonly #lxmert: Lxmert;
  readonly #languageHead: PredictionHead;

  constructor(store: ParameterStore, config: LxmertConfig) {
    const { text, tieWordEmbeddings } = config;
    this.parameters = store;
    this.#lxmert = new Lxmert(store, config);
    this.#languageHead = new PredictionHead(store, 'cls.predictions.', text, {
      outputs: text.vocabSize,
      initializer: 'torch',
      ...(tieWordEmbeddings && { tiedTo: this.#lxmert.wordTable() }),
    });
  }

  loss(batch: TensorBatch, keys: KeyStream | null): { loss: tf.Scalar; parts: Record<string, tf.Scalar> } {
    const scores = this.#textScores(this.encode(batch, keys), batch.textPositions!);
    const width = batch.inputIds!.shape[1]!;
    const weights = tf.mul(batch.mlmWeights!, afterFirst(batch.textPositions!, width));
    const loss = maskedLanguageLoss(scores, batch.textLabels!, weights);
    return { loss, parts: { mlm: loss } };
  }

  /** The pass over the masked batch. */
  encode(batch: TensorBatch, keys: KeyStream | null): EncodedVideo {
    const text = { ids: batch.inputIds!, mask: batch.textMask! };
    return this.#lxmert.encode(text, { features: batch.frames!, mask: batch.frameMask! }, keys);
  }

  // Vocabulary scores at the hidden tokens only: [positions, vocabulary]
  #textScores({ language: { states } }: EncodedVideo, positions: tf.Tensor): tf.Tensor2D {
    const [rows, text, hidden] = states.shape;
    const flat = tf.reshape(states, [rows * text, hidden]) as tf.Tensor2D;
    return this.#languageHead.forward(gatherRows(flat, positions) as tf.Tensor2D);
  }
}

// 0 where a flat position is the first of its row, which is [CLS] and never predicted; else 1: [positions]
function afterFirst(positions: tf.Tensor, width: number): tf.Tensor {
  const rowStarts = tf.mul(tf.floorDiv(positions, tf.scalar(width, 'int32')), tf.scalar(width, 'int32'));
  return tf.cast(tf.notEqual(positions, rowStarts), 'float32');
}
