import { describe, expect, test } from 'vitest';

import { countSteps, isDue, scheduleFactor } from '../src/index.js';

describe('the schedule', () => {
  test('rises from 0 to 1 during warm-up, then falls along half a cosine', () => {
    const factor = (step: number) => scheduleFactor({ kind: 'cosine', warmup: 0.1 }, step, 100);
    expect([0, 5, 10, 55, 100].map(factor)).toEqual([
      0,
      0.5,
      1,
      expect.closeTo(0.5, 12),
      expect.closeTo(0, 12),
    ]);
  });

  // expected.json, schedules: transformers' get_cosine_schedule_with_warmup.
  test.each([
    [20, 0.1, [0, 0.5, 1, 0.99240388, 0.96984631, 0.9330127, 0.88302222, 0.8213938, 0.75, 0.67101007]],
    [7, 0, [1, 0.95048443, 0.8117449, 0.61126047, 0.38873953, 0.1882551, 0.049515566]],
  ])('is that of the reference over %i steps', (total, warmup, expected) => {
    const factors = expected.map((_, step) => scheduleFactor({ kind: 'cosine', warmup }, step, total));
    expected.forEach((factor, step) => expect(factors[step]).toBeCloseTo(factor, 7));
  });

  test('can fall along a line, or stay', () => {
    expect(scheduleFactor({ kind: 'linear', warmup: 0.1 }, 3, 20)).toBeCloseTo(17 / 18, 12);
    expect(scheduleFactor({ kind: 'constant', warmup: 0.1 }, 1, 20)).toBe(0.5);
    expect(scheduleFactor({ kind: 'constant', warmup: 0.1 }, 19, 20)).toBe(1);
  });

  test('lasts for the epochs, or for maxSteps if those are fewer', () => {
    expect(countSteps({ epochs: 3, maxSteps: undefined }, 7)).toBe(21);
    expect(countSteps({ epochs: 3, maxSteps: 5 }, 7)).toBe(5);
    expect(countSteps({ epochs: 3, maxSteps: 50 }, 7)).toBe(21);
  });

  test('has things due every so many steps or epochs, and everything at the end', () => {
    const due = (cadence: number | 'epoch') =>
      Array.from({ length: 10 }, (_, i) => i + 1).filter((step) => isDue(cadence, step, 4, 10));
    expect(due(3)).toEqual([3, 6, 9, 10]);
    expect(due('epoch')).toEqual([4, 8, 10]);
    expect(due(0)).toEqual([10]);
  });
});
