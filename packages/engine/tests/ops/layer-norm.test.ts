import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { layerNorm, startBackend } from '../../src/index.js';
import { distance, gradients, uneven } from '../finite-difference.js';

describe.each(['tensorflow', 'wasm', 'cpu'] as const)('layerNorm on %s', (backend) => {
  beforeAll(() => startBackend({ backend }));
  const gamma = (): tf.Tensor => uneven([5], 1);
  const beta = (): tf.Tensor => uneven([5], 2);
  const x = (): tf.Tensor => uneven([2, 3, 5]);

  it("is PyTorch's", async () => {
    // torch.nn.functional.layer_norm(torch.tensor([1., 2., 4., 8.]), [4], torch.tensor([1., 2., 3., 4.]), torch.ones(4), eps=1e-12)
    const y = layerNorm(tf.tensor1d([1, 2, 4, 8]), tf.tensor1d([1, 2, 3, 4]), tf.ones([4]), 1e-12);
    const deviation = Math.sqrt((2.75 ** 2 + 1.75 ** 2 + 0.25 ** 2 + 4.25 ** 2) / 4);
    const expected = [1 - 2.75 / deviation, 1 - 3.5 / deviation, 1 + 0.75 / deviation, 1 + 17 / deviation];
    expect(distance(await y.data(), expected)).toBeLessThan(1e-6);
  });

  it('has the gradients that finite differences give, of x, gamma and beta', async () => {
    for (const { analytic, numeric } of [
      await gradients((input) => layerNorm(input, gamma(), beta(), 1e-5), x()),
      await gradients((input) => layerNorm(x(), input, beta(), 1e-5), gamma()),
      await gradients((input) => layerNorm(x(), gamma(), input, 1e-5), beta()),
    ]) {
      expect(distance(analytic, numeric)).toBeLessThan(2e-3);
    }
  });

  it('names the weight whose shape is wrong', () => {
    expect(() => layerNorm(x(), tf.ones([4]), beta(), 1e-5)).toThrow('gamma must be [5]');
    expect(() => layerNorm(x(), gamma(), tf.ones([4]), 1e-5)).toThrow('beta must be [5]');
  });
});
