import { createProgram, type HostTensor } from '@reelbert/compiler';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { attend, KeyStream, startBackend, withComputation } from '../../src/index.js';
import { distance, gradients, uneven } from '../finite-difference.js';

const [batch, heads, queries, keys, width] = [2, 3, 4, 5, 6];
const masks: Record<string, number[]> = {
  'of keys': [batch, 1, 1, keys],
  'of pairs of query and key': [batch, 1, queries, keys],
  'for all rows': [1, 1, queries, keys],
  'of nothing': [1, 1, 1, 1],
};
const maskOf = (shape: number[]): tf.Tensor4D => tf.mul(uneven(shape, 3), shape.at(-1) === 1 ? 0 : 1);
const inputs = (): tf.Tensor4D[] => [
  uneven([batch, heads, queries, width]) as tf.Tensor4D,
  uneven([batch, heads, keys, width], 1) as tf.Tensor4D,
  uneven([batch, heads, keys, width], 2) as tf.Tensor4D,
];
const stream = (): KeyStream => new KeyStream(tf.tensor1d([3, 4], 'int32'));

describe.each(['tensorflow', 'wasm'] as const)('attend on %s', (backend) => {
  beforeAll(() => startBackend({ backend }));

  it.each(Object.keys(masks))('is softmax(q kᵀ / sqrt(width) + mask) v with a mask %s', (name) => {
    const [query, key, value] = inputs() as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
    const mask = maskOf(masks[name]!);
    const scores = tf.add(tf.mul(tf.matMul(query, key, false, true), width ** -0.5), mask);
    const expected = tf.matMul(tf.softmax(scores), value).dataSync();
    expect(distance(attend(query, key, value, mask).dataSync(), expected)).toBeLessThan(1e-6);
  });

  it.each(['keep', 'recompute'] as const)(
    'has the gradients that finite differences give, dropout included (%s)',
    async (attention) => {
      const mask = maskOf(masks['of pairs of query and key']!);
      for (const place of [0, 1, 2]) {
        const output = (x: tf.Tensor): tf.Tensor => {
          const given = inputs().map((tensor, i) => (i === place ? x : tensor)) as tf.Tensor4D[];
          const options = { dropoutRate: 0.25, keys: stream() };
          return attend(given[0]!, given[1]!, given[2]!, mask, options);
        };
        const computed = (x: tf.Tensor) => withComputation({ attention }, () => output(x));
        const { analytic, numeric } = await gradients(computed, inputs()[place]!);
        expect(distance(analytic, numeric), `input ${place}`).toBeLessThan(2e-3);
      }
    },
  );
});

it('recorded, gives the same whether probabilities are kept or computed again', async () => {
  await startBackend({ backend: 'tensorflow' });
  const host = (tensor: tf.Tensor): HostTensor => ({
    dtype: 'float32',
    shape: tensor.shape,
    data: Float32Array.from(tensor.dataSync()),
  });
  const [query, key, value] = inputs().map(host);
  const program = createProgram({ mode: 'compiled' });
  for (const attention of ['keep', 'recompute'] as const) {
    program.define(attention, (given) => {
      const loss = (...args: tf.Tensor[]): tf.Scalar => {
        const [q, k, v] = args as tf.Tensor4D[];
        const options = { dropoutRate: 0.25, keys: new KeyStream(given.seed!) };
        const attended = () => attend(q!, k!, v!, tf.zeros([1, 1, 1, 1]), options);
        return tf.sum(tf.square(withComputation({ attention }, attended)));
      };
      const { value: total, grads } = tf.valueAndGrads(loss)([given.query!, given.key!, given.value!]);
      return { total, query: grads[0]!, key: grads[1]!, value: grads[2]! };
    });
  }
  const seed: HostTensor = { dtype: 'int32', shape: [2], data: Int32Array.from([1, 2]) };
  const batch = { query: query!, key: key!, value: value!, seed };
  const [kept, again] = [await program.run('keep', batch), await program.run('recompute', batch)];
  expect(again).toEqual(kept);
  const softmaxes = async (name: string) =>
    (await program.profile(name, batch)).filter(({ op }) => op === 'ReelbertMaskedSoftmax').length;
  expect([await softmaxes('keep'), await softmaxes('recompute')]).toEqual([1, 2]);
  program.dispose();
});

it('refuses a mask that fits neither queries nor keys', async () => {
  await startBackend({ backend: 'tensorflow' });
  const [query, key, value] = inputs() as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  expect(() => attend(query, key, value, tf.zeros([1, 1, 2, 5]))).toThrow('mask');
});
