import {
  assemblePretrainingBatch,
  chooseMasking,
  Random,
  type NdArray,
  type PretrainingOptions,
} from '@reelbert/data';
import { ParameterStore } from '@reelbert/nn';
import { visualBertConfigSchema, VisualBertForPretraining } from '@reelbert/visual-bert';
import { expect, test } from 'vitest';

import { programModes } from './modes.js';
import { special } from './samples.js';
import type { TrainingCase } from './training-cases.js';
import { startTraining } from './training-run.js';

const [mode] = await programModes();
const [concepts, words, frames, frameDim] = [16, 3, 3, 16];
const objectives = { mlm: true, mfm: true, itm: true, ict: true, mmm: true };
const vocabularySize = 5 + concepts * words;
const options: PretrainingOptions = {
  objectives,
  textLength: 8,
  frames,
  frameDim,
  special,
  vocabularySize,
  packing: 'packed',
};

/** Videos of concepts: texts are of a concept's own words, and frames lie near its own point. */
function videos(rows: number, index: number) {
  const random = new Random('videos', index);
  const text = (concept: number) => {
    const drawn = Array.from({ length: 4 }, () => 5 + concept * words + random.integer(words));
    return [special.cls, ...drawn, special.sep];
  };
  return Array.from({ length: rows }, () => {
    const concept = random.integer(concepts);
    const point = new Random('concept', concept);
    const centre = Array.from({ length: frameDim }, () => 2 * point.normal());
    const data = Float32Array.from({ length: frames * frameDim }, (_, i) => {
      return centre[i % frameDim]! + random.normal();
    });
    const seen: NdArray = { dtype: 'float32', shape: [frames, frameDim], data };
    return { textIds: text(concept), titleIds: text(concept), bodyIds: text(concept), frames: seen };
  });
}

const text = {
  vocabSize: vocabularySize,
  hiddenSize: 32,
  numHiddenLayers: 2,
  numAttentionHeads: 4,
  intermediateSize: 64,
  maxPositionEmbeddings: 16,
  initializerRange: 0.1,
};

const jointPretraining: TrainingCase = {
  name: 'joint pretraining on videos of concepts',
  task: () =>
    new VisualBertForPretraining(
      new ParameterStore(),
      visualBertConfigSchema.parse({ text, frameDim }),
      objectives,
    ),
  settings: { optimizer: { learningRate: 3e-3 }, schedule: { kind: 'constant', warmup: 0 } },
  batch: (index) => {
    const rows = videos(32, index);
    const choices = chooseMasking(rows, options, new Random('masking', index));
    return assemblePretrainingBatch(rows, choices, options).batch;
  },
  breakable: 'frames',
};

test('the loss of each pretraining objective falls: its mean in the last tenth of the steps is below that in the first', async () => {
  const steps = 200;
  const training = await startTraining(jointPretraining, mode!);
  const losses: Readonly<Record<string, number>>[] = [];
  try {
    for (let index = 0; index < steps; index++) losses.push(await training.step(index));
  } finally {
    training.dispose();
  }
  const mean = (of: typeof losses, name: string) =>
    of.reduce((sum, step) => sum + step[name]!, 0) / of.length;
  const tenth = steps / 10;
  const names = [
    'loss',
    ...['mlm', 'mfm', 'itm', 'ict', 'mmmText', 'mmmFrame'].map((part) => `part.${part}`),
  ];
  for (const name of names) {
    const [first, last] = [mean(losses.slice(0, tenth), name), mean(losses.slice(-tenth), name)];
    expect(last, name).toBeLessThan(first);
  }
}, 300_000);
