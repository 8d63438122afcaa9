import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { gelu, startBackend } from '../../src/index.js';
import { distance, gradients, uneven } from '../finite-difference.js';

describe.each(['tensorflow', 'wasm', 'cpu'] as const)('gelu on %s', (backend) => {
  beforeAll(() => startBackend({ backend }));

  it("is PyTorch's exact form", async () => {
    // torch.nn.functional.gelu(torch.tensor([-3., -1., -.5, 0., .5, 1., 3.]))
    const expected = [-0.00404951, -0.15865525, -0.15426877, 0, 0.34573123, 0.84134475, 2.9959507];
    const y = await gelu(tf.tensor1d([-3, -1, -0.5, 0, 0.5, 1, 3])).data();
    expect(distance(y, expected)).toBeLessThan(1e-6);
  });

  it('has the gradient that finite differences give', async () => {
    const { analytic, numeric } = await gradients(gelu, uneven([3, 7]));
    expect(distance(analytic, numeric)).toBeLessThan(1e-3);
  });
});
