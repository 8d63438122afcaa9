import { classScores, InputError, meanF1 } from '@reelbert/data';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classGains, disagreement, errorCorrelation } from '../src/comparison.js';
import { classGainTable, formatColumns, pairTable } from '../src/comparison-text.js';

const table = { level1: [0, 0, 1] };
const classesOf = (rows: number) => fc.array(fc.nat(2), { minLength: rows, maxLength: rows });
const predictions = fc.integer({ min: 1, max: 30 }).chain((rows) =>
  fc.record({
    labels: classesOf(rows),
    members: fc.array(classesOf(rows), { minLength: 1, maxLength: 4 }),
    ensemble: classesOf(rows),
  }),
);

describe('disagreement', () => {
  it('is the share of rows on which two models differ', () => {
    expect(
      disagreement([
        [1, 2, 3, 4],
        [1, 2, 3, 3],
        [1, 1, 1, 1],
      ]),
    ).toEqual([
      [0, 0.25, 0.75],
      [0.25, 0, 0.75],
      [0.75, 0.75, 0],
    ]);
    expect(() => disagreement([[1], [1, 2]])).toThrow(InputError);
  });

  it('is a distance: symmetric, 0 to itself, no detour is shorter', () => {
    fc.assert(
      fc.property(predictions, ({ members, ensemble, labels }) => {
        const d = disagreement([...members, ensemble, labels]);
        d.forEach((row, i) =>
          row.forEach((value, j) => {
            expect(value).toBe(i === j ? 0 : d[j]![i]);
            for (let k = 0; k < d.length; k++) expect(value).toBeLessThanOrEqual(row[k]! + d[k]![j]! + 1e-12);
          }),
        );
      }),
    );
  });
});

describe('the correlation of errors', () => {
  // Right is 0 here. Wrong rows: first two; first two; last two; first and third.
  const labels = [0, 0, 0, 0];
  const models = [
    [1, 1, 0, 0],
    [1, 2, 0, 0],
    [0, 0, 1, 1],
    [1, 0, 1, 0],
  ];

  it('is 1 for the same errors, -1 for opposite ones, 0 for independent ones', () => {
    expect(errorCorrelation(labels, models)).toEqual([
      [1, 1, -1, 0],
      [1, 1, -1, 0],
      [-1, -1, 1, 0],
      [0, 0, 0, 1],
    ]);
  });

  it('is 0 with a model that is never wrong', () => {
    expect(errorCorrelation(labels, [labels, models[0]!])).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });

  it('is symmetric and within [-1, 1]', () => {
    fc.assert(
      fc.property(predictions, ({ labels: truth, members }) => {
        const r = errorCorrelation(truth, members);
        r.forEach((row, i) =>
          row.forEach((value, j) => {
            expect(value).toBeCloseTo(r[j]![i]!, 12);
            expect(Math.abs(value)).toBeLessThanOrEqual(1);
          }),
        );
      }),
    );
  });
});

describe('class gains', () => {
  it('tell the F1 of every member and of the ensemble, against the best member', () => {
    const labels = [0, 0, 1, 1];
    const [poor, good] = [
      [2, 2, 2, 1],
      [0, 1, 1, 2],
    ];
    expect(classGains(labels, [poor, good], [0, 0, 1, 2], table)).toEqual({
      best: 1,
      classes: [
        { classIndex: 0, support: 2, members: [0, 2 / 3], ensemble: 1, gain: 1 - 2 / 3 },
        { classIndex: 1, support: 2, members: [2 / 3, 0.5], ensemble: 2 / 3, gain: 2 / 3 - 0.5 },
        { classIndex: 2, support: 0, members: [0, 0], ensemble: 0, gain: 0 },
      ],
    });
    expect(() => classGains([0], [[0, 1]], [0], table)).toThrow(InputError);
    expect(() => classGains([0], [], [0], table)).toThrow(InputError);
  });

  it('agree with the scores of each alone', () => {
    fc.assert(
      fc.property(predictions, ({ labels, members, ensemble }) => {
        const { best, classes } = classGains(labels, members, ensemble, table);
        const overall = members.map((of) => meanF1(labels, of, table).meanF1);
        expect(overall[best]).toBe(Math.max(...overall));
        expect(classes.reduce((sum, { support }) => sum + support, 0)).toBe(labels.length);
        for (const score of classScores(labels, ensemble)) {
          const found = classes.find(({ classIndex }) => classIndex === score.classIndex)!;
          expect(found).toMatchObject({ ensemble: score.f1, support: score.support });
        }
      }),
    );
  });
});

describe('tables', () => {
  it('show pairs', () => {
    expect(
      formatColumns(
        pairTable(
          'differ',
          ['a', 'model-b'],
          [
            [0, 0.25],
            [0.25, 0],
          ],
        ),
      ),
    ).toBe(['differ      a  model-b', 'a        .000     .250', 'model-b  .250     .000'].join('\n'));
  });

  it('show classes by gain', () => {
    const gains = classGains([0, 0, 1, 1], [[0, 1, 1, 1]], [0, 0, 1, 2], table);
    expect(classGainTable(gains, ['a'], ['0000', '0001', '0100'])).toEqual([
      ['category', 'rows', 'a', 'ensemble', 'gain on a'],
      ['0000', '2', '.667', '1.000', '+.333'],
      ['0100', '0', '.000', '.000', '.000'],
      ['0001', '2', '.800', '.667', '-.133'],
      ['mean', '4', '.489', '.556', '+.067'],
    ]);
  });
});
