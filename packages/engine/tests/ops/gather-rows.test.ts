import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { gatherRows, startBackend } from '../../src/index.js';
import { distance, gradients, uneven } from '../finite-difference.js';

describe.each(['tensorflow', 'wasm', 'cpu'] as const)('gatherRows on %s', (backend) => {
  beforeAll(() => startBackend({ backend }));
  const ids = (): tf.Tensor => tf.tensor2d([3, 0, 3, 1, 3, 0], [2, 3], 'int32');

  it('looks rows up by ids of any shape', async () => {
    const table = tf.tensor2d([0, 1, 10, 11, 20, 21, 30, 31], [4, 2]);
    const rows = gatherRows(table, ids());
    expect(rows.shape).toEqual([2, 3, 2]);
    expect(Array.from(await rows.data())).toEqual([30, 31, 0, 1, 30, 31, 10, 11, 30, 31, 0, 1]);
    expect(gatherRows(table, tf.scalar(2, 'int32')).shape).toEqual([2]);
  });

  it('adds up the gradients of a row that is used more than once', async () => {
    const { analytic, numeric } = await gradients(
      (table) => gatherRows(table as tf.Tensor2D, ids()),
      uneven([4, 2]),
    );
    expect(distance(analytic, numeric)).toBeLessThan(1e-3);
    expect(analytic.slice(4, 6)).toEqual([0, 0]); // row 2 is not used
  });

  it('has a gradient that can be differentiated again', async () => {
    const gradient = tf.grad((table) => tf.sum(tf.square(gatherRows(table as tf.Tensor2D, ids()))));
    const { analytic, numeric } = await gradients(gradient, uneven([4, 2]));
    expect(distance(analytic, numeric)).toBeLessThan(1e-3);
  });

  it('names the argument that is wrong', () => {
    expect(() => gatherRows(tf.ones([4]) as tf.Tensor as tf.Tensor2D, ids())).toThrow(
      'table must be [rows, dim]',
    );
    expect(() => gatherRows(tf.ones([4, 2]), tf.ones([3]))).toThrow('ids must be int32');
  });
});
