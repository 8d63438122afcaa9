import { describe, expect, it } from 'vitest';
import { InputError } from '../src/input-error.js';
import { Random } from '../src/random.js';
import { checkFold, fullDataFold, stratifiedFolds, type Fold } from '../src/splits.js';

const labels = Array.from({ length: 103 }, (_, row) => `class ${row % 7 === 0 ? 'rare' : row % 3}`);

function countOf(fold: Fold, label: string): number {
  return fold.validation.filter((row) => labels[row] === label).length;
}

function allRows(folds: Fold[]): number[] {
  return folds.flatMap((fold) => [...fold.validation]).sort((a, b) => a - b);
}

describe('stratified folds', () => {
  const folds = stratifiedFolds(labels, 5, new Random(802));

  it('validate every row once and train on all others', () => {
    expect(allRows(folds)).toEqual(labels.map((_, row) => row));
    for (const fold of folds) {
      const both = [...fold.train, ...fold.validation].sort((a, b) => a - b);
      expect(both).toEqual(labels.map((_, row) => row));
    }
  });

  it('spread every class evenly, and are of even size', () => {
    for (const label of new Set(labels)) {
      const counts = folds.map((fold) => countOf(fold, label));
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
    const sizes = folds.map((fold) => fold.validation.length);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  });

  it('repeat with their seed and change with it', () => {
    expect(stratifiedFolds(labels, 5, new Random(802))).toEqual(folds);
    expect(stratifiedFolds(labels, 5, new Random(803))).not.toEqual(folds);
  });

  it('refuse impossible numbers of folds', () => {
    expect(() => stratifiedFolds(labels, 1, new Random(1))).toThrow(InputError);
    expect(() => stratifiedFolds(['a', 'b'], 3, new Random(1))).toThrow(InputError);
  });

  it('keep the rows of a group together', () => {
    const groups = labels.map((_, row) => Math.floor(row / 4));
    const grouped = stratifiedFolds(labels, 5, new Random(802), { groups });
    expect(allRows(grouped)).toEqual(labels.map((_, row) => row));
    for (const fold of grouped) {
      const inValidation = new Set([...fold.validation].map((row) => groups[row]));
      expect([...fold.train].some((row) => inValidation.has(groups[row]))).toBe(false);
    }
    for (const label of new Set(labels)) {
      const counts = grouped.map((fold) => countOf(fold, label));
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(4);
    }
  });
});

describe('other folds', () => {
  it('train on all data and validate on a part that was seen', () => {
    const full = fullDataFold({ train: Int32Array.of(0, 2, 3), validation: Int32Array.of(1, 4) });
    expect([...full.train]).toEqual([0, 1, 2, 3, 4]);
    expect([...full.validation]).toEqual([1, 4]);
  });

  it('are refused where they overlap or leave the data', () => {
    const train = Int32Array.of(0, 1);
    expect(() => checkFold({ train, validation: Int32Array.of(1) }, 5)).toThrow(/validation.*train/s);
    expect(() => checkFold({ train, validation: Int32Array.of(5) }, 5)).toThrow(InputError);
    expect(checkFold({ train: Int32Array.of(3, 0), validation: Int32Array.of(2) }, 5).train).toEqual(
      Int32Array.of(0, 3),
    );
  });
});
