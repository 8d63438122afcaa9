// The single-stream model's pretraining objectives on one batch: outputs, losses, gradients.
import type { NdArrays } from '@reelbert/data';
import { ParameterStore } from '@reelbert/nn';
import { VisualBertForPretraining } from '@reelbert/visual-bert';
import * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';

import {
  hasAll,
  objectives,
  pretrainingBatch,
  pretrainingChoices,
  pretrainingInputs,
  rowsOf,
} from '../batches.js';
import { BoundProgram } from '../bound-program.js';
import { compareByName, fits, stored, type Check, type CheckContext } from '../check-context.js';
import { l2Norm } from '../l2-norm.js';
import { singleStreamConfig } from '../models.js';
import type { Pair } from '../report.js';
import { nameList, numberTable } from '../set-schema.js';
import { tolerances } from '../tolerance.js';

const family = 'pretraining';

/** Our names of the parts, the original's, and what it makes of them before adding. */
export const objectiveParts = [
  ['mlm', 'mlm', 1],
  ['itm', 'itm', 1],
  ['mfm', 'mfm', 0.5],
  ['mmmText', 'cap_l_full', 1],
  ['mmmFrame', 'cap_v', 0.5],
  ['ict', 'ict', 1],
] as const;

export const checkPretraining: Check = async (context) => {
  const { set, report, mode } = context;
  const config = singleStreamConfig(set);
  const file = set.file('single.pretrain');
  const [inputs, choices] = [file.group('in.'), file.group('choice.')];
  if (!config || !hasAll(inputs, pretrainingInputs) || !hasAll(choices, pretrainingChoices)) {
    return report.missing(family, 'outputs, losses, gradients', 'single.pretrain: in.*, choice.*');
  }
  const model = new VisualBertForPretraining(new ParameterStore(), config, objectives);
  const weights = set.file('single.weights').all();
  if (!fits(context, family, model.parameters, 'single.weights')) {
    return report.notRun(family, 'outputs, losses, gradients', 'single.weights lack parameters');
  }
  const batch = pretrainingBatch(set.config, inputs, choices);
  const program = await BoundProgram.of(model.parameters, weights, mode);
  try {
    await compareOutputs(context, model, batch, program);
    await compareLosses(context, model, batch, program);
    await compareGradients(context, model, batch, program);
  } finally {
    program.dispose();
  }
};

type Model = VisualBertForPretraining;

async function compareOutputs(
  { set, report }: CheckContext,
  model: Model,
  batch: NdArrays,
  program: BoundProgram,
) {
  const found = await program.run(batch, (inputs) => {
    const states = model.encode(inputs, null);
    const { title, body } = model.contrastEmbeddings(states, inputs);
    return { states, scores: model.matchingLogits(states, inputs), title, body };
  });
  const file = set.file('single.pretrain');
  const compare = (quantity: string, name: string, ours: 'states' | 'scores' | 'title' | 'body') => {
    const wanted = file.get(`out.${name}`);
    if (!wanted) return report.missing(family, quantity, `out.${name}`);
    const rows = wanted.shape[0]!;
    const part = rowsOf(found[ours]!, ours === 'scores' ? -rows : 0, rows);
    report.compare(family, quantity, tolerances.outputs, [{ name, found: part, wanted }]);
  };
  compare('encoder output, first rows', 'features_first6', 'states');
  compare('matching scores', 'itm_logits', 'scores');
  compare('title embeddings', 'ict_title_embedding', 'title');
  compare('asr and ocr embeddings', 'ict_asr_ocr_embedding', 'body');
}

async function compareLosses(
  { set, report }: CheckContext,
  model: Model,
  batch: NdArrays,
  program: BoundProgram,
) {
  const found = await program.run(batch, (inputs) => {
    const { loss, parts } = model.loss(inputs, null);
    return { ...parts, total: loss };
  });
  const value = (name: string) => found[name]!.data[0]!;
  const ours = originalLosses(value('total'), (part) => value(part));
  const table = set.expected(numberTable, 'pretrain', 'losses') ?? {};
  for (const [name, loss] of Object.entries(ours)) {
    const scalar = set.file('single.pretrain').get(`loss.${name}`)?.data[0];
    const pairs = [
      ...(scalar === undefined ? [] : [[name, loss, scalar] as const]),
      ...(table[name] === undefined ? [] : [[`${name} (table)`, loss, table[name]] as const]),
    ];
    report.numbers(family, `loss ${name}`, tolerances.losses, pairs);
  }
  const hit = set.expected(z.int(), 'pretrain', 'rows_hit_by_quirk_Q8');
  const [weights, real] = [batch.mfmQueryWeights!.data, batch.mfmQueryMask!.data];
  const rows = weights.filter((weight, i) => weight === 1 && real[i] === 0).length;
  report.numbers(
    family,
    'chosen frames that lose all columns',
    tolerances.exact,
    hit === undefined ? [] : [['rows', rows, hit]],
  );
}

/** Losses under the original's names, halved as it logs them. */
export function originalLosses(total: number, part: (name: string) => number): Record<string, number> {
  const named = objectiveParts.map(([ours, theirs, factor]) => [theirs, factor * part(ours)] as const);
  return { ...Object.fromEntries(named), cap_l_reported: part('mmmText') / 2, total };
}

async function compareGradients(
  { set, report }: CheckContext,
  model: Model,
  batch: NdArrays,
  program: BoundProgram,
) {
  const found = await program.gradients(batch, (inputs) => model.loss(inputs, null).loss);
  const wanted = stored(
    set,
    'single.pretrain',
    'grad.',
    (table) => table.family === 'pretrain' && table.kind === 'gradient',
  );
  compareByName(report, [family, 'gradients of the sum'], tolerances.gradients, found, wanted);
  const without = set.expected(nameList, 'pretrain', 'parameters_without_gradient');
  const ours = [...model.parameters.specs.keys()].filter((name) => !(name in found));
  if (without) report.names(family, 'parameters without gradient', ours, without);
  else report.missing(family, 'parameters without gradient');

  const norms = set.expected(z.record(z.string(), numberTable), 'pretrain', 'gradient_l2_by_objective') ?? {};
  for (const [part, name, factor] of objectiveParts) {
    const quantity = `gradient norms of ${name} alone`;
    const table = norms[name];
    if (!table) {
      report.missing(family, quantity);
      continue;
    }
    const alone = await program.gradients(batch, (inputs) =>
      tf.mul(model.loss(inputs, null).parts[part]!, factor),
    );
    report.names(family, `parameters that ${name} reaches`, Object.keys(alone), Object.keys(table));
    report.compare(family, quantity, tolerances.gradients, normPairs(alone, table));
  }
}

/** L2 norms of tensors against a table of them. */
export function normPairs(found: NdArrays, norms: Readonly<Record<string, number>>): Pair[] {
  return Object.entries(norms).map(([name, norm]) => ({
    name,
    found: { data: [l2Norm(found[name]?.data ?? [NaN])] },
    wanted: { data: [norm] },
  }));
}
