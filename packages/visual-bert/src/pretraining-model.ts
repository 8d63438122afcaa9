// The single-stream model with its pretraining heads and objectives: masked language modelling (MLM), masked frame
// modelling (MFM), image-text matching (ITM), title contrast (ICT), and mask-one-modality (MMM: the text of a video
// whose text is hidden whole, the frames of one whose frames are). One encoder pass for all but ICT, whose two passes
// see nothing masked. What is masked, exchanged or paired is a part of the batch.

import { gatherRows, type KeyStream } from '@reelbert/engine';
import {
  contrastiveLosses,
  l2Normalise,
  maskedFrameLoss,
  maskedLanguageLoss,
  matchingLoss,
} from '@reelbert/losses';
import { Linear, PredictionHead, type ParameterStore, type Task, type TensorBatch } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';

import type { VisualBertConfig } from './config.js';
import { declareUnusedHidden, VisualBert, type EncodedVideo } from './model.js';
import { maskedMean } from './pooling.js';

/** Which objectives a pretraining run has. */
export interface PretrainingObjectiveSwitches {
  readonly mlm: boolean;
  readonly mfm: boolean;
  readonly itm: boolean;
  readonly ict: boolean;
  readonly mmm: boolean;
}

type Part = keyof VisualBertConfig['lossWeights'];

/**
 * The pretraining task over the batch of `assemblePretrainingBatch` (`@reelbert/data`), which documents its fields.
 * Parameters: `roberta.bert.*`, `roberta.cls.*`, `roberta_mvm_lm_header.*`, `newfc_itm.*`, the same whichever
 * objectives are on.
 */
export class VisualBertForPretraining implements Task {
  readonly parameters: ParameterStore;
  readonly objectives: readonly Part[];
  readonly #config: VisualBertConfig;
  readonly #bert: VisualBert;
  readonly #languageHead: PredictionHead;
  readonly #frameHead: PredictionHead;
  readonly #matchingHead: Linear;

  constructor(store: ParameterStore, config: VisualBertConfig, switches: PretrainingObjectiveSwitches) {
    const { text, frameDim, tieWordEmbeddings } = config;
    this.parameters = store;
    this.objectives = (['mlm', 'mfm', 'itm', 'ict', 'mmmText', 'mmmFrame'] as const).filter(
      (part) => switches[part.startsWith('mmm') ? 'mmm' : (part as keyof PretrainingObjectiveSwitches)],
    );
    this.#config = config;
    this.#bert = new VisualBert(store, config);
    this.#languageHead = new PredictionHead(store, 'roberta.cls.predictions.', text, {
      outputs: text.vocabSize,
      initializer: { kind: 'normal', std: text.initializerRange },
      ...(tieWordEmbeddings && { tiedTo: this.#bert.wordTable() }),
    });
    this.#frameHead = new PredictionHead(store, 'roberta_mvm_lm_header.predictions.', text, {
      outputs: frameDim,
      initializer: 'torch',
    });
    this.#matchingHead = new Linear(store, 'newfc_itm.', text.hiddenSize, 2, 'torch');
    if (config.unusedParameters) declareUnusedHidden(store, config);
  }

  /** The weighted sum of the objectives; parts are unweighted and named as in `objectives`. */
  loss(batch: TensorBatch, keys: KeyStream | null): { loss: tf.Scalar; parts: Record<string, tf.Scalar> } {
    const encoded = this.objectives.some((part) => part !== 'ict') ? this.encode(batch, keys) : null;
    const textScores = batch.textPositions ? this.#textScores(encoded!, batch) : null;
    const losses: Record<Part, () => tf.Scalar> = {
      mlm: () => maskedLanguageLoss(textScores!, batch.textLabels!, batch.mlmWeights!),
      mmmText: () => maskedLanguageLoss(textScores!, batch.textLabels!, batch.mmmTextWeights!),
      mfm: () => this.#frameLoss('mfm', encoded!, batch),
      mmmFrame: () => this.#frameLoss('mmmFrame', encoded!, batch),
      itm: () => matchingLoss(this.matchingLogits(encoded!), batch.itmLabels!, batch.itmWeights!),
      ict: () => this.#titleContrast(batch, keys),
    };
    const parts = Object.fromEntries(this.objectives.map((part) => [part, losses[part]()]));
    const weighted = this.objectives.map((part) => tf.mul(parts[part]!, this.#config.lossWeights[part]));
    return { loss: tf.addN(weighted) as tf.Scalar, parts };
  }

  /** The pass over the masked batch: `inputIds`, `textMask`, `frames`, `frameMask`; of text alone where F is 0. */
  encode(batch: TensorBatch, keys: KeyStream | null): EncodedVideo {
    const text = { ids: batch.inputIds!, mask: batch.textMask! };
    const hasFrames = batch.frames!.shape[1]! > 0;
    const frames = hasFrames ? { features: batch.frames!, mask: batch.frameMask! } : null;
    return this.#bert.encode(text, frames, keys);
  }

  /** Whether text and frames belong together, from the first position's state: `[batch, 2]`. */
  matchingLogits({ states }: EncodedVideo): tf.Tensor2D {
    const [batch, , hidden] = states.shape;
    const first = tf.reshape(tf.slice(states, [0, 0, 0], [batch, 1, hidden]), [batch, hidden]);
    return this.#matchingHead.forward(first) as tf.Tensor2D;
  }

  /** Unit rows `[batch, hidden]` of the unmasked titles, and of the unmasked other texts with their frames. */
  contrastEmbeddings(batch: TensorBatch, keys: KeyStream | null): { title: tf.Tensor2D; body: tf.Tensor2D } {
    const frames = { features: batch.ictFrames!, mask: batch.ictFrameMask! };
    const title = this.#bert.encode({ ids: batch.titleIds!, mask: batch.titleMask! }, null, keys);
    const body = this.#bert.encode({ ids: batch.bodyIds!, mask: batch.bodyMask! }, frames, keys);
    return {
      title: l2Normalise(maskedMean(title.states, title.mask)),
      body: l2Normalise(maskedMean(body.states, body.mask)),
    };
  }

  // Vocabulary scores at the hidden tokens only: [positions, vocabulary]
  #textScores({ states }: EncodedVideo, batch: TensorBatch): tf.Tensor2D {
    const [rows, text] = batch.inputIds!.shape as [number, number];
    const hidden = states.shape[2];
    const ofText = tf.slice(states, [0, 0, 0], [rows, text, hidden]);
    const flat = tf.reshape(ofText, [rows * text, hidden]) as tf.Tensor2D;
    return this.#languageHead.forward(gatherRows(flat, batch.textPositions!) as tf.Tensor2D);
  }

  #frameLoss(name: 'mfm' | 'mmmFrame', { states }: EncodedVideo, batch: TensorBatch): tf.Scalar {
    const text = batch.inputIds!.shape[1]!;
    const [rows, frames, width] = batch.frameTargets!.shape as [number, number, number];
    const hidden = states.shape[2];
    const ofFrames = tf.slice(states, [0, text, 0], [rows, frames, hidden]);
    const flat = tf.reshape(ofFrames, [rows * frames, hidden]) as tf.Tensor2D;
    const targets = tf.reshape(batch.frameTargets!, [rows * frames, width]) as tf.Tensor2D;
    const queries = gatherRows(flat, batch[`${name}Queries`]!) as tf.Tensor2D; // [queries, hidden]
    return maskedFrameLoss(
      {
        predictions: this.#frameHead.forward(queries),
        candidates: gatherRows(targets, batch[`${name}Candidates`]!) as tf.Tensor2D,
        targets: batch[`${name}Targets`]!,
        queryMask: batch[`${name}QueryMask`]!,
        candidateMask: batch[`${name}CandidateMask`]!,
        weights: batch[`${name}QueryWeights`]!,
      },
      this.#config.frameContrast,
    );
  }

  #titleContrast(batch: TensorBatch, keys: KeyStream | null): tf.Scalar {
    const { temperature, reduction } = this.#config.titleContrast;
    const { title, body } = this.contrastEmbeddings(batch, keys);
    const options = { scale: 1 / temperature, rowWeights: batch.ictWeights!, groups: batch.groups };
    const { aToB, bToA } = contrastiveLosses(body, title, options);
    const sum = tf.add(aToB, bToA) as tf.Scalar;
    return reduction === 'sum' ? sum : tf.mul(sum, 0.5);
  }
}
