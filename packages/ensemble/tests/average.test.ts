import type { NdArray } from '@reelbert/data';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { averageLogits } from '../src/average.js';
import { probabilitiesOf } from '../src/combine.js';

const row = (...data: number[]): NdArray => ({
  dtype: 'float32',
  shape: [1, data.length],
  data: Float32Array.from(data),
});
const logits = fc.array(fc.float({ min: -30, max: 30, noNaN: true }), { minLength: 3, maxLength: 3 });

describe('averaging equal models', () => {
  // Probabilities (1/4, 3/4) and (1/2, 1/2).
  const models = [row(0, Math.log(3)), row(0, 0)];

  it('gives logits whose softmax is the mean of probabilities', () => {
    const [first, second] = probabilitiesOf(averageLogits(models));
    expect(first).toBeCloseTo(0.375, 6);
    expect(second).toBeCloseTo(0.625, 6);
  });

  it('or the mean of logits', () => {
    expect(averageLogits(models, 'logits').data[1]).toBeCloseTo(Math.log(3) / 2, 6);
  });

  it('of one model changes none of its probabilities', () => {
    fc.assert(
      fc.property(logits, fc.constantFrom('logits' as const, 'probabilities' as const), (values, of) => {
        const model = row(...values);
        const after = probabilitiesOf(averageLogits([model], of));
        probabilitiesOf(model).forEach((p, c) => expect(after[c]).toBeCloseTo(p, 5));
      }),
    );
  });

  it('stays finite where a probability underflows', () => {
    expect(averageLogits([row(0, -500), row(0, -500)]).data.every(Number.isFinite)).toBe(true);
  });
});
