import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { KeyStream, dropout, startBackend } from '../../src/index.js';

describe.each(['tensorflow', 'wasm', 'cpu'] as const)('dropout on %s', (backend) => {
  beforeAll(() => startBackend({ backend }));
  const keys = (): KeyStream => new KeyStream(tf.tensor1d([7, 0], 'int32'));

  it('drops the given share and scales the rest, so that the sum stays', async () => {
    const y = await dropout(tf.ones([100, 200]), 0.25, keys()).data();
    const dropped = y.filter((value) => value === 0).length / y.length;
    expect(Math.abs(dropped - 0.25)).toBeLessThan(0.012);
    expect(y.every((value) => value === 0 || Math.abs(value - 4 / 3) < 1e-6)).toBe(true);
  });

  it("has its mask as the input's gradient", async () => {
    const x = tf.ones([10, 30]);
    const forward = await dropout(x, 0.4, keys()).data();
    const gradient = await tf
      .grad((input) => tf.sum(dropout(input, 0.4, keys())))(x)
      .data();
    expect(gradient).toEqual(forward);
  });

  it('draws a mask of its own at each place', async () => {
    const stream = keys();
    const x = tf.ones([300]);
    expect(await dropout(x, 0.5, stream).data()).not.toEqual(await dropout(x, 0.5, stream).data());
  });

  it('does nothing without keys or at rate 0', () => {
    const x = tf.ones([3]);
    expect(dropout(x, 0.5, null)).toBe(x);
    expect(dropout(x, 0, keys())).toBe(x);
  });

  it('refuses a rate outside [0, 1)', () => {
    expect(() => dropout(tf.ones([3]), 1, keys())).toThrow('rate must be in [0, 1)');
  });
});
