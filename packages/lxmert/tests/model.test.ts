import { clipVisionPresets, VisionTower } from '@reelbert/clip-features';
import type { NdArrays } from '@reelbert/data';
import { startBackend } from '@reelbert/engine';
import { diceLoss, focalLoss, softF1Loss } from '@reelbert/losses';
import { ParameterStore } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';

import {
  lxmertConfigSchema,
  LxmertForClassification,
  LxmertForPretraining,
  referencePreset,
  type LxmertConfig,
} from '../src/index.js';
import { expectClose } from './golden.js';
import { changed, gradientsOf, int32, noise, tiny, tinyBatch, toTensors, valuesOf } from './tensors.js';

beforeAll(async () => void (await startBackend()));

const reference = lxmertConfigSchema.parse({ ...tiny, ...referencePreset });
const classes = 6;

function makeClassifier(config: LxmertConfig = tiny) {
  const model = new LxmertForClassification(new ParameterStore(), config, { classes });
  const values = valuesOf(model.parameters);
  const logits = (batch: NdArrays, at: ReadonlyMap<string, tf.Tensor> = values) =>
    model.parameters.bind(at, () => model.logits(toTensors(batch))).dataSync<'float32'>();
  return { model, values, logits };
}

/** The batch with other ids and features where the masks are 0. */
function otherPadding(batch: NdArrays): NdArrays {
  const frames = (batch.frames!.data as Float32Array).slice();
  frames.fill(3, 2 * 8, 3 * 8);
  return {
    ...batch,
    inputIds: int32([2, 5], [3, 7, 9, 12, 6, 3, 8, 8, 11, 4]),
    frames: { ...batch.frames!, data: frames },
  };
}

function withoutFrames(batch: NdArrays): NdArrays {
  return Object.fromEntries(Object.entries(batch).filter(([field]) => field !== 'frames'));
}

function exchangeFrames(batch: NdArrays): NdArrays {
  const frames = (batch.frames!.data as Float32Array).slice();
  frames.copyWithin(0, 8, 16);
  frames.set((batch.frames!.data as Float32Array).subarray(0, 8), 8);
  return { ...batch, frames: { ...batch.frames!, data: frames } };
}

const distance = (a: Float32Array, b: Float32Array) =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

describe('the two-stream configuration', () => {
  it('refuses unknown keys, no cross layer, heads that do not divide the width', () => {
    const text = { vocabSize: 13 };
    expect(() => lxmertConfigSchema.parse({ text, x_layers: 2 })).toThrow(/x_layers/);
    expect(() => lxmertConfigSchema.parse({ text, crossLayers: 0 })).toThrow(/crossLayers/);
    expect(() => lxmertConfigSchema.parse({ text: { ...text, numAttentionHeads: 7 } })).toThrow(
      /must divide/,
    );
  });

  it('refuses smoothed labels with a loss that has none', () => {
    const fields = { text: { vocabSize: 13 }, labelSmoothing: 0.1 };
    expect(() => lxmertConfigSchema.parse({ ...fields, classificationLoss: { kind: 'dice' } })).toThrow(
      /labelSmoothing/,
    );
    expect(lxmertConfigSchema.parse(fields).classificationLoss).toEqual({ kind: 'cross-entropy' });
  });

  it('takes all of the original’s choices from the preset', () => {
    const config = lxmertConfigSchema.parse({ text: { vocabSize: 13 }, ...referencePreset });
    expect(config).toMatchObject({ pooling: 'all', tieWordEmbeddings: false, unusedParameters: true });
    expect(config).toMatchObject({ visualLayers: 6, crossLayers: 3, frameDim: 768 });
  });
});

describe('the two-stream classifier', () => {
  it('has 299,391,176 parameters at base size with its tower, 233,198,792 of them outside of frozen layers', () => {
    const store = new ParameterStore();
    const frameEncoder = new VisionTower(store, 'visual_backbone.', clipVisionPresets['vit-b-32']);
    const config = lxmertConfigSchema.parse({ text: { vocabSize: 21_128 }, ...referencePreset });
    new LxmertForClassification(store, config, { classes: 200, frameEncoder });
    const count = (chosen: (name: string) => boolean) =>
      [...store.specs.values()]
        .filter(({ name }) => chosen(name))
        .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(count(() => true)).toBe(299_391_176);
    expect(count((name) => !name.startsWith('visual_backbone') || /layers\.(9|10|11)\./.test(name))).toBe(
      233_198_792,
    );
  });

  it.each([
    [{ kind: 'focal', gamma: 1 } as const, focalLoss, { gamma: 1 }],
    [{ kind: 'dice', smooth: 0.5 } as const, diceLoss, { smooth: 0.5 }],
    [{ kind: 'soft-f1' } as const, softF1Loss, {}],
  ])('has the loss %o where the configuration says so', (classificationLoss, loss, options) => {
    const { model, values, logits } = makeClassifier({ ...tiny, classificationLoss });
    const batch = { ...tinyBatch(), rowMask: int32([2], [0, 1]) };
    const tensors = toTensors(batch);
    const found = model.parameters.bind(values, () => model.loss(tensors, null).loss).dataSync()[0]!;
    const weights = { ...options, rowWeights: tensors.rowMask };
    const expected = loss(tf.tensor2d(logits(batch), [2, classes]), tensors.labels!, weights);
    expect(found).toBeCloseTo(expected.dataSync()[0]!, 5);
  });

  it('does not see padding, except with the choices of the reference', () => {
    const batch = tinyBatch();
    const { logits } = makeClassifier();
    expect(logits(otherPadding(batch))).toEqual(logits(batch));
    const all = makeClassifier(reference).logits;
    expect(distance(all(otherPadding(batch)), all(batch))).toBeGreaterThan(1e-3);
  });

  it('gives the same logits whatever the padded lengths are', () => {
    const batch = tinyBatch();
    const longer: NdArrays = {
      ...batch,
      inputIds: int32([2, 7], [3, 7, 9, 0, 0, 0, 0, 3, 8, 8, 11, 4, 0, 0]),
      textMask: int32([2, 7], [1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0]),
    };
    const { logits } = makeClassifier();
    expectClose('logits', logits(longer), logits(batch), 1e-5);
    const all = makeClassifier(reference).logits;
    expect(distance(all(longer), all(batch))).toBeGreaterThan(1e-3);
  });

  it('tells the order of frames', () => {
    const { logits } = makeClassifier();
    expect(distance(logits(exchangeFrames(tinyBatch())), logits(tinyBatch()))).toBeGreaterThan(1e-3);
  });

  it('lets text and frames change each other', () => {
    const { model, values } = makeClassifier();
    const states = (batch: NdArrays) =>
      model.parameters.bind(values, () => model.encode(toTensors(batch), null));
    const batch = tinyBatch();
    const before = states(batch);
    const otherText = states({ ...batch, inputIds: int32([2, 5], [3, 2, 1, 0, 0, 3, 1, 6, 1, 4]) });
    const otherFrames = states({ ...batch, frames: noise([2, 3, 8], 'other frames') });
    const data = (tensor: tf.Tensor) => tensor.dataSync<'float32'>();
    expect(distance(data(otherText.vision.states), data(before.vision.states))).toBeGreaterThan(1e-3);
    expect(distance(data(otherFrames.language.states), data(before.language.states))).toBeGreaterThan(1e-3);
    expect(before.vision.states.shape).toEqual([2, 4, 8]);
    expect([...before.vision.mask.dataSync()]).toEqual([1, 1, 1, 0, 1, 1, 1, 1]);
  });

  it('uses every parameter, but for those that the reference declares only', () => {
    const unused = /word_embeddings|pooler/;
    const { model, values, logits } = makeClassifier({ ...reference, crossLayers: 1 });
    const batch = tinyBatch();
    const before = logits(batch);
    const after = (name: string) =>
      logits(
        batch,
        changed(values, name, (value) => tf.add(value, tf.reshape(tf.range(0, value.size), value.shape))),
      );
    for (const name of model.parameters.specs.keys()) {
      const isUnused = name.includes('pooler') || name === 'vision_encoder.embeddings.word_embeddings.weight';
      if (isUnused) expect(after(name), name).toEqual(before);
      else if (!name.endsWith('key.bias')) expect(after(name), name).not.toEqual(before);
    }
    const names = [...makeClassifier().model.parameters.specs.keys()];
    expect(names.filter((name) => unused.test(name))).toEqual(['roberta.embeddings.word_embeddings.weight']);
  });

  it('projects features that have another width', () => {
    const { model, logits } = makeClassifier({ ...tiny, frameDim: 3 });
    expect(model.parameters.specs.get('video_fc.weight')!.shape).toEqual([8, 3]);
    const found = logits({ ...tinyBatch(), frames: noise([2, 3, 3], 'narrow') });
    expect(found).toHaveLength(2 * classes);
    expect(makeClassifier().model.parameters.specs.has('video_fc.weight')).toBe(false);
  });

  it('takes pixels through a frame encoder, and trains it', () => {
    const store = new ParameterStore();
    const vision = { ...clipVisionPresets.small, hiddenSize: 8, numHiddenLayers: 1, numAttentionHeads: 2 };
    const tower = { ...vision, intermediateSize: 12, imageSize: 4, patchSize: 2 };
    const frameEncoder = new VisionTower(store, 'visual_backbone.', tower);
    const model = new LxmertForClassification(store, tiny, { classes, frameEncoder });
    const pixels = noise([2, 3, 4, 4, 3], 'pixels');
    const batch = withoutFrames(tinyBatch());
    const values = valuesOf(store);
    const name = 'visual_backbone.vision_model.embeddings.patch_embedding.weight';
    const { gradients } = gradientsOf(
      store,
      values,
      [name],
      () => model.loss(toTensors({ ...batch, pixels }), null).loss,
    );
    expect(Math.hypot(...gradients.get(name)!)).toBeGreaterThan(0);
    const encoded = store.bind(values, () => ({
      fromPixels: model.logits(toTensors({ ...batch, pixels })),
      fromFeatures: model.logits({
        ...toTensors(batch),
        frames: tf.reshape(frameEncoder.encode(tf.tensor(pixels.data, [6, 4, 4, 3])), [2, 3, 8]),
      }),
    }));
    expectClose('logits', encoded.fromPixels.dataSync(), encoded.fromFeatures.dataSync(), 1e-6);
  });

  it('says what is missing from a batch with neither features nor an encoder for its pixels', () => {
    const { model, values } = makeClassifier();
    const batch = withoutFrames(tinyBatch());
    expect(() => model.parameters.bind(values, () => model.logits(toTensors(batch)))).toThrow(
      /'frames', or 'pixels'/,
    );
  });

  it('leaves filler rows out of the loss', () => {
    const { model, values } = makeClassifier();
    const loss = (batch: NdArrays) =>
      model.parameters.bind(values, () => model.loss(toTensors(batch), null)).loss.dataSync()[0]!;
    const first = (batch: NdArrays) => ({ ...batch, rowMask: int32([2], [1, 0]) });
    const batch = tinyBatch();
    expect(loss(first(batch))).toBe(loss(first({ ...batch, labels: int32([2], [1, 0]) })));
    expect(loss(first(batch))).not.toBe(loss(batch));
  });
});

describe('two-stream pretraining', () => {
  const float32 = (...data: number[]) => ({
    dtype: 'float32' as const,
    shape: [data.length],
    data: Float32Array.from(data),
  });
  const hidden = (positions: number[], labels: number[], weights: number[]): NdArrays => ({
    ...tinyBatch(),
    textPositions: int32([positions.length], positions),
    textLabels: int32([labels.length], labels),
    mlmWeights: float32(...weights),
  });

  function makeTask(config: LxmertConfig = tiny) {
    const model = new LxmertForPretraining(new ParameterStore(), config);
    const values = valuesOf(model.parameters);
    const loss = (batch: NdArrays, at: ReadonlyMap<string, tf.Tensor> = values) =>
      model.parameters.bind(at, () => model.loss(toTensors(batch), null)).loss.dataSync()[0]!;
    return { model, values, loss };
  }

  it('averages over the chosen tokens, and over none to 0', () => {
    const { loss } = makeTask();
    const [one, other] = [loss(hidden([1], [7], [1])), loss(hidden([8], [11], [1]))];
    expect(loss(hidden([1, 8, 0], [7, 11, 0], [1, 1, 0]))).toBeCloseTo((one + other) / 2, 5);
    expect(loss(hidden([0, 0], [0, 0], [0, 0]))).toBe(0);
  });

  it('never predicts the first token of a row', () => {
    const { loss } = makeTask();
    expect(loss(hidden([0, 5, 8], [3, 3, 11], [1, 1, 1]))).toBe(
      loss(hidden([0, 5, 8], [3, 3, 11], [0, 0, 1])),
    );
  });

  it('looks at the frames', () => {
    const { loss } = makeTask();
    const batch = hidden([1, 8], [7, 11], [1, 1]);
    expect(loss({ ...batch, frames: noise([2, 3, 8], 'other frames') })).not.toBeCloseTo(loss(batch), 3);
  });

  it('decodes by the word table, or by a matrix of its own as the reference', () => {
    const decoder = 'cls.predictions.decoder.weight';
    const words = 'roberta.embeddings.word_embeddings.weight';
    const tied = makeTask().model.parameters;
    expect(tied.specs.has(decoder)).toBe(false);
    expect(tied.aliases.get(decoder)).toBe(words);
    const { model, values } = makeTask(reference);
    expect(model.parameters.specs.get(decoder)!.shape).toEqual([13, 8]);
    expect(model.parameters.aliases.get('cls.predictions.decoder.bias')).toBe('cls.predictions.bias');
    const { gradients } = gradientsOf(
      model.parameters,
      values,
      [words, decoder],
      () => model.loss(toTensors(hidden([8], [11], [1])), null).loss,
    );
    const row = (name: string, id: number) => gradients.get(name)!.subarray(8 * id, 8 * id + 8);
    expect(Math.hypot(...row(words, 12))).toBe(0); // no such id in the batch
    expect(Math.hypot(...row(decoder, 12))).toBeGreaterThan(0);
  });
});
