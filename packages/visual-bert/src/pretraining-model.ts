// The single-stream model with its pretraining heads and objectives: masked language modelling (MLM), masked frame
// modelling (MFM), image-text matching (ITM), title contrast (ICT), and mask-one-modality (MMM: the text of a video
// whose text is hidden whole, the frames of one whose frames are). One encoder pass over rows of packed sequences, those
// of ICT with nothing masked among them. What is masked, exchanged or paired, and where it stands, is a part of the batch.
//
// rows of slots, a sequence's token or frame in each; samples, hidden size

import { gatherRows, sparseSoftmaxCrossEntropy, sumRows, type KeyStream } from '@reelbert/engine';
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
} from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';

import type { VisualBertConfig } from './config.js';
import { declareUnusedHidden, VisualBert } from './model.js';

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
 * objective that is off needs none of its own. A batch may also hold `groups` int32 `[samples]`: samples of one group,
 * such as those that share a title, aren't each other's negatives in title contrast.
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
    const states = this.encode(batch, keys);
    const textLosses = once(() => this.#textLosses(states, batch));
    const losses: Record<Part, () => tf.Scalar> = {
      mlm: () => weightedMean(textLosses(), field('mlmWeights'), 'mlmWeights'),
      mfm: () => this.#frameLoss('mfm', states, batch),
      itm: () => matchingLoss(this.matchingLogits(states, batch), field('itmLabels'), field('itmWeights')),
      ict: () => this.#titleContrast(states, batch),
      mmmText: () => weightedMean(textLosses(), field('mmmTextWeights'), 'mmmTextWeights'),
      mmmFrame: () => this.#frameLoss('mmmFrame', states, batch),
    };
    const parts = Object.fromEntries(this.objectives.map((part) => [part, losses[part]()]));
    const weighted = this.objectives.map((part) => tf.mul(parts[part]!, this.#config.lossWeights[part]));
    return { loss: tf.addN(weighted) as tf.Scalar, parts };
  }

  /** The pass over the packed sequences: last hidden states `[rows, slots, hidden]`. */
  encode(batch: TensorBatch, keys: KeyStream | null): tf.Tensor3D {
    const field = (name: string) => batchField(batch, name);
    const packed = {
      tokenIds: field('tokenIds'),
      tokenPositions: field('tokenPositions'),
      sequences: field('sequences'),
      attended: field('attended'),
      slotSources: field('slotSources'),
      frames: field('frames'),
    };
    return this.#bert.encodePacked(packed, keys);
  }

  /** Whether text and frames belong together, from the first position's state: `[samples, 2]`. */
  matchingLogits(states: tf.Tensor3D, batch: TensorBatch): tf.Tensor2D {
    const first = gatherRows(flat(states), batchField(batch, 'firstPositions')); // [samples, hidden]
    return this.#matchingHead.forward(first) as tf.Tensor2D;
  }

  /** Unit rows `[samples, hidden]` of the unmasked titles, and of the unmasked other texts with their frames. */
  contrastEmbeddings(states: tf.Tensor3D, batch: TensorBatch): { title: tf.Tensor2D; body: tf.Tensor2D } {
    const samples = batchField(batch, 'firstPositions').shape[0]!;
    const numbers = tf.reshape(batchField(batch, 'sequences'), [-1]); // [rows * slots]
    const real = tf.cast(tf.reshape(batchField(batch, 'attended'), [-1, 1]), 'float32'); // [rows * slots, 1]
    const sequences = 1 + 3 * samples; // number 0 is no sequence
    const sums = sumRows(tf.mul(flat(states), real), numbers, sequences); // [sequences, hidden]
    const counts = tf.maximum(sumRows(real, numbers, sequences), 1e-10); // [sequences, 1]
    const means = tf.div(sums, counts) as tf.Tensor2D;
    const from = (first: number) => l2Normalise(tf.slice(means, [first, 0], [samples, -1]));
    return { title: from(1 + samples), body: from(1 + 2 * samples) };
  }

  // Cross-entropies at the hidden tokens only: [positions]
  #textLosses(states: tf.Tensor3D, batch: TensorBatch): tf.Tensor1D {
    const chosen = gatherRows(flat(states), batchField(batch, 'textPositions')); // [positions, hidden]
    const scores = this.#languageHead.forward(chosen as tf.Tensor2D); // [positions, vocabulary]
    return sparseSoftmaxCrossEntropy(scores, batchField(batch, 'textLabels') as tf.Tensor1D);
  }

  #frameLoss(name: 'mfm' | 'mmmFrame', states: tf.Tensor3D, batch: TensorBatch): tf.Scalar {
    const field = (suffix: string) => batchField(batch, `${name}${suffix}`);
    const queries = gatherRows(flat(states), field('Queries')) as tf.Tensor2D; // [queries, hidden]
    const frameTargets = batchField(batch, 'frameTargets'); // [samples, frames, frameDim]
    const targets = tf.reshape(frameTargets, [-1, frameTargets.shape[2]!]) as tf.Tensor2D;
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

  #titleContrast(states: tf.Tensor3D, batch: TensorBatch): tf.Scalar {
    const { temperature, reduction } = this.#config.titleContrast;
    const { title, body } = this.contrastEmbeddings(states, batch);
    const rowWeights = batchField(batch, 'ictWeights');
    const options = { scale: 1 / temperature, rowWeights, groups: batch.groups };
    const { aToB, bToA } = contrastiveLosses(body, title, options);
    const sum = tf.add(aToB, bToA) as tf.Scalar;
    return reduction === 'sum' ? sum : tf.mul(sum, 0.5);
  }
}

// [rows, slots, hidden] -> [rows * slots, hidden]
function flat(states: tf.Tensor3D): tf.Tensor2D {
  return tf.reshape(states, [-1, states.shape[2]]);
}

// What several objectives share is computed once, and only where one needs it.
function once<T extends object>(compute: () => T): () => T {
  let value: T | undefined;
  return () => (value ??= compute());
}
