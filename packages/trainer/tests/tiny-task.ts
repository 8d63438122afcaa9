import { Random, type NdArray, type NdArrays } from '@reelbert/data';
import { dropout, gatherRows, sparseSoftmaxCrossEntropy, type KeyStream } from '@reelbert/engine';
import { ParameterStore, type Predictor, type Task, type TensorBatch } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';

const [words, hidden, classes] = [7, 4, 3];

/**
 * Classifies sums of word vectors (word 0 is padding) and frames. `unused.weight` has no gradient. A frame that is not
 * finite makes the loss so.
 */
export function tinyTask({ dropoutRate = 0 } = {}): Task & Predictor {
  const store = new ParameterStore();
  const table = store.declare('embeddings.word_embeddings.weight', [words, hidden], {
    kind: 'normal',
    std: 0.5,
  });
  const weight = store.declare('classifier.weight', [classes, hidden], { kind: 'normal', std: 0.5 });
  const bias = store.declare('classifier.bias', [classes], { kind: 'zeros' });
  store.declare('unused.weight', [2, 2], { kind: 'ones' });

  const logits = (batch: TensorBatch, keys: KeyStream | null): tf.Tensor2D => {
    const mask = tf.expandDims(tf.cast(batch.textMask!, 'float32'), -1); // [batch, text, 1]
    const vectors = tf.mul(gatherRows(table.value() as tf.Tensor2D, batch.inputIds!), mask);
    const pooled = tf.add(tf.sum(dropout(vectors, dropoutRate, keys), 1), tf.sum(batch.frames!, 1)); // [batch, hidden]
    return tf.add(tf.matMul(pooled as tf.Tensor2D, weight.value() as tf.Tensor2D, false, true), bias.value());
  };
  return {
    parameters: store,
    objectives: ['classification'],
    loss(batch, keys) {
      const rows = sparseSoftmaxCrossEntropy(logits(batch, keys), batch.labels as tf.Tensor1D);
      const weights = tf.cast(batch.rowMask ?? tf.onesLike(batch.labels!), 'float32');
      const loss = tf.div(tf.sum(tf.mul(rows, weights)), tf.sum(weights)) as tf.Scalar;
      return { loss, parts: { classification: loss } };
    },
    logits: (batch) => logits(batch, null),
  };
}

/** Batch `index` of epoch `epoch`: rows of up to five words; the label is the largest word modulo the classes. */
export function tinyBatch(epoch: number, index: number, rows = 4): NdArrays {
  const random = new Random('tiny', epoch, index);
  const ids = Array.from({ length: rows }, () => {
    const length = 1 + random.integer(5);
    return Array.from({ length: 5 }, (_, i) => (i < length ? 1 + random.integer(words - 1) : 0));
  });
  const frames = Float32Array.from({ length: rows * 2 * hidden }, () => 0.1 * random.normal());
  const int32 = (shape: number[], values: number[]) =>
    ({ dtype: 'int32', shape, data: Int32Array.from(values) }) as const;
  return {
    inputIds: int32([rows, 5], ids.flat()),
    textMask: int32(
      [rows, 5],
      ids.flat().map((id) => (id > 0 ? 1 : 0)),
    ),
    frames: { dtype: 'float32', shape: [rows, 2, hidden], data: frames },
    frameMask: int32([rows, 2], Array<number>(2 * rows).fill(1)),
    labels: int32(
      [rows],
      ids.map((row) => Math.max(...row) % classes),
    ),
  };
}

/** Batches of the same widths as one. */
export function joined(...batches: NdArrays[]): NdArrays {
  const join = (name: string): NdArray => {
    const parts = batches.map((batch) => batch[name]!);
    const { dtype, shape } = parts[0]!;
    const values = parts.flatMap(({ data }) => [...data]);
    const data = dtype === 'float32' ? Float32Array.from(values) : Int32Array.from(values);
    const rows = parts.reduce((sum, part) => sum + part.shape[0]!, 0);
    return { dtype, shape: [rows, ...shape.slice(1)], data };
  };
  return Object.fromEntries(Object.keys(batches[0]!).map((name) => [name, join(name)]));
}

/** The same batch with a frame that makes the loss infinite or NaN. */
export function brokenBatch(value: number): NdArrays {
  const batch = tinyBatch(0, 0);
  const data = Float32Array.from(batch.frames!.data);
  data[0] = value;
  return { ...batch, frames: { ...batch.frames!, data } };
}

/** An endless supply of such epochs, each of `stepsPerEpoch` batches. */
export function tinyBatches(stepsPerEpoch: number) {
  return async function* (epoch: number, from: number): AsyncGenerator<NdArrays> {
    for (let index = from; index < stepsPerEpoch; index++) yield tinyBatch(epoch, index);
  };
}
