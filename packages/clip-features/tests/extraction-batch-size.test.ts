import { describe, expect, it } from 'vitest';

import { clipVisionPresets, extractionBatchSize } from '../src/index.js';

const towers = Object.values(clipVisionPresets);

describe('the batch size of an extraction', () => {
  it('is 64 where there is memory', () => {
    for (const tower of towers) expect(extractionBatchSize(tower, 2 ** 34)).toBe(64);
  });

  it('is at least one frame', () => {
    for (const tower of towers) expect(extractionBatchSize(tower, 0)).toBe(1);
  });

  it('halves when the memory does, below that', () => {
    const tower = clipVisionPresets['vit-b-32'];
    const sizes = [30, 29, 28, 27].map((power) => extractionBatchSize(tower, 2 ** power));
    expect(sizes).toEqual([32, 16, 8, 4]);
  });

  it('is larger for smaller towers', () => {
    const [base, small] = towers.map((tower) => extractionBatchSize(tower, 2 ** 28));
    expect(small).toBeGreaterThan(base!);
  });
});
