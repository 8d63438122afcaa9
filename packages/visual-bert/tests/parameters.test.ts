import { clipVisionPresets, VisionTower } from '@reelbert/clip-features';
import { startBackend } from '@reelbert/engine';
import { ParameterStore } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

import {
  referencePreset,
  VisualBertForClassification,
  VisualBertForPretraining,
  visualBertConfigSchema,
} from '../src/index.js';
import { allObjectives } from './golden-batches.js';
import { toTensors } from './running.js';
import { clips, firstValues, perturbed, pretrainingBatch, smallConfig } from './small-model.js';

beforeAll(async () => void (await startBackend()));

const count = (store: ParameterStore) =>
  [...store.specs.values()].reduce((total, { shape }) => total + shape.reduce((size, n) => size * n, 1), 0);

describe('at the original’s size', () => {
  const config = visualBertConfigSchema.parse({ text: { vocabSize: 21_128 }, ...referencePreset });

  test('pretraining has 138,095,242 parameters', () => {
    const store = new ParameterStore();
    new VisualBertForPretraining(store, config, allObjectives);
    expect(count(store)).toBe(138_095_242);
  });

  test('fine-tuning with ViT-B/32 has 224,520,784', () => {
    const store = new ParameterStore();
    const frameEncoder = new VisionTower(store, 'visual_backbone.', clipVisionPresets['vit-b-32']);
    new VisualBertForClassification(store, config, { classes: 200, frameEncoder });
    expect(count(store)).toBe(224_520_784);
  });
});

describe('configuration', () => {
  test('unknown keys, and values out of range, are refused by name', () => {
    const issues = (input: object) =>
      visualBertConfigSchema
        .safeParse({ text: { vocabSize: 9 }, ...input })
        .error!.issues.map((issue) => issue.path.join('.') || issue.message);
    expect(issues({ pool: 'all' })).toEqual([expect.stringContaining('pool')]);
    expect(issues({ pooling: 'max' })).toEqual(['pooling']);
    expect(issues({ labelSmoothing: 1 })).toEqual(['labelSmoothing']);
    const focal = { kind: 'focal' };
    expect(issues({ labelSmoothing: 0.1, classificationLoss: focal })).toEqual(['labelSmoothing']);
    expect(issues({ titleContrast: { temperature: 0 } })).toEqual(['titleContrast.temperature']);
    expect(issues({ text: { vocabSize: 9, hiddenSize: 20 } })).toEqual(['text.numAttentionHeads']);
  });

  test('pretraining without an objective is refused', () => {
    const none = { mlm: false, mfm: false, itm: false, ict: false, mmm: false };
    expect(() => new VisualBertForPretraining(new ParameterStore(), smallConfig(), none)).toThrow(
      'pretraining needs at least one objective',
    );
  });
});

describe('names', () => {
  test('a fine-tuning model finds its encoder in a pretraining checkpoint', () => {
    const [pretraining, classification] = [new ParameterStore(), new ParameterStore()];
    new VisualBertForPretraining(pretraining, smallConfig(), allObjectives);
    new VisualBertForClassification(classification, smallConfig(), { classes: 3 });
    const missing = [...classification.specs.values()].filter(
      ({ name, shape }) => pretraining.specs.get(name)?.shape.join() !== shape.join(),
    );
    expect(missing.map(({ name }) => name)).toEqual(['newfc_tag.weight', 'newfc_tag.bias']);
  });

  test('the language head is tied to the words, or as in the original has a matrix of its own', () => {
    const [tied, own] = [new ParameterStore(), new ParameterStore()];
    new VisualBertForPretraining(tied, smallConfig(), allObjectives);
    new VisualBertForPretraining(own, smallConfig(referencePreset), allObjectives);
    const [decoder, words] = [
      'roberta.cls.predictions.decoder.weight',
      'roberta.bert.embeddings.word_embeddings.weight',
    ];
    expect([tied.specs.has(decoder), tied.aliases.get(decoder)]).toEqual([false, words]);
    expect([own.specs.has(decoder), own.aliases.has(decoder)]).toEqual([true, false]);
    for (const store of [tied, own]) {
      expect(store.aliases.get('roberta.cls.predictions.decoder.bias')).toBe('roberta.cls.predictions.bias');
    }
  });

  test('which objectives are on changes no parameter', () => {
    const names = (mlm: boolean) => {
      const store = new ParameterStore();
      new VisualBertForPretraining(store, smallConfig(), { ...allObjectives, mlm });
      return [...store.specs.keys()];
    };
    expect(names(false)).toEqual(names(true));
  });
});

test('what the original never uses influences no output', () => {
  const store = new ParameterStore();
  const config = smallConfig({ ...referencePreset, vladHiddenSize: 6 });
  const model = new VisualBertForPretraining(store, config, allObjectives);
  expect(store.specs.get('newfc_hidden.weight')!.shape).toEqual([6, 5]);
  const batch = toTensors(pretrainingBatch(clips(8)));
  const values = firstValues(store);
  const outputs = (at: ReadonlyMap<string, tf.Tensor>) =>
    store.bind(at, () => {
      const { loss } = model.loss(batch, null);
      return [...loss.dataSync(), ...model.encode(batch, null).dataSync()];
    });
  const changed = (name: string) => outputs(new Map(values).set(name, perturbed(values.get(name)!)));
  const unused = [...values.keys()].filter((name) =>
    /pooler|newfc_hidden|video_embeddings\.word_embeddings/.test(name),
  );
  expect(unused).toHaveLength(5);
  const before = outputs(values);
  for (const name of unused) expect(changed(name), name).toEqual(before);
  expect(changed('roberta.bert.video_fc.weight')).not.toEqual(before);
});
