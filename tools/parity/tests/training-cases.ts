import {
  clipVisionConfigSchema,
  contrastiveConfigSchema,
  ContrastiveModel,
  VisionTower,
} from '@reelbert/clip-features';
import {
  assembleClassificationBatch,
  assembleContrastiveBatch,
  assemblePretrainingBatch,
  chooseMasking,
  Random,
  type NdArray,
  type NdArrays,
  type PretrainingObjectives,
  type PretrainingOptions,
} from '@reelbert/data';
import { ParameterStore, type Task } from '@reelbert/nn';
import type { TrainingSettingsInput } from '@reelbert/trainer';
import {
  referencePreset,
  visualBertConfigSchema,
  VisualBertForClassification,
  VisualBertForPretraining,
  type VisualBertConfigInput,
} from '@reelbert/visual-bert';

import { samples, sizes, special } from './samples.js';

/** A task of the program with settings and batches to train it on. */
export interface TrainingCase {
  readonly name: string;
  readonly task: () => Task;
  readonly settings: TrainingSettingsInput;
  readonly batch: (index: number) => NdArrays;
  /** A float32 field of the batch whose first element the loss depends on. */
  readonly breakable: string;
}

/** The smallest that has rows for every objective. */
const smallBatch = 8;
const optimizer = { learningRate: 1e-3 };

const text = {
  vocabSize: sizes.vocabulary,
  hiddenSize: 16,
  numHiddenLayers: 2,
  numAttentionHeads: 2,
  intermediateSize: 32,
  maxPositionEmbeddings: 16,
  hiddenDropoutProb: 0.1,
  attentionProbsDropoutProb: 0.1,
};
const vision = clipVisionConfigSchema.parse({
  hiddenSize: 16,
  numHiddenLayers: 2,
  numAttentionHeads: 2,
  intermediateSize: 32,
  imageSize: sizes.imageSize,
  patchSize: 4,
  attentionDropout: 0.1,
});
const table = 'embeddings.word_embeddings';

export const videoTextContrast: TrainingCase = {
  name: 'video-text contrast',
  task: () => new ContrastiveModel(new ParameterStore(), contrastiveConfigSchema.parse({ vision, text })),
  settings: { optimizer },
  batch: (index) =>
    assembleContrastiveBatch(samples(smallBatch, index), {
      textLength: sizes.text,
      frames: sizes.frames,
      imageSize: sizes.imageSize,
      pad: special.pad,
    }),
  breakable: 'pixels',
};

const none = { mlm: false, mfm: false, itm: false, ict: false, mmm: false };
const all = { mlm: true, mfm: true, itm: true, ict: true, mmm: true };

interface PretrainingVariant {
  readonly rows?: number;
  readonly frames?: number;
  readonly packing?: NonNullable<PretrainingOptions['packing']>;
  readonly config?: Partial<VisualBertConfigInput>;
  readonly settings?: TrainingSettingsInput;
}

function pretraining(
  name: string,
  objectives: PretrainingObjectives,
  {
    rows = smallBatch,
    frames = sizes.frames,
    packing = 'packed',
    config,
    settings = { optimizer },
  }: PretrainingVariant = {},
): TrainingCase {
  const options = {
    objectives,
    textLength: sizes.text,
    frames,
    frameDim: sizes.frameDim,
    special,
    vocabularySize: sizes.vocabulary,
    packing,
  };
  const { frameDim } = sizes;
  const empty: NdArray = { dtype: 'float32', shape: [0, frameDim], data: new Float32Array(0) };
  return {
    name,
    task: () =>
      new VisualBertForPretraining(
        new ParameterStore(),
        visualBertConfigSchema.parse({ text, frameDim, ...config }),
        objectives,
      ),
    settings,
    batch: (index) => {
      const videos = samples(rows, index).map(({ features, ...texts }) => ({
        ...texts,
        frames: frames === 0 ? empty : features,
      }));
      const choices = chooseMasking(videos, options, new Random('masking', index));
      return assemblePretrainingBatch(videos, choices, options).batch;
    },
    breakable: frames === 0 ? 'mlmWeights' : 'frames',
  };
}

function classification(
  name: string,
  field: 'frames' | 'pixels',
  settings: TrainingSettingsInput,
): TrainingCase {
  const config = visualBertConfigSchema.parse({ text, frameDim: sizes.frameDim, labelSmoothing: 0.1 });
  return {
    name,
    task: () => {
      const store = new ParameterStore();
      const frameEncoder =
        field === 'pixels' ? new VisionTower(store, 'visual_backbone.', vision) : undefined;
      return new VisualBertForClassification(store, config, { classes: sizes.classes, frameEncoder });
    },
    settings,
    batch: (index) =>
      assembleClassificationBatch(
        samples(smallBatch - 1, index).map(({ features, pixels, textIds, label }) => ({
          textIds,
          label,
          frames: field === 'pixels' ? pixels : features,
        })),
        {
          textLength: sizes.text,
          frames: sizes.frames,
          frameShape: field === 'pixels' ? [sizes.imageSize, sizes.imageSize, 3] : [sizes.frameDim],
          pad: special.pad,
          batchSize: smallBatch,
        },
      ),
    breakable: field,
  };
}

/** Joint pretraining with all objectives. */
export const jointPretraining = pretraining('joint pretraining', all);

/** The same, wide enough for TensorFlow to spread its operations over threads. */
export const widePretraining = pretraining('wide pretraining', all, {
  rows: 16,
  config: { text: { ...text, hiddenSize: 128, intermediateSize: 512, numAttentionHeads: 4 } },
});

/** With an attack so strong that the pass at the perturbed table overflows. */
export const overflowingAttack = pretraining(
  'an overflowing attack',
  { ...none, mlm: true },
  {
    settings: {
      optimizer,
      adversarial: { kind: 'fgm', table: 'bert.embeddings.word_embeddings', epsilon: 3e38 },
      ema: { enabled: true, decay: 0.9 },
    },
  },
);

export const pretrainingCases: readonly TrainingCase[] = [
  jointPretraining,
  ...(['mlm', 'mfm', 'itm', 'ict', 'mmm'] as const).map((objective) =>
    pretraining(`pretraining by ${objective} alone`, { ...none, [objective]: true }),
  ),
  pretraining('masked language modelling of text alone', { ...none, mlm: true }, { frames: 0 }),
  pretraining('joint pretraining that computes layers again for the gradient', all, {
    settings: { optimizer, memory: { attention: 'recompute', layers: 'recompute' } },
  }),
  pretraining('joint pretraining as the reference does it', all, {
    packing: 'one-a-row',
    config: referencePreset,
    settings: {
      optimizer: { kind: 'adamw-reference', noDecay: 'reference', epsilon: 1e-6, learningRate: 1e-3 },
    },
  }),
];

const classificationOfPixels = classification('classification from pixels, with PGD', 'pixels', {
  optimizer,
  adversarial: { kind: 'pgd', table },
});

export const classificationCases: readonly TrainingCase[] = [
  classification('classification from features, with FGM, averages and clipping', 'frames', {
    optimizer,
    adversarial: { kind: 'fgm', table },
    ema: { enabled: true, decay: 0.9 },
    clipNorm: 1,
  }),
  classificationOfPixels,
];
