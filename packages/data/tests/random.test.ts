import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeKey, Random } from '../src/random.js';

const parts = fc.array(fc.oneof(fc.integer(), fc.string()), { minLength: 1, maxLength: 4 });

describe('random numbers', () => {
  test('depend on their parts alone', () => {
    fc.assert(
      fc.property(parts, (key) => {
        const [one, two] = [new Random(...key), new Random(...key)];
        for (let i = 0; i < 5; i++) expect(one.uniform()).toBe(two.uniform());
        expect(makeKey(...key)).toEqual(makeKey(...key));
      }),
    );
  });

  test('differ where the parts do, however these are cut', () => {
    const keys = [[1, 23], [12, 3], ['1', 23], ['1,23'], [1, 23, 0], [23, 1]].map((key) => makeKey(...key));
    expect(new Set(keys.map(String)).size).toBe(keys.length);
  });

  test('are the same on every machine and in every version', () => {
    expect([...makeKey('seed', 802)]).toEqual([-1398245916, -1416263450]);
    const random = new Random('seed', 802);
    expect([random.uniform(), random.integer(1000), random.shuffle([1, 2, 3, 4, 5])]).toEqual([
      0.6427035672470219,
      218,
      [1, 3, 4, 5, 2],
    ]);
  });

  test('are uniform and normal', () => {
    const random = new Random('moments');
    const n = 100_000;
    const uniform = Float64Array.from({ length: n }, () => random.uniform());
    const normal = Float64Array.from({ length: n }, () => random.normal());
    const moment = (values: Float64Array, power: number) =>
      values.reduce((sum, value) => sum + value ** power, 0) / n;
    // Within five standard deviations.
    expect(Math.abs(moment(uniform, 1) - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / n));
    expect(Math.abs(moment(normal, 1))).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(moment(normal, 2) - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    expect(uniform.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(normal.every(Number.isFinite)).toBe(true);
  });

  test('shuffle keeps every item, sample takes different ones in order', () => {
    fc.assert(
      fc.property(parts, fc.nat(30), fc.nat(30), (key, a, b) => {
        const [k, n] = [Math.min(a, b), Math.max(a, b)];
        const random = new Random(...key);
        const items = Array.from({ length: n }, (_, i) => i);
        expect(random.shuffle(items).sort((x, y) => x - y)).toEqual(items);
        const sample = random.sample(n, k);
        expect(sample).toHaveLength(k);
        expect(sample).toEqual([...new Set(sample)].sort((x, y) => x - y));
        expect(sample.every((i) => i >= 0 && i < n)).toBe(true);
      }),
    );
  });
});
