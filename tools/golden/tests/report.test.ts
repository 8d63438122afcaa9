import { describe, expect, it } from 'vitest';

import { digestPairs, Report } from '../src/report.js';

const compared = (found: number[], wanted: number[], tolerance: { relative?: number; absolute?: number }) => {
  const report = new Report();
  report.compare('a', 'b', tolerance, [{ name: 'x', found: { data: found }, wanted: { data: wanted } }]);
  return report.rows[0]!;
};

describe('a comparison', () => {
  it('relates errors to the largest value of the tensor', () => {
    expect(compared([0, 100], [0.01, 100], { relative: 1e-4 })).toMatchObject({
      verdict: 'ok',
      relative: 1e-4,
    });
    expect(compared([0, 100], [0.011, 100], { relative: 1e-4 })).toMatchObject({ verdict: 'OVER' });
  });

  it('allows the larger of both tolerances', () => {
    const both = { relative: 1e-4, absolute: 1e-6 };
    expect(compared([1e-9], [-9e-7], both)).toMatchObject({ verdict: 'ok', relative: 0 });
    expect(compared([1e-9], [-2e-6], both)).toMatchObject({ verdict: 'OVER' });
  });

  it('takes NaN for wrong, unless it is wanted', () => {
    expect(compared([NaN], [1], { absolute: 9 })).toMatchObject({ verdict: 'OVER', absolute: Infinity });
    expect(compared([1], [NaN], { absolute: 9 })).toMatchObject({ verdict: 'OVER' });
    expect(compared([NaN], [NaN], { absolute: 0 })).toMatchObject({ verdict: 'ok' });
  });

  it('takes other sizes and shapes for wrong', () => {
    expect(compared([1], [1, 1], { absolute: 9 })).toMatchObject({ verdict: 'OVER' });
    const report = new Report();
    const pair = {
      name: 'x',
      found: { data: [1, 2], shape: [2, 1] },
      wanted: { data: [1, 2], shape: [1, 2] },
    };
    report.compare('a', 'b', { absolute: 9 }, [pair]);
    expect(report.failures[0]!.note).toBe('x: shape [2, 1] instead of [1, 2]');
  });

  it('of nothing is missing, not passed', () => {
    const report = new Report();
    report.compare('a', 'b', { absolute: 9 }, []);
    expect(report.rows).toEqual([{ family: 'a', quantity: 'b', verdict: 'not in the set' }]);
    expect(report.compared).toBe(0);
  });

  it('names the worst place', () => {
    expect(compared([1, 5, 3], [1, 2, 3], { absolute: 1 }).note).toBe('x, element 1: 5 for 2');
  });

  it('of names tells what is on one side only', () => {
    const report = new Report();
    report.names('a', 'b', ['x', 'y'], ['x', 'z']);
    expect(report.rows[0]).toMatchObject({ verdict: 'OVER', note: 'only in the set: z and 1 more' });
  });
});

describe('a digest', () => {
  const verdicts = (values: number[], digest: number[], absolute: number) =>
    digestPairs('x', { data: values }, digest).map((pair) => {
      const report = new Report();
      report.compare('a', 'b', { absolute }, [pair]);
      return report.rows[0]!.verdict;
    });

  it('holds sum, norm and the first three values', () => {
    expect(verdicts([1, -2, 2, 4], [5, 5, 1, -2, 2], 1e-9)).toEqual(['ok', 'ok', 'ok']);
    expect(verdicts([1, -2, 2, 4], [5.1, 5, 1, -2, 2], 1e-9)).toEqual(['OVER', 'ok', 'ok']);
    expect(verdicts([1, -2, 2, 4], [5, 5.1, 1, -2, 2], 1e-9)).toEqual(['ok', 'OVER', 'ok']);
    expect(verdicts([1, -2, 2, 4], [5, 5, 1, -2, 2.1], 1e-9)).toEqual(['ok', 'ok', 'OVER']);
  });

  it('of a large tensor is no harder', () => {
    const values = Array.from({ length: 500_000 }, () => 2);
    expect(verdicts(values, [1e6, 2 * Math.sqrt(500_000), 2, 2, 2], 1e-6)).toEqual(['ok', 'ok', 'ok']);
  });

  it('of a tensor with fewer values is shorter', () => {
    expect(verdicts([3], [3, 3, 3], 1e-9)).toEqual(['ok', 'ok', 'ok']);
  });
});
