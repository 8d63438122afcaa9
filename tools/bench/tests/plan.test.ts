import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { roundFlops } from '../src/speed/flops.js';
import { sampleCount, workNames, workPlan } from '../src/speed/plan.js';
import { batchesByBucket, bucketOf, sampleLengths } from '../src/speed/sample-lengths.js';
import { baseSizes } from '../src/speed/sizes.js';

describe('the lengths of the samples', () => {
  it('are 512 texts and others of 20 to 256 tokens', () => {
    const samples = sampleLengths(256);
    expect(samples).toHaveLength(512);
    for (const length of samples.flatMap(({ text, body }) => [text, body])) {
      expect(length).toBeGreaterThanOrEqual(20);
      expect(length).toBeLessThanOrEqual(256);
    }
    expect(samples[0]).toEqual({ text: 176, title: 176, body: 188 });
  });

  it('are cut where the text is shorter', () => {
    expect(Math.max(...sampleLengths(48).map(({ text }) => text))).toBe(48);
  });

  it('go into the narrowest bucket that holds them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 256 }), (length) => {
        const bucket = bucketOf([1, length], baseSizes);
        expect(bucket % 32).toBe(0);
        expect(bucket).toBeGreaterThanOrEqual(length);
        expect(bucket - length).toBeLessThan(32);
      }),
    );
    expect(bucketOf([39], { bucketWidth: 32, textLength: 40 })).toBe(40);
  });

  it('make batches of one bucket each, whose mean is about that of all', () => {
    const samples = sampleLengths(256);
    const batches = batchesByBucket(samples, 8, 6, 32);
    for (const batch of batches) {
      expect(batch).toHaveLength(8);
      expect(new Set(batch.map(({ text }) => bucketOf([text], baseSizes))).size).toBe(1);
    }
    const mean = (lengths: readonly { text: number }[]) =>
      lengths.reduce((sum, { text }) => sum + text, 0) / lengths.length;
    expect(Math.abs(mean(batches.flat()) / mean(samples) - 1)).toBeLessThan(0.1);
  });
});

describe('the operations of a round', () => {
  it('are those of the products themselves', () => {
    const [rows, hidden, inner] = [8 * 272, 768, 3072];
    expect(roundFlops(workPlan('products'))).toBe(2 * rows * (2 * hidden * inner + hidden * hidden));
  });

  it('of a layer are those of its matrices and of attention, three times for a step', () => {
    const [tokens, hidden, inner] = [272, 768, 3072];
    const layer = 2 * tokens * (4 * hidden ** 2 + 2 * hidden * inner) + 4 * tokens ** 2 * hidden;
    const plan = workPlan('encoder');
    expect(roundFlops(plan)).toBe(3 * sampleCount(plan) * 4 * layer);
  });

  it('grow with real tokens, not with the batch that a sample is padded in', () => {
    const plan = { ...workPlan('finetuning'), sizes: baseSizes };
    const [short, long] = [30, 250].map((text) => ({ text, title: text, body: text }));
    const together = roundFlops({ ...plan, batches: [[short!, long!]] });
    const apart = roundFlops({ ...plan, batches: [[short!], [long!]] });
    expect(together).toBe(apart);
    expect(apart).toBeGreaterThan(2 * roundFlops({ ...plan, batches: [[short!]] }));
  });

  it.each(workNames)('are counted for %s', (work) => {
    const flops = roundFlops(workPlan(work, 'tiny'));
    expect(flops).toBeGreaterThan(0);
    expect(roundFlops(workPlan(work, 'full'))).toBeGreaterThan(flops);
  });
});
