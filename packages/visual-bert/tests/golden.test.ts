// Losses, outputs and gradients of the original, by the golden set (golden.ts).
import type { NdArrays } from '@reelbert/data';
import { ParameterStore } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { VisualBertForClassification, VisualBertForPretraining } from '../src/index.js';
import { allObjectives, goldenClassificationBatch, goldenPretrainingBatch } from './golden-batches.js';
import {
  expectClose,
  expectDigest,
  expectRatio,
  expected,
  golden,
  goldenConfig,
  goldenTensors,
  gradientDigests,
  withPrefix,
} from './golden.js';
import { BoundProgram, programModes } from './running.js';

const modes = await programModes();
const weights = await goldenTensors('single.weights');
const pretrain = await goldenTensors('single.pretrain');
const finetune = await goldenTensors('single.finetune');

const outputs = { absolute: 1e-5 };
const gradients = { relative: 1e-4, absolute: 1e-6 };

/** The original's names of the parts, and what it makes of them before adding. */
const parts = [
  ['mlm', 'mlm', 1],
  ['itm', 'itm', 1],
  ['mfm', 'mfm', 0.5],
  ['mmmText', 'cap_l_full', 1],
  ['mmmFrame', 'cap_v', 0.5],
  ['ict', 'ict', 1],
] as const;

function expectGradients(
  stage: 'pretrain' | 'finetune',
  store: ParameterStore,
  found: NdArrays,
  tensors: NdArrays,
): void {
  const without = new Set(expected[stage].parameters_without_gradient);
  const names = [...store.specs.keys()].filter((name) => !without.has(name));
  expect(Object.keys(found).sort(), 'parameters with a gradient').toEqual([...names].sort());
  const wanted = withPrefix('grad.', tensors);
  const digests = Object.keys(wanted).length > 0 ? {} : gradientDigests(stage, names);
  expect(Object.keys({ ...wanted, ...digests }).sort(), 'the gradients of the set').toEqual(names.sort());
  for (const [name, gradient] of Object.entries(wanted)) expectClose(name, found[name]!, gradient, gradients);
  for (const [name, digest] of Object.entries(digests)) expectDigest(name, found[name]!, digest, gradients);
}

function expectStoreToFit(store: ParameterStore): void {
  for (const { name, shape } of store.specs.values()) {
    expect(weights[name]?.shape, `the set's shape of ${name}`).toEqual(shape);
  }
  for (const [alias, name] of store.aliases) expect(weights[alias]!.data, alias).toEqual(weights[name]!.data);
}

describe.each(modes)('pretraining like the original (%s)', (mode) => {
  const model = new VisualBertForPretraining(new ParameterStore(), goldenConfig(), allObjectives);
  const batch = goldenPretrainingBatch(pretrain);
  let program: BoundProgram;
  beforeAll(async () => void (program = await BoundProgram.of(model.parameters, weights, mode)));
  afterAll(() => program.dispose());

  test('the parameters are those of the original', () => {
    expectStoreToFit(model.parameters);
    const known = new Set([...model.parameters.specs.keys(), ...model.parameters.aliases.keys()]);
    const others = Object.keys(weights).filter((name) => !known.has(name) && !name.startsWith('newfc_tag.'));
    expect(others).toEqual([]);
    const names = [...model.parameters.specs.keys()];
    expect(names).toEqual(expect.arrayContaining([...expected.pretrain.parameters_without_gradient]));
  });

  test('encoder output, matching scores and contrast embeddings', async () => {
    const found = await program.run(batch, (inputs) => {
      const states = model.encode(inputs, null);
      const { title, body } = model.contrastEmbeddings(states, inputs);
      return { states, scores: model.matchingLogits(states, inputs), title, body };
    });
    const firstRows = (name: string, rows: number) => slice(found[name]!, 0, rows);
    const lastRows = (name: string, rows: number) => slice(found[name]!, found[name]!.shape[0]! - rows, rows);
    const wanted = withPrefix('out.', pretrain);
    const features = wanted.features_first6!;
    expectClose('features', firstRows('states', features.shape[0]!), features, outputs);
    const scores = wanted.itm_logits!;
    expectClose('matching scores', lastRows('scores', scores.shape[0]!), scores, outputs);
    expectClose('title embedding', found.title!, wanted.ict_title_embedding!, outputs);
    expectClose('body embedding', found.body!, wanted.ict_asr_ocr_embedding!, outputs);
  });

  test('every loss, and their sum with its quirk', async () => {
    const found = await program.run(batch, (inputs) => {
      const { loss, parts: named } = model.loss(inputs, null);
      return { ...named, total: loss };
    });
    const value = (name: string) => found[name]!.data[0]!;
    const wanted = (name: string) => pretrain[`loss.${name}`]!.data[0]!;
    for (const [part, name, factor] of parts) {
      expectRatio(name, factor * value(part), wanted(name), 1e-5);
      expectRatio(`${name} (table)`, factor * value(part), expected.pretrain.losses[name]!, 1e-5);
    }
    expectRatio('total', value('total'), wanted('total'), 1e-5);
    // The original logs half of the loss of the hidden texts, and adds it whole.
    expectRatio('reported', value('mmmText') / 2, wanted('cap_l_reported'), 1e-5);
    const others = ['mlm', 'itm', 'mfm', 'cap_v', 'ict'].map(wanted).reduce((a, b) => a + b);
    expectRatio('whole', value('total') - others, 2 * wanted('cap_l_reported'), 1e-4);
  });

  test('chosen frames whose row has no frame there, and so lose all columns', () => {
    const { mfmQueryWeights, mfmQueryMask } = batch;
    const hit = mfmQueryWeights!.data.filter((weight, i) => weight === 1 && mfmQueryMask!.data[i] === 0);
    expect(hit.length).toBe(expected.pretrain.rows_hit_by_quirk_Q8);
  });

  test('the gradient of every parameter', async () => {
    const found = await program.gradients(batch, (inputs) => model.loss(inputs, null).loss);
    expectGradients('pretrain', model.parameters, found, pretrain);
  });

  test.each(parts)('the norms of the gradients of %s alone', async (part, name, factor) => {
    const found = await program.gradients(batch, (inputs) => {
      return tf.mul(model.loss(inputs, null).parts[part]!, factor);
    });
    const norms = expected.pretrain.gradient_l2_by_objective[name]!;
    expect(Object.keys(found).sort()).toEqual(Object.keys(norms).sort());
    for (const [parameter, norm] of Object.entries(norms)) {
      const ours = Math.hypot(...found[parameter]!.data);
      const allowed = Math.max(1e-4 * norm, 1e-6);
      expect(Math.abs(ours - norm), `${parameter}: ${ours}, not ${norm}`).toBeLessThanOrEqual(allowed);
    }
  });
});

describe.each(modes)('fine-tuning like the original (%s)', (mode) => {
  const model = new VisualBertForClassification(new ParameterStore(), goldenConfig(), {
    classes: golden.num_classes,
  });
  const batch = goldenClassificationBatch(finetune);
  let program: BoundProgram;
  beforeAll(async () => void (program = await BoundProgram.of(model.parameters, weights, mode)));
  afterAll(() => program.dispose());

  test('the parameters are those of the original', () => {
    expectStoreToFit(model.parameters);
    const names = [...model.parameters.specs.keys()];
    expect(names).toEqual(expect.arrayContaining([...expected.finetune.parameters_without_gradient]));
  });

  test('scores, loss, accuracy and predicted classes', async () => {
    const found = await program.run(batch, (inputs) => {
      const logits = model.logits(inputs);
      const predicted = tf.argMax(logits, -1);
      const right = tf.cast(tf.equal(predicted, inputs.labels!), 'float32');
      return { logits, loss: model.loss(inputs, null).loss, predicted, accuracy: tf.mean(right) };
    });
    const wanted = withPrefix('out.', finetune);
    expectClose('logits', found.logits!, wanted.logits!, outputs);
    expectRatio('loss', found.loss!.data[0]!, wanted.loss!.data[0]!, 1e-5);
    expectRatio('loss (table)', found.loss!.data[0]!, expected.finetune.loss, 1e-5);
    expect(Array.from(found.predicted!.data)).toEqual(Array.from(wanted.argmax!.data));
    expect(found.accuracy!.data[0]).toBeCloseTo(wanted.accuracy!.data[0]!, 6);
  });

  test('the gradient of every parameter', async () => {
    const found = await program.gradients(batch, (inputs) => model.loss(inputs, null).loss);
    expectGradients('finetune', model.parameters, found, finetune);
  });
});

test('compiled losses are those computed op by op', async () => {
  const models = [
    [
      new VisualBertForPretraining(new ParameterStore(), goldenConfig(), allObjectives),
      goldenPretrainingBatch(pretrain),
    ],
    [
      new VisualBertForClassification(new ParameterStore(), goldenConfig(), { classes: golden.num_classes }),
      goldenClassificationBatch(finetune),
    ],
  ] as const;
  for (const [model, batch] of models) {
    const [first, ...others] = await Promise.all(
      modes.map(async (mode) => {
        const program = await BoundProgram.of(model.parameters, weights, mode);
        const losses = await program.run(batch, (inputs) => {
          const { loss, parts: named } = model.loss(inputs, null);
          return { ...named, loss };
        });
        program.dispose();
        return losses;
      }),
    );
    for (const other of others) {
      for (const [name, { data }] of Object.entries(first!)) {
        expectRatio(name, other[name]!.data[0]!, data[0]!, 1e-5);
      }
    }
  }
});

function slice({ dtype, shape, data }: NdArrays[string], from: number, rows: number): NdArrays[string] {
  const width = shape.slice(1).reduce((product, extent) => product * extent, 1);
  const part = data.slice(from * width, (from + rows) * width);
  return { dtype, shape: [rows, ...shape.slice(1)], data: part };
}
