import { describe, expect, it } from 'vitest';
import { InputError } from '../src/input-error.js';
import { classScores, meanF1 } from '../src/mean-f1.js';
import { goldenTables } from './golden-file.js';

// The challenge's 200 classes: number of level-2 classes of each of the 23 level-1 classes.
const children = [9, 5, 9, 6, 6, 3, 3, 6, 6, 8, 4, 6, 6, 12, 4, 10, 11, 9, 7, 6, 16, 24, 24];
const level1 = Int32Array.from(children.flatMap((n, parent) => new Array<number>(n).fill(parent)));
const table = { level1 };

interface MetricCase {
  case: string;
  labels: number[];
  predictions: number[];
  expected: Record<'lv1_f1_micro' | 'lv1_f1_macro' | 'lv2_f1_micro' | 'lv2_f1_macro' | 'mean_f1', number>;
}

describe('mean F1', () => {
  it.each(goldenTables().metric as MetricCase[])(
    'equals the reference: $case',
    ({ labels, predictions, expected }) => {
      const found = meanF1(labels, predictions, table);
      expect(found.lv1Micro).toBeCloseTo(expected.lv1_f1_micro, 12);
      expect(found.lv1Macro).toBeCloseTo(expected.lv1_f1_macro, 12);
      expect(found.lv2Micro).toBeCloseTo(expected.lv2_f1_micro, 12);
      expect(found.lv2Macro).toBeCloseTo(expected.lv2_f1_macro, 12);
      expect(found.meanF1).toBeCloseTo(expected.mean_f1, 12);
    },
  );

  it('averages over classes present in labels or predictions', () => {
    const found = meanF1(Int32Array.of(0, 0, 9, 10), Int32Array.of(0, 1, 9, 0), table);
    expect(found.lv2Micro).toBe(0.5);
    expect(found.lv2Macro).toBe(0.375);
    expect(found.lv1Micro).toBe(0.75);
    expect(found.lv1Macro).toBeCloseTo(0.73333, 5);
    expect(found.meanF1).toBeCloseTo(0.58958, 5);
  });

  it('refuses rows that do not match, no rows, and classes outside the table', () => {
    expect(() => meanF1([0, 1], [0], table)).toThrow(InputError);
    expect(() => meanF1([], [], table)).toThrow(InputError);
    expect(() => meanF1([0, 200], [0, 0], table)).toThrow(/row 1.*200/s);
  });
});

describe('class scores', () => {
  it('count each class that occurs, in ascending order', () => {
    expect(classScores([5, 5, 2], [5, 7, 2])).toEqual([
      { classIndex: 2, support: 1, predicted: 1, correct: 1, f1: 1 },
      { classIndex: 5, support: 2, predicted: 1, correct: 1, f1: 2 / 3 },
      { classIndex: 7, support: 0, predicted: 1, correct: 0, f1: 0 },
    ]);
  });
});
