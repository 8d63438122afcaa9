import { InputError, meanF1, Random, type NdArray } from '@reelbert/data';
import { describe, expect, it } from 'vitest';
import { argmax, combine } from '../src/combine.js';
import { searchWeights } from '../src/weight-search.js';

const classes = 6;
const table = { level1: Int32Array.of(0, 0, 1, 1, 2, 2) };

function labelsOf(rows: number, seed: number): Int32Array {
  const random = new Random('labels', seed);
  return Int32Array.from({ length: rows }, () => random.integer(classes));
}

/** Noise, plus `skill` on the right class. */
function model(labels: Int32Array, skill: number, ...seed: (string | number)[]): NdArray {
  const random = new Random(...seed);
  const data = Float32Array.from(
    { length: labels.length * classes },
    (_, i) => random.normal() + (i % classes === labels[Math.floor(i / classes)] ? skill : 0),
  );
  return { dtype: 'float32', shape: [labels.length, classes], data };
}

describe('weight search', () => {
  it('is never worse than equal weights on the rows it searched', () => {
    for (let seed = 0; seed < 8; seed++) {
      const labels = labelsOf(60, seed);
      const models = [1, 0.5, 1.5].map((skill, i) => model(labels, skill, seed, i));
      const {
        weights,
        meanF1: found,
        equalMeanF1,
      } = searchWeights(models, labels, table, { seed, trials: 30 });
      expect(equalMeanF1).toBe(meanF1(labels, argmax(combine(models)), table).meanF1);
      expect(found).toBeGreaterThanOrEqual(equalMeanF1);
      expect(found).toBe(meanF1(labels, argmax(combine(models, { weights })), table).meanF1);
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(models.length, 9);
    }
  });

  it('finds out which model to leave', () => {
    const labels = labelsOf(200, 1);
    const models = [model(labels, 2.5, 'good'), model(labels, 0, 'noise'), model(labels, 0, 'more noise')];
    const { weights, meanF1: found, equalMeanF1 } = searchWeights(models, labels, table);
    expect(found).toBeGreaterThan(equalMeanF1 + 0.1);
    expect(weights[0]).toBeGreaterThan(2);
  });

  it('repeats with its seed', () => {
    const labels = labelsOf(60, 3);
    const models = [1, 1].map((skill, i) => model(labels, skill, i));
    expect(searchWeights(models, labels, table, { seed: 7 })).toEqual(
      searchWeights(models, labels, table, { seed: 7 }),
    );
  });

  it('keeps equal weights where none are better', () => {
    const labels = labelsOf(30, 3);
    const perfect = model(labels, 50, 'perfect');
    expect(searchWeights([perfect, perfect], labels, table).weights).toEqual([1, 1]);
    expect(searchWeights([perfect], labels, table).weights).toEqual([1]);
  });

  it('needs a label for each row', () => {
    const labels = labelsOf(30, 3);
    expect(() => searchWeights([model(labels, 1, 0)], labels.subarray(1), table)).toThrow(InputError);
  });
});
