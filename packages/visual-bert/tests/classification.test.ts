import { clipVisionConfigSchema, VisionTower } from '@reelbert/clip-features';
import { assembleClassificationBatch, makeKey, type NdArrays } from '@reelbert/data';
import { KeyStream, startBackend } from '@reelbert/engine';
import { diceLoss, focalLoss, softF1Loss } from '@reelbert/losses';
import { ParameterStore, type TensorBatch } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

import {
  VisualBert,
  VisualBertForClassification,
  type ClassifierOptions,
  type VisualBertConfigInput,
} from '../src/index.js';
import { expectClose } from './golden.js';
import { BoundProgram, gradientsOf, programModes, toTensors } from './running.js';
import { clips, firstValues, smallConfig, smallText } from './small-model.js';

const modes = await programModes();
beforeAll(async () => void (await startBackend()));

const classes = 3;
const reference = { pooling: 'all' } as const;
const list = (x: tf.Tensor) => Array.from(x.dataSync());

function makeModel(config: Partial<VisualBertConfigInput> = {}, options: Partial<ClassifierOptions> = {}) {
  const store = new ParameterStore();
  const model = new VisualBertForClassification(store, smallConfig(config), { classes, ...options });
  const values = firstValues(store);
  const logits = (batch: NdArrays) => list(store.bind(values, () => model.logits(toTensors(batch))));
  const loss = (batch: NdArrays, keys: KeyStream | null = null) =>
    store.bind(values, () => model.loss(toTensors(batch), keys).loss).dataSync()[0]!;
  return { store, model, values, logits, loss };
}

const samples = clips(4).map(({ textIds, frames }, i) => ({ textIds, frames, label: i % classes }));

/** Four clips, padded to widths. */
function batchOf(textLength = 10, frames = 4, batchSize = 4): NdArrays {
  return assembleClassificationBatch(samples, { textLength, frames, frameShape: [5], pad: 0, batchSize });
}

function expectNear(found: readonly number[], expected: readonly number[]): void {
  expect(found.length).toBe(expected.length);
  found.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 4));
}

describe('padding', () => {
  // The same batch with another id under the padding.
  const batch = batchOf();
  const data = Int32Array.from(batch.inputIds!.data, (id, i) => (batch.textMask!.data[i] ? id : 9));
  const changed = { ...batch, inputIds: { ...batch.inputIds!, data } };

  test('does not reach the states of real positions', () => {
    const store = new ParameterStore();
    const bert = new VisualBert(store, smallConfig());
    const values = firstValues(store);
    const states = (given: NdArrays) => {
      const { inputIds, textMask, frames, frameMask } = toTensors(given) as Record<string, tf.Tensor>;
      const text = { ids: inputIds!, mask: textMask! };
      return store.bind(values, () => bert.encode(text, { features: frames!, mask: frameMask! }, null));
    };
    const [before, after] = [states(batch), states(changed)];
    const real = (states: tf.Tensor) =>
      list(tf.mul(states, tf.cast(tf.expandDims(before.mask, -1), 'float32')));
    expectNear(real(after.states), real(before.states));
    expect(list(after.states)).not.toEqual(list(before.states));
  });

  test('does not change scores that average over real positions', () => {
    const { logits } = makeModel();
    expect(logits(changed)).toEqual(logits(batch));
    expectNear(logits(batchOf(8)), logits(batch)); // trimmed
    expectNear(logits(batchOf(10, 6)), logits(batch));
  });

  test('changes the original’s scores, which average over all positions', () => {
    const { logits } = makeModel(reference);
    expect(logits(changed)).not.toEqual(logits(batch));
    const difference = logits(batchOf(8)).map((value, i) => Math.abs(value - logits(batch)[i]!));
    expect(Math.max(...difference)).toBeGreaterThan(1e-3);
  });

  test('of whole rows counts for nothing in the loss', () => {
    const { loss } = makeModel();
    expect(loss(batchOf(10, 4, 7))).toBeCloseTo(loss(batch), 5);
    const none = { ...batch, rowMask: { ...batch.rowMask!, data: new Int32Array(4) } };
    expect(loss(none)).toBe(0);
  });
});

test('frames are told apart by their place', () => {
  const { logits } = makeModel();
  const batch = batchOf();
  const { shape, data } = batch.frames!;
  const row = samples.findIndex(({ frames }) => frames.shape[0]! >= 2);
  const [first, second] = [row * 20, row * 20 + 5]; // 4 frames of 5 values
  const exchanged = data.slice();
  exchanged.set(data.subarray(second, second + 5), first);
  exchanged.set(data.subarray(first, first + 5), second);
  const found = logits({ ...batch, frames: { dtype: 'float32', shape, data: exchanged } });
  const changed = found.map((value, i) => value !== logits(batch)[i]);
  expect(changed).toEqual(Array.from({ length: 12 }, (_, i) => Math.floor(i / classes) === row));
});

describe('one modality alone', () => {
  const batch = batchOf();
  const { inputIds, textMask, frames, frameMask, ...others } = batch;
  const text = { inputIds: inputIds!, textMask: textMask! };
  const video = { frames: frames!, frameMask: frameMask! };

  test('needs nothing of the other, which influences nothing and gets no gradient', () => {
    for (const [modality, own, unused] of [
      ['text', text, /video_/],
      ['frames', video, /bert\.embeddings/],
    ] as const) {
      const { store, model, values, logits } = makeModel({}, { modality });
      expect(logits(own)).toEqual(logits(batch));
      const tensors = toTensors({ ...own, ...others });
      const gradients = gradientsOf(store, values, () => model.loss(tensors, null).loss);
      const without = [...values.keys()].filter((name) => !(name in gradients));
      expect(without).toEqual([...values.keys()].filter((name) => unused.test(name)));
      expect(without.length).toBeGreaterThan(4);
    }
  });

  test('gives other scores than both together', () => {
    const scores = (['both', 'text', 'frames'] as const).map((modality) =>
      makeModel({}, { modality }).logits(batch),
    );
    expect(new Set(scores.map((each) => each.join())).size).toBe(3);
  });

  test('a batch that lacks what a model looks at is refused by name', () => {
    const both = makeModel();
    expect(() => both.logits(video)).toThrow("the batch has no field 'inputIds'");
    expect(() => both.logits({ ...text, frameMask: frameMask! })).toThrow(
      "a batch needs 'frames', or 'pixels' and a classifier with a frame encoder",
    );
    expect(() => both.loss({ ...text, ...video })).toThrow("the batch has no field 'labels'");
  });
});

test('pixels give the scores of their features, and the tower learns along', () => {
  const vision = clipVisionConfigSchema.parse({
    hiddenSize: 5,
    numHiddenLayers: 1,
    numAttentionHeads: 1,
    intermediateSize: 6,
    imageSize: 4,
    patchSize: 2,
  });
  const store = new ParameterStore();
  const frameEncoder = new VisionTower(store, 'visual_backbone.', vision);
  const model = new VisualBertForClassification(store, smallConfig(), { classes, frameEncoder });
  const values = firstValues(store);
  const { frames, ...others } = toTensors(batchOf());
  const pixels = tf.reshape(tf.sin(tf.range(0, 4 * 4 * 48)), [4, 4, 4, 4, 3]);
  const [fromPixels, fromFeatures] = store.bind(values, () => {
    const features = tf.reshape(frameEncoder.encode(tf.reshape(pixels, [16, 4, 4, 3])), frames!.shape);
    return [model.logits({ ...others, pixels }), model.logits({ ...others, frames: features })] as const;
  });
  expectNear(list(fromPixels), list(fromFeatures));
  const gradients = gradientsOf(store, values, () => model.loss({ ...others, pixels }, null).loss);
  expect(gradients['visual_backbone.vision_model.embeddings.patch_embedding.weight']).toBeDefined();
});

test('label smoothing comes from the configuration', () => {
  const [plain, smooth] = [makeModel(), makeModel({ labelSmoothing: 0.2 })];
  const batch = batchOf();
  expect(smooth.logits(batch)).toEqual(plain.logits(batch));
  const logits = tf.tensor2d(plain.logits(batch), [4, classes]);
  const spread = -tf.mean(tf.logSoftmax(logits)).dataSync()[0]!;
  expect(smooth.loss(batch)).toBeCloseTo(0.8 * plain.loss(batch) + 0.2 * spread, 4);
});

test.each([
  [{ kind: 'focal', gamma: 1 } as const, focalLoss, { gamma: 1 }],
  [{ kind: 'dice', smooth: 0.5 } as const, diceLoss, { smooth: 0.5 }],
  [{ kind: 'soft-f1' } as const, softF1Loss, {}],
])('the loss %o comes from the configuration, and counts real rows', (classificationLoss, loss, options) => {
  const [plain, other] = [makeModel(), makeModel({ classificationLoss })];
  const batch = {
    ...batchOf(),
    rowMask: { dtype: 'int32', shape: [4], data: Int32Array.of(1, 1, 0, 1) } as const,
  };
  expect(other.logits(batch)).toEqual(plain.logits(batch));
  const { labels, rowMask } = toTensors(batch);
  const logits = tf.tensor2d(plain.logits(batch), [4, classes]);
  const expected = loss(logits, labels!, { ...options, rowWeights: rowMask }).dataSync()[0]!;
  expect(other.loss(batch)).toBeCloseTo(expected, 5);
});

describe('dropout', () => {
  const dropping = { text: { ...smallText, hiddenDropoutProb: 0.2, attentionProbsDropoutProb: 0.2 } };

  test('acts in training alone, and follows from the key', () => {
    const { loss, logits } = makeModel(dropping);
    const batch = batchOf();
    const train = (seed: number) => loss(batch, new KeyStream(tf.tensor1d(makeKey(seed), 'int32')));
    expect(logits(batch)).toEqual(makeModel().logits(batch));
    expect(train(1)).toBe(train(1));
    expect(new Set([loss(batch), train(1), train(2)]).size).toBe(3);
  });

  test.runIf(modes.length > 1)('drops the same compiled as op by op, gradients included', async () => {
    const { store, model } = makeModel(dropping);
    const key = { dtype: 'int32', shape: [2], data: makeKey('dropout') } as const;
    const batch = { ...batchOf(), key };
    const loss = (given: TensorBatch) => model.loss(given, new KeyStream(given.key!)).loss;
    const [compiled, eager] = await Promise.all(
      modes.map(async (mode) => {
        const program = await BoundProgram.of(store, store.initialState(7), mode);
        const value = await program.run(batch, (given) => ({ loss: loss(given) }));
        const gradients = await program.gradients(batch, loss);
        program.dispose();
        return { ...value, ...gradients };
      }),
    );
    expect(Object.keys(compiled!).sort()).toEqual(Object.keys(eager!).sort());
    for (const [name, tensor] of Object.entries(eager!)) {
      expectClose(name, compiled![name]!, tensor, { relative: 1e-4, absolute: 1e-6 });
    }
  });
});
