import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { fit, lineChart } from '../src/speed/line-chart.js';

describe('a chart', () => {
  const chart = lineChart({
    title: 'Growth',
    x: 'tokens',
    y: 'seconds',
    points: [
      [384, 1],
      [2176, 6.2],
    ],
  });

  it('has a mark a point, labelled axes from zero, and a title', () => {
    expect(chart.match(/<circle /g)).toHaveLength(2);
    for (const label of ['Growth', 'tokens', 'seconds', '0', '500', '2500', '8'])
      expect(chart).toContain(`>${label}<`);
  });

  it('draws what is larger further right and higher up', () => {
    const [first, second] = [...chart.matchAll(/cx="([\d.]+)" cy="([\d.]+)"/g)].map((found) =>
      found.slice(1).map(Number),
    );
    expect(second![0]).toBeGreaterThan(first![0]!);
    expect(second![1]).toBeLessThan(first![1]!);
  });
});

describe('the line that fits best', () => {
  it('goes through points that lie on a line', () => {
    fc.assert(
      fc.property(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -50, max: 50 }), (a, b) => {
        const { intercept, slope } = fit([0, 1, 5].map((x) => [x, a + b * x] as const));
        expect(intercept).toBeCloseTo(a, 6);
        expect(slope).toBeCloseTo(b, 6);
      }),
    );
  });

  it('is level where all points are one above the other', () => {
    expect(
      fit([
        [2, 1],
        [2, 3],
      ]),
    ).toEqual({ intercept: 2, slope: 0 });
  });
});
