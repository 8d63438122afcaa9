import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-node-gpu';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';

import { createProgram, type HostTensor } from '../src/index.js';

// A recording believes TensorFlow's shape functions; a run computes. Both, on random shapes, for every kind of
// operation that models here are made of, forward and (where there is one) backward, against op-by-op execution.

const compiled = createProgram({ mode: 'compiled', signatureLimit: 1000 });
const eager = createProgram({ mode: 'eager' });
afterAll(() => {
  compiled.dispose();
  eager.dispose();
});

type Operation = (x: tf.Tensor4D) => tf.Tensor;

const operations: Record<string, Operation> = {
  arithmetic: (x) => tf.add(tf.mul(x, 2), tf.div(tf.sub(x, 1), tf.add(tf.square(x), 1))),
  'broadcast along rows': (x) => tf.mul(x, tf.sum(x, [0, 1, 2])),
  'broadcast along columns': (x) => tf.sub(x, tf.mean(x, -1, true)),
  'unary functions': (x) => tf.exp(tf.neg(tf.tanh(tf.erf(tf.sqrt(tf.abs(tf.add(x, 3))))))),
  'logarithm and power': (x) => tf.pow(tf.log(tf.add(tf.square(x), 2)), tf.scalar(2)),
  reciprocal: (x) => tf.rsqrt(tf.add(tf.square(x), 1)),
  sigmoid: (x) => tf.sigmoid(x),
  maximum: (x) => tf.maximum(tf.minimum(x, 0.5), -0.5),
  'clip by value': (x) => tf.clipByValue(x, -0.5, 0.5),
  matMul: (x) => tf.matMul(x, x, false, true),
  'matMul, transposed the other way': (x) => tf.matMul(x, x, true, false),
  'matMul with one matrix': (x) => tf.matMul(tf.reshape(x, [-1, x.shape[3]]), tf.ones([x.shape[3], 3])),
  softmax: (x) => tf.softmax(x),
  logSoftmax: (x) => tf.logSoftmax(x),
  logSumExp: (x) => tf.logSumExp(x, 2),
  'sum of everything': (x) => tf.sum(x),
  'mean over two axes': (x) => tf.mean(x, [0, 2]),
  'max over an axis': (x) => tf.max(x, 1),
  reshape: (x) => tf.reshape(x, [x.shape[0] * x.shape[1], -1]),
  transpose: (x) => tf.transpose(x, [3, 1, 0, 2]),
  concat: (x) => tf.concat([x, tf.neg(x), x], 2),
  stack: (x) => tf.stack([x, x], 1),
  unstack: (x) => tf.add(tf.unstack(x, 1)[0]!, 1),
  split: (x) => tf.split(tf.concat([x, x], 3), 2, 3)[1]!,
  slice: (x) => tf.slice(x, [0, 0, 0, x.shape[3] - 1], [x.shape[0], 1, -1, 1]),
  stridedSlice: (x) =>
    tf.stridedSlice(x, [0, 0, 0, 0], [x.shape[0], x.shape[1], x.shape[2], x.shape[3]], [2, 1, 2, 1]),
  pad: (x) =>
    tf.pad(x, [
      [1, 0],
      [0, 2],
      [0, 0],
      [3, 1],
    ]),
  tile: (x) => tf.tile(x, [1, 2, 1, 3]),
  expandDims: (x) => tf.expandDims(x, 2),
  squeeze: (x) => tf.squeeze(tf.sum(x, 1, true), [1]),
  broadcastTo: (x) => tf.broadcastTo(tf.sum(x, 0, true), x.shape),
  where: (x) => tf.where(tf.greater(x, 0), x, tf.zerosLike(x)),
  'comparison and cast': (x) => tf.cast(tf.logicalAnd(tf.less(x, 0.5), tf.greaterEqual(x, -0.5)), 'float32'),
  'logical not': (x) => tf.cast(tf.logicalNot(tf.equal(x, 0)), 'float32'),
  argMax: (x) => tf.cast(tf.argMax(x, 3), 'float32'),
  oneHot: (x) => tf.oneHot(tf.argMax(x, 3), 7),
  cumsum: (x) => tf.cumsum(x, 1),
  reverse: (x) => tf.reverse(x, [1]),
  all: (x) => tf.cast(tf.all(tf.isFinite(x)), 'float32'),
  any: (x) => tf.cast(tf.any(tf.isNaN(x), 1), 'float32'),
  range: (x) => tf.add(tf.range(0, x.shape[3]), x),
  relu: (x) => tf.relu(x),
  step: (x) => tf.step(x),
};

const withGradient = new Set(
  Object.keys(operations).filter(
    (name) =>
      !/comparison|logical|argMax|oneHot|^all$|^any$|step|reverse|stridedSlice|max over|^where$|cumsum|unstack/.test(
        name,
      ),
  ),
);

const extent = fc.integer({ min: 1, max: 5 });
const shapes = fc.tuple(extent, extent, extent, extent);

function input(shape: number[]): HostTensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return {
    dtype: 'float32',
    shape,
    data: Float32Array.from({ length: size }, (_, i) => Math.sin(i * 1.7 + 0.3)),
  };
}

describe('what a recording infers equals what execution gives, on random shapes', () => {
  for (const [name, operation] of Object.entries(operations)) {
    for (const program of [compiled, eager]) {
      program.define(name, ({ x }) => {
        const outputs: Record<string, tf.Tensor> = { value: operation(x as tf.Tensor4D) };
        if (withGradient.has(name)) {
          outputs.gradient = tf.grad((t: tf.Tensor) => tf.sum(tf.sin(operation(t as tf.Tensor4D))))(x!);
        }
        return outputs;
      });
    }
    it(name, async () => {
      await fc.assert(
        fc.asyncProperty(shapes, async (shape) => {
          const x = input(shape);
          const [recorded, executed] = await Promise.all([compiled.run(name, { x }), eager.run(name, { x })]);
          expect(Object.keys(recorded)).toEqual(Object.keys(executed));
          for (const [label, expected] of Object.entries(executed)) {
            const found = recorded[label]!;
            expect(found.shape).toEqual(expected.shape);
            expect(found.dtype).toBe(expected.dtype);
            expect(found.data.length).toBe(expected.data.length);
            found.data.forEach((value, i) => expect(value).toBeCloseTo(expected.data[i]!, 4));
          }
        }),
        { numRuns: 5 },
      );
    });
  }
});
