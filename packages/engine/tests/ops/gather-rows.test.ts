import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { gatherRows, startBackend, sumRows } from '../../src/index.js';
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

describe.each(['tensorflow', 'wasm', 'cpu'] as const)('sumRows on %s', (backend) => {
  beforeAll(() => startBackend({ backend }));
  const ids = (): tf.Tensor => tf.tensor1d([3, 0, 3, 1], 'int32');

  it('adds up the rows of one number, and gives zeros for a number without rows', async () => {
    const sums = sumRows(tf.tensor2d([1, 2, 10, 20, 100, 200, 1000, 2000], [4, 2]), ids(), 5);
    expect(sums.shape).toEqual([5, 2]);
    expect(Array.from(await sums.data())).toEqual([10, 20, 1000, 2000, 0, 0, 101, 202, 0, 0]);
  });

  it('has a gradient that can be differentiated again', async () => {
    const squares = (rows: tf.Tensor) => tf.square(sumRows(rows, ids(), 5));
    const first = await gradients(squares, uneven([4, 2]));
    expect(distance(first.analytic, first.numeric)).toBeLessThan(1e-3);
    const second = await gradients(
      tf.grad((rows) => tf.sum(squares(rows))),
      uneven([4, 2]),
    );
    expect(distance(second.analytic, second.numeric)).toBeLessThan(1e-3);
  });

  it('names the argument that is wrong', () => {
    expect(() => sumRows(tf.ones([4]), ids(), 5)).toThrow('rows must be [n, dim]');
    expect(() => sumRows(tf.ones([4, 2]), tf.ones([4]), 5)).toThrow('ids must be int32');
    expect(() => sumRows(tf.ones([3, 2]), ids(), 5)).toThrow('ids must be [3]');
  });
});
