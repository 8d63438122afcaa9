// The single-stream model with its pretraining heads and objectives: masked language modelling (MLM), masked frame
// modelling (MFM), image-text matching (ITM), title contrast (ICT), and mask-one-modality (MMM: the text of a video
// whose text is hidden whole, the frames of one whose frames are). One encoder pass for all but ICT, whose two passes
// see nothing masked. What is masked, exchanged or paired is a part of the batch.

import { gatherRows, sparseSoftmaxCrossEntropy, type KeyStream } from '@reelbert/engine';
import {
  contrastiveLosses,
  l2Normalise,
  maskedFrameLoss,
  matchingLoss,
  weightedMean,
} from '@reelbert/losses';
import {
  batchField,
  Linear,
  PredictionHead,
  type ParameterStore,
  type Task,
  type TensorBatch,
  maskedMean,
} from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';

import type { VisualBertConfig } from './config.js';
import { declareUnusedHidden, VisualBert, type EncodedVideo, type FrameInput } from './model.js';

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
 * The pretraining task over the batch of `assemblePretrainingBatch` (`@reelbert/data`), which documents its fields; an
 * objective that is off needs none of its own. A batch may also hold `groups` int32 `[batch]`: rows of one group, such
 * as those that share a title, aren't each other's negatives in title contrast.
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
    if (this.objectives.length === 0) throw new Error('pretraining needs at least one objective');
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
    const field = (name: string) => batchField(batch, name);
    const encoded = once(() => this.encode(batch, keys));
    const textLosses = once(() => this.#textLosses(encoded(), batch));
    const losses: Record<Part, () => tf.Scalar> = {
      mlm: () => weightedMean(textLosses(), field('mlmWeights'), 'mlmWeights'),
      mfm: () => this.#frameLoss('mfm', encoded(), batch),
      itm: () => matchingLoss(this.matchingLogits(encoded()), field('itmLabels'), field('itmWeights')),
      ict: () => this.#titleContrast(batch, keys),
      mmmText: () => weightedMean(textLosses(), field('mmmTextWeights'), 'mmmTextWeights'),
      mmmFrame: () => this.#frameLoss('mmmFrame', encoded(), batch),
    };
    const parts = Object.fromEntries(this.objectives.map((part) => [part, losses[part]()]));
    const weighted = this.objectives.map((part) => tf.mul(parts[part]!, this.#config.lossWeights[part]));
    return { loss: tf.addN(weighted) as tf.Scalar, parts };
  }

  /** The pass over the masked batch: `inputIds`, `textMask`, `frames`, `frameMask`; of text alone where F is 0. */
  encode(batch: TensorBatch, keys: KeyStream | null): EncodedVideo {
    const field = (name: string) => batchField(batch, name);
    const text = { ids: field('inputIds'), mask: field('textMask') };
    return this.#bert.encode(text, framesIfAny(field('frames'), field('frameMask')), keys);
  }

  /** Whether text and frames belong together, from the first position's state: `[batch, 2]`. */
  matchingLogits({ states }: EncodedVideo): tf.Tensor2D {
    const [batch, , hidden] = states.shape;
    const first = tf.reshape(tf.slice(states, [0, 0, 0], [batch, 1, hidden]), [batch, hidden]);
    return this.#matchingHead.forward(first) as tf.Tensor2D;
  }

  /** Unit rows `[batch, hidden]` of the unmasked titles, and of the unmasked other texts with their frames. */
  contrastEmbeddings(batch: TensorBatch, keys: KeyStream | null): { title: tf.Tensor2D; body: tf.Tensor2D } {
    const field = (name: string) => batchField(batch, name);
    const frames = framesIfAny(field('ictFrames'), field('ictFrameMask'));
    const title = this.#bert.encode({ ids: field('titleIds'), mask: field('titleMask') }, null, keys);
    const body = this.#bert.encode({ ids: field('bodyIds'), mask: field('bodyMask') }, frames, keys);
    return {
      title: l2Normalise(maskedMean(title.states, title.mask)),
      body: l2Normalise(maskedMean(body.states, body.mask)),
    };
  }

  // Cross-entropies at the hidden tokens only: [positions]
  #textLosses({ states }: EncodedVideo, batch: TensorBatch): tf.Tensor1D {
    const [rows, text] = batchField(batch, 'inputIds').shape as [number, number];
    const hidden = states.shape[2];
    const ofText = tf.slice(states, [0, 0, 0], [rows, text, hidden]);
    const flat = tf.reshape(ofText, [rows * text, hidden]) as tf.Tensor2D;
    const chosen = gatherRows(flat, batchField(batch, 'textPositions')) as tf.Tensor2D; // [positions, hidden]
    const scores = this.#languageHead.forward(chosen); // [positions, vocabulary]
    return sparseSoftmaxCrossEntropy(scores, batchField(batch, 'textLabels') as tf.Tensor1D);
  }

  #frameLoss(name: 'mfm' | 'mmmFrame', { states }: EncodedVideo, batch: TensorBatch): tf.Scalar {
    const field = (suffix: string) => batchField(batch, `${name}${suffix}`);
    const frameTargets = batchField(batch, 'frameTargets');
    const [rows, frames, width] = frameTargets.shape as [number, number, number];
    const text = states.shape[1] - frames;
    const hidden = states.shape[2];
    const ofFrames = tf.slice(states, [0, text, 0], [rows, frames, hidden]);
    const flat = tf.reshape(ofFrames, [rows * frames, hidden]) as tf.Tensor2D;
    const targets = tf.reshape(frameTargets, [rows * frames, width]) as tf.Tensor2D;
    const queries = gatherRows(flat, field('Queries')) as tf.Tensor2D; // [queries, hidden]
    return maskedFrameLoss(
      {
        predictions: this.#frameHead.forward(queries),
        candidates: gatherRows(targets, field('Candidates')) as tf.Tensor2D,
        targets: field('Targets'),
        queryMask: field('QueryMask'),
        candidateMask: field('CandidateMask'),
        weights: field('QueryWeights'),
      },
      this.#config.frameContrast,
    );
  }

  #titleContrast(batch: TensorBatch, keys: KeyStream | null): tf.Scalar {
    const { temperature, reduction } = this.#config.titleContrast;
    const { title, body } = this.contrastEmbeddings(batch, keys);
    const rowWeights = batchField(batch, 'ictWeights');
    const options = { scale: 1 / temperature, rowWeights, groups: batch.groups };
    const { aToB, bToA } = contrastiveLosses(body, title, options);
    const sum = tf.add(aToB, bToA) as tf.Scalar;
    return reduction === 'sum' ? sum : tf.mul(sum, 0.5);
  }
}

function framesIfAny(features: tf.Tensor, mask: tf.Tensor): FrameInput | null {
  return features.shape[1]! > 0 ? { features, mask } : null;
}

// What several objectives share is computed once, and only where one needs it.
function once<T extends object>(compute: () => T): () => T {
  let value: T | undefined;
  return () => (value ??= compute());
}
