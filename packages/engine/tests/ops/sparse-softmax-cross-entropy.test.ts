import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { sparseSoftmaxCrossEntropy, startBackend } from '../../src/index.js';
import { distance, gradients, uneven } from '../finite-difference.js';

describe.each(['tensorflow', 'wasm', 'cpu'] as const)('sparseSoftmaxCrossEntropy on %s', (backend) => {
  beforeAll(() => startBackend({ backend }));
  const labels = (): tf.Tensor1D => tf.tensor1d([2, 0, 4], 'int32');
  const logits = (): tf.Tensor2D => uneven([3, 5]) as tf.Tensor2D;

  it("is PyTorch's cross_entropy(reduction='none')", async () => {
    // x = torch.sin(1.7 * torch.arange(15.)).mul(1.5).view(3, 5)
    // torch.nn.functional.cross_entropy(x, torch.tensor([2, 0, 4]), reduction='none')
    const x = Array.from({ length: 3 }, (_row, r) =>
      Array.from({ length: 5 }, (_c, c) => 1.5 * Math.sin(1.7 * (5 * r + c))),
    );
    const expected = x.map(
      (row, r) => Math.log(row.reduce((s, v) => s + Math.exp(v), 0)) - row[[2, 0, 4][r]!]!,
    );
    expect(distance(await sparseSoftmaxCrossEntropy(logits(), labels()).data(), expected)).toBeLessThan(1e-5);
  });

  it('has the gradient that finite differences give', async () => {
    const { analytic, numeric } = await gradients(
      (x) => sparseSoftmaxCrossEntropy(x as tf.Tensor2D, labels()),
      logits(),
    );
    expect(distance(analytic, numeric)).toBeLessThan(1e-3);
  });

  it('stays finite where the true class is hopeless or certain', async () => {
    const extreme = tf.tensor2d([1e4, -1e4, -1e4, 1e4], [2, 2]);
    const loss = await sparseSoftmaxCrossEntropy(extreme, tf.tensor1d([1, 1], 'int32')).data();
    expect(distance(loss, [2e4, 0])).toBeLessThan(1e-6);
    expect(Math.abs(loss[1]!)).toBe(0);
  });

  it('names the argument that is wrong', () => {
    expect(() => sparseSoftmaxCrossEntropy(tf.ones([3]) as unknown as tf.Tensor2D, labels())).toThrow(
      'logits must be',
    );
    expect(() => sparseSoftmaxCrossEntropy(logits(), tf.ones([3]))).toThrow('labels must be int32 [3]');
    expect(() => sparseSoftmaxCrossEntropy(logits(), tf.tensor1d([0], 'int32'))).toThrow(
      'labels must be int32 [3]',
    );
  });
});
