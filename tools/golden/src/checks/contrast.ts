// The vision tower, and video-text contrast with it: outputs, losses, gradients, one update.
import { ContrastiveModel, VisionTower } from '@reelbert/clip-features';
import type { NdArray, NdArrays } from '@reelbert/data';
import { ParameterStore } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';

import { classificationInputs, hasAll, pixelBatch } from '../batches.js';
import { BoundProgram } from '../bound-program.js';
import { compareByName, fits, stored, type Check, type CheckContext } from '../check-context.js';
import { contrastConfig, renamed, towerWeights, visionConfig } from '../models.js';
import { tolerances } from '../tolerance.js';
import { referenceSettings, trainingRun } from '../training-run.js';
import { compareState, tenfoldNoise } from './run-comparison.js';
import { weightsFit } from './weights-fit.js';

const family = 'contrast';
const towerFamily = 'vision tower';

export const checkContrast: Check = async (context) => {
  const { set, report } = context;
  const file = set.file('clip.contrastive');
  const inputs = file.group('in.');
  if (!visionConfig(set) || !hasAll(inputs, classificationInputs)) {
    return report.missing(towerFamily, 'outputs, losses, gradients', 'clip.contrastive: in.*');
  }
  const batch = pixelBatch(inputs);
  await compareTower(context, batch);
  const config = contrastConfig(set);
  if (!config) return report.missing(family, 'losses, gradients', 'config.json: two');
  const model = new ContrastiveModel(new ParameterStore(), config);
  const weights = contrastWeights(context);
  if (!weightsFit(model.parameters, weights)) {
    return report.notRun(family, 'losses, gradients', 'clip.weights or two.weights lack parameters');
  }
  set.file('clip.weights').use(['logit_scale']);
  const { inputIds, textMask, pixels, frameMask } = batch as Record<string, NdArray>;
  const pairs = { inputIds: inputIds!, textMask: textMask!, pixels: pixels!, frameMask: frameMask! };
  await compareModel(context, model, pairs, weights);
  await compareUpdate(context, model, pairs, weights);
};

async function compareTower(context: CheckContext, batch: NdArrays): Promise<void> {
  const { set, report, mode } = context;
  const config = visionConfig(set)!;
  const store = new ParameterStore();
  const tower = new VisionTower(store, '', config);
  const weights = towerWeights(set);
  if (!fits(context, towerFamily, store, 'clip.weights', weights)) {
    return report.notRun(towerFamily, 'outputs', 'clip.weights lack parameters');
  }
  const size = config.imageSize;
  const program = await BoundProgram.of(store, weights, mode);
  try {
    const found = await program.run({ pixels: batch.pixels! }, ({ pixels }) => {
      const { lastHiddenState, pooled } = tower.forward(tf.reshape(pixels!, [-1, size, size, 3]));
      return { last_hidden_state: lastHiddenState, pooled };
    });
    for (const name of ['last_hidden_state', 'pooled']) {
      const wanted = set.file('clip.contrastive').get(`out.${name}`);
      const pairs = wanted ? [{ name, found: found[name]!, wanted }] : [];
      report.compare(towerFamily, name.replaceAll('_', ' '), tolerances.outputs, pairs);
    }
  } finally {
    program.dispose();
  }
}

/** Names are the original's: `model_image.*`, `model_text.*`, `model_clip.logit_scale`. */
function contrastWeights({ set }: CheckContext): NdArrays {
  const { logit_scale: scale, ...vision } = towerWeights(set);
  const text = Object.entries(set.file('two.weights').all()).filter(([name]) => name.startsWith('roberta.'));
  return {
    ...renamed(vision, (name) => `model_image.${name}`),
    ...renamed(Object.fromEntries(text), (name) => name.replace('roberta.', 'model_text.')),
    ...(scale && { 'model_clip.logit_scale': { ...scale, shape: [] } }),
  };
}

async function compareModel(
  context: CheckContext,
  model: ContrastiveModel,
  batch: NdArrays,
  weights: NdArrays,
) {
  const { set, report, mode } = context;
  const file = set.file('clip.contrastive');
  const program = await BoundProgram.of(model.parameters, weights, mode);
  try {
    const found = await program.run(batch, (given) => {
      const { loss, parts } = model.loss(given, null);
      return { loss, loss_image: parts.image!, loss_text: parts.text! };
    });
    for (const name of ['loss', 'loss_image', 'loss_text']) {
      const scalar = file.get(`out.${name}`)?.data[0];
      const inTable = set.expected(z.number(), 'contrastive', name);
      const ours = found[name]!.data[0]!;
      report.numbers(family, name.replace('_', ' '), tolerances.losses, [
        ...(scalar === undefined ? [] : [[name, ours, scalar] as const]),
        ...(inTable === undefined ? [] : [[`${name} (table)`, ours, inTable] as const]),
      ]);
    }
    const gradients = await program.gradients(batch, (given) => model.loss(given, null).loss);
    const wanted = stored(
      set,
      'clip.contrastive',
      'grad.',
      (table) => table.family === 'contrastive' && table.kind === 'gradient',
    );
    for (const part of ['model_image', 'model_text', 'model_clip']) {
      const of = <T>(table: Readonly<Record<string, T>>): Record<string, T> =>
        Object.fromEntries(Object.entries(table).filter(([name]) => name.startsWith(`${part}.`)));
      const some = { tensors: of<NdArray>(wanted.tensors), digests: of(wanted.digests) };
      compareByName(report, [family, `gradients of ${part}`], tolerances.gradients, gradients, some);
    }
    // The set holds a part's gradients whole, and all of them as digests.
    const digests = { tensors: {}, digests: wanted.digests };
    if (Object.keys(wanted.digests).length > 0) {
      compareByName(report, [family, 'gradients (digests)'], tolerances.gradients, gradients, digests);
    }
  } finally {
    program.dispose();
  }
}

async function compareUpdate(
  context: CheckContext,
  task: ContrastiveModel,
  batch: NdArrays,
  weights: NdArrays,
) {
  const { set, report, mode } = context;
  const wanted = stored(
    set,
    'clip.contrastive',
    'after1.',
    (table) => table.family === 'contrastive' && table.kind === 'after1',
  );
  const scale = set.expected(z.number(), 'contrastive', 'logit_scale_after1');
  const { optimizer } = set.config;
  const rates = optimizer?.contrastive_lr;
  const count = Object.keys({ ...wanted.tensors, ...wanted.digests }).length;
  if (!optimizer || !rates || (count === 0 && scale === undefined)) {
    return report.missing(family, 'after1: parameters');
  }
  const settings = referenceSettings(optimizer, rates, optimizer.warmup_steps_in_1_step_runs);
  const run = await trainingRun({
    mode,
    task,
    settings,
    weights,
    batches: [batch],
    totalSteps: optimizer.total_steps,
  });
  const noise = tenfoldNoise(set, /^(clip|contrast)/);
  compareState(report, [family, 'after1: parameters'], noise, run, run.parameters, wanted);
  if (scale === undefined || !noise) return report.missing(family, 'after1: logit scale');
  const ours = run.parameters['model_clip.logit_scale']!.data[0]!;
  report.numbers(family, 'after1: logit scale', { relative: noise }, [['logit_scale', ours, scale]]);
}
