// The two-stream model: states, scores, gradients, one update; its masked language modelling.
import type { NdArray, NdArrays } from '@reelbert/data';
import { LxmertForClassification, LxmertForPretraining, type LxmertConfig } from '@reelbert/lxmert';
import { ParameterStore } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';

import { classificationBatch, classificationInputs, hasAll } from '../batches.js';
import { BoundProgram } from '../bound-program.js';
import { compareByName, fits, stored, type Check, type CheckContext } from '../check-context.js';
import { twoStreamConfig } from '../models.js';
import { nameList, numberTable } from '../set-schema.js';
import { tolerances } from '../tolerance.js';
import { referenceSettings, trainingRun } from '../training-run.js';
import { compareClassification } from './classification.js';
import { normPairs } from './pretraining.js';
import { compareState, tenfoldNoise } from './run-comparison.js';

const family = 'two-stream';
const pretraining = 'two-stream pretraining';

export const checkTwoStream: Check = async (context) => {
  const { set, report } = context;
  const config = twoStreamConfig(set);
  const inputs = set.file('two.finetune').group('in.');
  if (!config || !hasAll(inputs, classificationInputs)) {
    return report.missing(family, 'states, scores, loss, gradients', 'two.finetune: in.*');
  }
  const batch = classificationBatch(inputs);
  const classifier = new LxmertForClassification(new ParameterStore(), config, {
    classes: set.config.num_classes,
  });
  if (fits(context, family, classifier.parameters, 'two.weights')) {
    await compareClassifier(context, classifier, batch);
    await compareUpdate(context, classifier, batch);
  } else report.notRun(family, 'states, scores, loss, gradients', 'two.weights lack parameters');
  await comparePretraining(context, config, batch);
};

async function compareClassifier(context: CheckContext, model: LxmertForClassification, batch: NdArrays) {
  const { set, report, mode } = context;
  const file = set.file('two.finetune');
  const program = await BoundProgram.of(model.parameters, set.file('two.weights').all(), mode);
  try {
    const found = await program.run(batch, (given) => {
      const { language, vision } = model.encode(given, null);
      const logits = model.logits(given);
      const loss = model.loss(given, null).loss;
      return {
        language: language.states,
        vision: vision.states,
        logits,
        loss,
        argmax: tf.argMax(logits, -1),
      };
    });
    for (const stream of ['language', 'vision'] as const) {
      const wanted = file.get(`out.${stream}_states`);
      const pairs = wanted ? [{ name: `${stream}_states`, found: found[stream]!, wanted }] : [];
      report.compare(family, `last ${stream} states`, tolerances.outputs, pairs);
    }
    compareClassification(
      context,
      family,
      file,
      found,
      batch,
      set.expected(z.number(), 'two_stream', 'loss'),
    );
    const gradients = await program.gradients(batch, (given) => model.loss(given, null).loss);
    const wanted = stored(
      set,
      'two.finetune',
      'grad.',
      ({ family: of, kind, path }) =>
        of === 'two' && kind === 'gradient' && !path.join('.').includes('pretrain'),
    );
    compareByName(report, [family, 'gradients'], tolerances.gradients, gradients, wanted);
    compareWithoutGradient(context, Object.keys(gradients));
  } finally {
    program.dispose();
  }
}

/** The set counts the language head among the parameters; the classifier has none. */
function compareWithoutGradient({ set, report }: CheckContext, withGradient: readonly string[]): void {
  const quantity = 'parameters without gradient';
  const wanted = set.expected(nameList, 'two_stream', 'parameters_without_gradient');
  if (!wanted) return report.missing(family, quantity);
  const aliases = new Set(
    new LxmertForPretraining(new ParameterStore(), twoStreamConfig(set)!).parameters.aliases.keys(),
  );
  const all = Object.keys(set.file('two.weights').all()).filter((name) => !aliases.has(name));
  const found = all.filter((name) => !withGradient.includes(name));
  report.names(family, quantity, found, wanted);
}

async function compareUpdate(
  { set, report, mode }: CheckContext,
  task: LxmertForClassification,
  batch: NdArrays,
) {
  const quantity = 'after1: parameters';
  const wanted = stored(
    set,
    'two.finetune',
    'after1.',
    (table) => table.family === 'two' && table.kind === 'after1',
  );
  const { optimizer } = set.config;
  const rates = optimizer?.two_stream_lr;
  const count = Object.keys({ ...wanted.tensors, ...wanted.digests }).length;
  if (!optimizer || !rates || count === 0) return report.missing(family, quantity);
  const run = await trainingRun({
    mode,
    task,
    settings: referenceSettings(optimizer, rates, optimizer.warmup_steps_in_1_step_runs),
    weights: set.file('two.weights').all(),
    batches: [batch],
    totalSteps: optimizer.total_steps,
  });
  compareState(report, [family, quantity], tenfoldNoise(set, /^two/), run, run.parameters, wanted);
  const matches = set.expected(nameList, 'two_stream', 'fgm_matches');
  if (!matches) return report.missing(family, 'what FGM perturbs');
  const perturbed = [...task.parameters.specs.keys()].filter((name) =>
    name.includes('bert.embeddings.word_embeddings'),
  );
  report.names(family, 'what FGM perturbs', perturbed, matches);
}

async function comparePretraining(context: CheckContext, config: LxmertConfig, batch: NdArrays) {
  const { set, report, mode } = context;
  const file = set.file('two.finetune');
  const [ids, labels] = [file.get('pretrain.mlm_input_ids'), file.get('pretrain.mlm_labels')];
  const [loss, norms] = [
    file.get('pretrain.mlm_loss')?.data[0],
    set.expected(numberTable, 'two_stream', 'pretrain_gradient_l2'),
  ];
  if (!ids || !labels) return report.missing(pretraining, 'loss, gradients', 'two.finetune: pretrain.*');
  const model = new LxmertForPretraining(new ParameterStore(), config);
  if (!fits(context, pretraining, model.parameters, 'two.weights')) {
    return report.notRun(pretraining, 'loss, gradients', 'two.weights lack parameters');
  }
  const masked = { ...batch, inputIds: ids, ...labelFields(labels) };
  const program = await BoundProgram.of(model.parameters, set.file('two.weights').all(), mode);
  try {
    const found = await program.run(masked, (given) => ({ loss: model.loss(given, null).loss }));
    const pairs = loss === undefined ? [] : [['mlm', found.loss!.data[0]!, loss] as const];
    report.numbers(pretraining, 'loss mlm', tolerances.losses, pairs);
    const gradients = await program.gradients(masked, (given) => model.loss(given, null).loss);
    if (norms)
      report.names(pretraining, 'parameters with gradient', Object.keys(gradients), Object.keys(norms));
    report.compare(pretraining, 'gradient norms', tolerances.gradients, normPairs(gradients, norms ?? {}));
  } finally {
    program.dispose();
  }
}

/** Labels `[rows, text]` with -100 where nothing is hidden, as positions. */
function labelFields({ data }: NdArray): NdArrays {
  const hidden = Array.from(data.keys()).filter((at) => data[at]! >= 0);
  const shape = [hidden.length];
  return {
    textPositions: { dtype: 'int32', shape, data: Int32Array.from(hidden) },
    textLabels: { dtype: 'int32', shape, data: Int32Array.from(hidden, (at) => data[at]!) },
    mlmWeights: { dtype: 'float32', shape, data: new Float32Array(hidden.length).fill(1) },
  };
}
