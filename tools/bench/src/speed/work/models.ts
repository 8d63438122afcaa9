import { VisionTower } from '@reelbert/clip-features';
import type { HostTensors, Program } from '@reelbert/compiler';
import { makeKey, type NdArrays } from '@reelbert/data';
import { LxmertForClassification, lxmertConfigSchema } from '@reelbert/lxmert';
import { ParameterStore, type Predictor, type Task } from '@reelbert/nn';
import {
  declareTrainingState,
  evaluator,
  trainingSettings,
  trainStep,
  writeInitialState,
} from '@reelbert/trainer';
import {
  visualBertConfigSchema,
  VisualBertForClassification,
  VisualBertForPretraining,
} from '@reelbert/visual-bert';
import type * as tf from '@tensorflow/tfjs-core';

import { classificationBatches } from '../classification-batches.js';
import type { ProgramWork } from '../our-work.js';
import type { WorkPlan } from '../plan.js';
import { allObjectives, pretrainingBatches } from '../pretraining-batches.js';
import type { ModelSizes } from '../sizes.js';
import { towerConfig } from './features.js';
import { writeMadeUpWeights, madeUpWeights } from './weights.js';

const settings = trainingSettings({
  optimizer: { learningRate: 1e-5 },
  schedule: { kind: 'constant', warmup: 0 },
});

/** Training steps: forward, backward and AdamW, dropout 0.1. */
export async function trainingWork(program: Program, plan: WorkPlan): Promise<ProgramWork> {
  const task = trainingTask(plan);
  const state = declareTrainingState(program, task.parameters, settings);
  program.define('train', ({ key, scheduleFactor, ...batch }) =>
    trainStep(task, state, settings, { batch, key: key!, scheduleFactor: scheduleFactor as tf.Scalar }),
  );
  await writeInitialState(program, state, settings, madeUpWeights(task.parameters));
  const inputs = trainingBatches(plan).map((batch, i): HostTensors => {
    const key = { dtype: 'int32', shape: [2], data: makeKey('speed', i) } as const;
    const scheduleFactor = { dtype: 'float32', shape: [], data: Float32Array.of(1) } as const;
    return { ...batch, key, scheduleFactor };
  });
  return { functionName: 'train', inputs };
}

/** The single-stream classifier's logits. */
export async function inferenceWork(program: Program, plan: WorkPlan): Promise<ProgramWork> {
  const classifier = singleStreamClassifier(new ParameterStore(), plan.sizes);
  await writeMadeUpWeights(program, classifier.parameters);
  evaluator(program, classifier, { weights: 'model', name: 'predict' });
  return { functionName: 'predict', inputs: classificationBatches(plan, 'features') };
}

/** Defines prediction by the classifier that `trainingWork` trains, on its weights. */
export function definePrediction(program: Program, plan: WorkPlan): void {
  evaluator(program, singleStreamClassifier(new ParameterStore(), plan.sizes), {
    weights: 'model',
    name: 'predict',
  });
}

function trainingBatches(plan: WorkPlan): NdArrays[] {
  if (plan.work.endsWith('pretraining')) return pretrainingBatches(plan);
  return classificationBatches(plan, plan.work === 'end-to-end' ? 'pixels' : 'features');
}

function trainingTask({ work, sizes }: WorkPlan): Task {
  const store = new ParameterStore();
  switch (work) {
    case 'finetuning':
      return singleStreamClassifier(store, sizes);
    case 'end-to-end':
      return singleStreamClassifier(
        store,
        sizes,
        new VisionTower(store, 'visual_backbone.', towerConfig(sizes)),
      );
    case 'two-stream':
      return twoStreamClassifier(store, sizes);
    default:
      return new VisualBertForPretraining(store, singleStreamConfig(sizes), allObjectives);
  }
}

function singleStreamClassifier(
  store: ParameterStore,
  sizes: ModelSizes,
  frameEncoder?: VisionTower,
): Task & Predictor {
  return new VisualBertForClassification(store, singleStreamConfig(sizes), {
    classes: sizes.classes,
    frameEncoder,
  });
}

function twoStreamClassifier(store: ParameterStore, sizes: ModelSizes): Task {
  const { frameDim, visualLayers, crossLayers, classes } = sizes;
  const config = lxmertConfigSchema.parse({ text: bertSizes(sizes), frameDim, visualLayers, crossLayers });
  return new LxmertForClassification(store, config, { classes });
}

const singleStreamConfig = (sizes: ModelSizes) =>
  visualBertConfigSchema.parse({ text: bertSizes(sizes), frameDim: sizes.frameDim });

/** A BERT configuration of these sizes, dropout 0.1. */
export function bertSizes({ vocabSize, hiddenSize, layers, heads, intermediateSize }: ModelSizes) {
  return {
    vocabSize,
    hiddenSize,
    intermediateSize,
    numHiddenLayers: layers,
    numAttentionHeads: heads,
  };
}
