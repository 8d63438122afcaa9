import { describe, expect, it } from 'vitest';
import { assembleClassificationBatch } from '../src/classification-batch.js';
import { assembleContrastiveBatch } from '../src/contrastive-batch.js';
import { InputError } from '../src/input-error.js';
import type { NdArray } from '../src/nd-array.js';
import { Random } from '../src/random.js';
import { batchCount, batchesOf, epochOrder, epochSize } from '../src/sampler.js';

function ones(...shape: number[]): NdArray {
  return { dtype: 'float32', shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1) };
}

describe('a classification batch', () => {
  const samples = [
    { textIds: [2, 7, 3], frames: ones(2, 3), label: 5 },
    { textIds: [2, 3], frames: ones(0, 3), label: 6 },
  ];
  const options = { textLength: 4, frames: 2, frameShape: [3], pad: 0 };

  it('pads texts and frames, with masks', () => {
    const batch = assembleClassificationBatch(samples, options);
    expect(batch.inputIds).toEqual({
      dtype: 'int32',
      shape: [2, 4],
      data: Int32Array.of(2, 7, 3, 0, 2, 3, 0, 0),
    });
    expect(batch.textMask!.data).toEqual(Int32Array.of(1, 1, 1, 0, 1, 1, 0, 0));
    expect(batch.frames!.shape).toEqual([2, 2, 3]);
    expect(batch.frames!.data).toEqual(Float32Array.of(1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0));
    expect(batch.frameMask!.data).toEqual(Int32Array.of(1, 1, 0, 0));
    expect(batch.labels!.data).toEqual(Int32Array.of(5, 6));
    expect(batch.rowMask!.data).toEqual(Int32Array.of(1, 1));
  });

  it('fills a last batch with rows that do not count', () => {
    const batch = assembleClassificationBatch(samples.slice(0, 1), { ...options, batchSize: 3 });
    expect(batch.rowMask!.data).toEqual(Int32Array.of(1, 0, 0));
    expect(batch.inputIds!.data).toEqual(Int32Array.of(2, 7, 3, 0, 2, 7, 3, 0, 2, 7, 3, 0));
  });

  it('has no labels unless every sample has one', () => {
    const unlabelled = [samples[0]!, { textIds: [2, 3], frames: ones(1, 3) }];
    expect(assembleClassificationBatch(unlabelled, options).labels).toBeUndefined();
  });

  it('holds pixels where frames have three dimensions', () => {
    const videos = [{ textIds: [2, 3], frames: ones(1, 4, 4, 3), label: 0 }];
    const batch = assembleClassificationBatch(videos, { ...options, frameShape: [4, 4, 3] });
    expect(batch.pixels!.shape).toEqual([1, 2, 4, 4, 3]);
    expect(batch.frames).toBeUndefined();
  });

  it('refuses no samples, too many, and other shapes', () => {
    expect(() => assembleClassificationBatch([], options)).toThrow(InputError);
    expect(() => assembleClassificationBatch(samples, { ...options, batchSize: 1 })).toThrow(InputError);
    expect(() => assembleClassificationBatch(samples, { ...options, frames: 1 })).toThrow(/row 0: frames/);
    expect(() => assembleClassificationBatch(samples, { ...options, textLength: 2 })).toThrow(
      /row 0: textIds/,
    );
  });
});

describe('a contrastive batch', () => {
  const samples = [
    { textIds: [2, 7, 3], pixels: ones(2, 4, 4, 3) },
    { textIds: [2, 3], pixels: ones(1, 4, 4, 3) },
  ];
  const options = { textLength: 3, frames: 2, imageSize: 4, pad: 0 };

  it('holds texts and pixels of the same rows', () => {
    const batch = assembleContrastiveBatch(samples, options);
    expect(Object.keys(batch)).toEqual(['inputIds', 'textMask', 'pixels', 'frameMask']);
    expect(batch.pixels!.shape).toEqual([2, 2, 4, 4, 3]);
    expect(batch.frameMask!.data).toEqual(Int32Array.of(1, 1, 1, 0));
  });

  it('needs two rows', () => {
    expect(() => assembleContrastiveBatch(samples.slice(1), options)).toThrow(InputError);
  });
});

describe('an epoch', () => {
  it('takes every sample once, in an order that its key fixes', () => {
    const order = epochOrder(50, new Random(802, 'epoch', 1));
    expect([...order].sort((a, b) => a - b)).toEqual([...Array(50).keys()]);
    expect(epochOrder(50, new Random(802, 'epoch', 1))).toEqual(order);
    expect(epochOrder(50, new Random(802, 'epoch', 2))).not.toEqual(order);
    expect(epochOrder(4, new Random(1), { shuffle: false })).toEqual([0, 1, 2, 3]);
  });

  it('takes one random sample of each group', () => {
    const groups = [0, 0, 0, 1, 2, 2].map((n) => `base ${n}`);
    const seen = new Set<number>();
    for (let epoch = 0; epoch < 60; epoch++) {
      const order = epochOrder(6, new Random(802, epoch), { groups });
      expect(order.map((sample) => groups[sample]).sort()).toEqual(['base 0', 'base 1', 'base 2']);
      for (const sample of order) seen.add(sample);
    }
    expect(seen.size).toBe(6);
    expect(epochSize(6, groups)).toBe(3);
    expect(() => epochOrder(5, new Random(1), { groups })).toThrow(InputError);
  });

  it('is cut into batches, the last one short or dropped', () => {
    expect(batchesOf([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
    expect(batchesOf([1, 2, 3, 4, 5], 2, { dropLast: true })).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(batchCount(5, 2)).toBe(3);
    expect(batchCount(5, 2, { dropLast: true })).toBe(2);
    expect(() => batchesOf([1], 0)).toThrow(InputError);
  });
});
