import { describe, expect, it } from 'vitest';

import type { WorkResult } from '../src/speed/measure.js';
import { formatSpeed, productGflops, sideFigures } from '../src/speed/speed-table.js';

const products: WorkResult = {
  work: 'products',
  samples: 8,
  flops: 100e9,
  sides: [
    { side: 'ours', seconds: [1], cpuSeconds: [2], peakBytes: 1e9 },
    { side: 'reference', seconds: [0.8], cpuSeconds: [1.2], peakBytes: 1e9 },
  ],
  problems: [],
};
const finetuning: WorkResult = {
  work: 'finetuning',
  samples: 48,
  flops: 1000e9,
  sides: [
    { side: 'ours', seconds: [10, 16, 12], cpuSeconds: [20, 16, 18], peakBytes: 5e9 },
    { side: 'reference', seconds: [30, 32, 48], cpuSeconds: [60, 64, 48], peakBytes: 7e9 },
  ],
  problems: ['finetuning: best ended with SIGKILL'],
};
const [ours, reference] = finetuning.sides;

describe('the figures of a side', () => {
  it('are the median of the rounds, with the least and the most', () => {
    expect(sideFigures(finetuning, ours!, undefined).samplesPerSecond).toEqual({
      median: 4,
      least: 3,
      most: 4.8,
    });
  });

  it('compare with ours round by round', () => {
    expect(sideFigures(finetuning, reference!, undefined).timesOurs).toEqual({
      median: 3,
      least: 2,
      most: 4,
    });
    expect(sideFigures(finetuning, ours!, undefined).timesOurs).toBeUndefined();
  });

  it('are set against the fastest bare products', () => {
    expect(productGflops([finetuning, products])).toBe(125);
    const { gflops, shareOfProducts } = sideFigures(finetuning, ours!, 125);
    expect(gflops).toBeCloseTo(1000 / 12, 9);
    expect(shareOfProducts).toBeCloseTo(1000 / 12 / 125, 9);
  });

  it('lack a share where no products were measured', () => {
    expect(productGflops([finetuning])).toBeUndefined();
    expect(sideFigures(finetuning, ours!, undefined)).not.toHaveProperty('shareOfProducts');
  });

  it('compare with nothing where ours failed', () => {
    const alone = { ...finetuning, sides: [reference!] };
    expect(sideFigures(alone, reference!, undefined)).not.toHaveProperty('timesOurs');
  });
});

describe('the table', () => {
  it('has a line a side, and says what went wrong', () => {
    const lines = formatSpeed([products, finetuning]).split('\n');
    expect(lines.map((line) => line.trim().split(/\s{2,}/))).toEqual([
      ['samples/s', 'from-to', 'times ours (from-to)', 'GFLOP/s', 'of products', 'cores', 'peak GB'],
      ['products', 'ours', '8.00', '8.00-8.00', '100.0', '80%', '2.00', '1.00'],
      ['reference', '10.0', '10.0-10.0', '0.80 (0.80-0.80)', '125.0', '100%', '1.50', '1.00'],
      ['finetuning', 'ours', '4.00', '3.00-4.80', '83.3', '67%', '1.50', '5.00'],
      ['reference', '1.50', '1.00-1.60', '3.00 (2.00-4.00)', '31.3', '25%', '2.00', '7.00'],
      ['finetuning: best ended with SIGKILL'],
      [''],
    ]);
  });
});
