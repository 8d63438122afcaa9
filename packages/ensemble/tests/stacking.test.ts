import { InputError, meanF1, type NdArray } from '@reelbert/data';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { argmax, combine } from '../src/combine.js';
import { crossFit, type LabelledMembers } from '../src/cross-fit.js';
import { minimise } from '../src/lbfgs.js';
import { equalStacking, stackingLayout, stackingObjective } from '../src/stacking-objective.js';
import { fitStacking, stack, stackingCombiner } from '../src/stacking.js';
import { searchCombiner } from '../src/weight-search.js';
import { noisyModel, randomRows } from './noisy-models.js';

const classes = 4;
const table = { level1: [0, 0, 1, 1] };

function noisy(seed: number, rows = 60, skills: readonly number[] = [1, 0.5, 1.5]): LabelledMembers {
  const { labels, foldOf } = randomRows(rows, classes, 3, seed);
  return { labels, foldOf, members: skills.map((skill, i) => noisyModel(labels, classes, skill, seed, i)) };
}

const score = (labels: Int32Array, scores: NdArray) => meanF1(labels, argmax(scores), table).meanF1;

describe('minimising', () => {
  it('finds the minimum of a quadratic: the solution of its linear system', () => {
    // 1/2 x'Ax - b'x with A = [[4, 1], [1, 3]], b = [1, 2] is least at (1/11, 7/11).
    const x = minimise(
      (at, gradient) => {
        const [p, q] = [at[0]!, at[1]!];
        gradient.set([4 * p + q - 1, p + 3 * q - 2]);
        return 2 * p * p + p * q + 1.5 * q * q - p - 2 * q;
      },
      Float64Array.of(5, -7),
    );
    expect(x[0]).toBeCloseTo(1 / 11, 6);
    expect(x[1]).toBeCloseTo(7 / 11, 6);
  });

  it('copes with scales that differ by a million', () => {
    const scales = [1e-3, 1, 1e3];
    const x = minimise(
      (at, gradient) => {
        scales.forEach((scale, i) => (gradient[i] = scale * (at[i]! - 1)));
        return scales.reduce((sum, scale, i) => sum + (scale * (at[i]! - 1) ** 2) / 2, 0);
      },
      new Float64Array(3),
      { tolerance: 1e-9 },
    );
    x.forEach((value) => expect(value).toBeCloseTo(1, 4));
  });
});

describe('the objective of stacking', () => {
  it('has the gradient that differences tell', () => {
    const { members, labels } = noisy(0, 12, [1, 0.5]);
    const layout = stackingLayout(2, classes);
    const f = stackingObjective(members, labels, 3, layout);
    const x = equalStacking(layout).map((value, i) => value + Math.sin(i + 1) / 3);
    const gradient = new Float64Array(x.length);
    f(x, gradient);
    const nowhere = new Float64Array(x.length);
    x.forEach((_, i) => {
      const at = (by: number) =>
        f(
          x.map((value, j) => (i === j ? value + by : value)),
          nowhere,
        );
      expect(gradient[i]).toBeCloseTo((at(1e-5) - at(-1e-5)) / 2e-5, 7);
    });
  });
});

describe('stacking', () => {
  it('of a model that says the same of every row gives the shares of the classes', () => {
    // Nothing but offsets can help, and the likelihood of n rows is greatest at their shares: 1/2, 3/8, 1/8, 0.
    const labels = Int32Array.of(0, 1, 0, 1, 0, 1, 2, 0);
    const member: NdArray = {
      dtype: 'float32',
      shape: [8, 3],
      data: Float32Array.from(Array.from({ length: 8 }, () => [0, 1, 2]).flat()),
    };
    const rows = { members: [member], labels, foldOf: new Int32Array(8) };
    const given = stack([member], fitStacking(rows, { strength: 0 }));
    [1 / 2, 3 / 8, 1 / 8].forEach((share, c) => expect(Math.exp(given.data[c]!)).toBeCloseTo(share, 4));
  });

  it('with a strong pull gives every class the weight of its model', () => {
    const rows = noisy(1, 200, [2, 0]);
    const { weights, offsets } = fitStacking(rows, { strength: 1e9 });
    for (const of of weights) for (const weight of of) expect(weight).toBeCloseTo(of[0]!, 4);
    for (const offset of offsets) expect(offset).toBeCloseTo(0, 4);
    expect(weights[0]![0]).toBeGreaterThan(1);
    expect(Math.abs(weights[1]![0]!)).toBeLessThan(0.3);
  });

  it('learns which model knows which classes, and beats the average on other rows', () => {
    const knows = (from: number) => (label: number) => (Math.floor(label / 2) === from ? 3 : 0);
    const make = (seed: number) => {
      const { labels, foldOf } = randomRows(400, classes, 4, seed);
      const members = [0, 1].map((half) => noisyModel(labels, classes, knows(half), seed, half));
      return { labels, foldOf, members };
    };
    const [fitted, others] = [make(1), make(2)];
    const stacked = score(others.labels, stack(others.members, fitStacking(fitted)));
    expect(stacked).toBeGreaterThan(score(others.labels, combine(others.members)) + 0.02);
  });

  it('chooses a stronger pull for fewer rows', () => {
    const few = fitStacking(noisy(3, 24)).strength;
    const knows = (label: number) => (label < 2 ? 3 : 0);
    const { labels, foldOf } = randomRows(600, classes, 3, 5);
    const members = [noisyModel(labels, classes, knows, 'a'), noisyModel(labels, classes, 1, 'b')];
    expect(few).toBeGreaterThan(fitStacking({ labels, foldOf, members }).strength);
  });

  it('treats models alike: with them, their weights change places', () => {
    const { members, ...rest } = noisy(4);
    const there = fitStacking({ ...rest, members }, { strength: 10 });
    const back = fitStacking({ ...rest, members: [...members].reverse() }, { strength: 10 });
    there.weights.forEach((of, m) =>
      of.forEach((weight, c) => expect(back.weights[2 - m]![c]).toBeCloseTo(weight, 3)),
    );
  });

  it('is the same for logits with a constant added to a row', () => {
    const rows = noisy(5);
    fc.assert(
      fc.property(fc.integer({ min: -8, max: 8 }), (constant) => {
        const shifted = rows.members.map((member) => ({
          ...member,
          data: Float32Array.from(member.data, (value) => value + constant),
        }));
        const stacking = fitStacking(rows, { strength: 10 });
        const [a, b] = [stack(rows.members, stacking), stack(shifted, stacking)];
        a.data.forEach((value, i) => expect(b.data[i]).toBeCloseTo(value, 3));
      }),
      { numRuns: 10 },
    );
  });

  it('repeats', () => {
    expect(fitStacking(noisy(6))).toEqual(fitStacking(noisy(6)));
  });

  it('refuses other models, classes and labels than it can take', () => {
    const rows = noisy(7);
    const stacking = fitStacking(rows, { strength: 1 });
    expect(() => stack(rows.members.slice(1), stacking)).toThrow(/2 models.*3 models/s);
    expect(() => fitStacking(rows, { strength: -1 })).toThrow(InputError);
    expect(() => fitStacking({ ...rows, labels: rows.labels.map(() => classes) })).toThrow(/row 0: labels/);
    expect(() => fitStacking({ ...rows, foldOf: new Int32Array(3) })).toThrow(/foldOf/);
  });
});

describe('cross-fitting', () => {
  const fits = { stacking: stackingCombiner, search: searchCombiner(table, { trials: 10 }) };

  it.each(Object.entries(fits))("with %s never sees the labels of a row's own fold", (_, fit) => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(2), (seed, fold) => {
        const rows = noisy(seed, 18, [1, 0]);
        const others = rows.labels.map((label, row) =>
          rows.foldOf[row] === fold ? (label + 1) % classes : label,
        );
        const [before, after] = [crossFit(rows, fit), crossFit({ ...rows, labels: others }, fit)];
        rows.foldOf.forEach((of, row) => {
          if (of !== fold) return;
          const part = (scores: NdArray) => scores.data.subarray(row * classes, (row + 1) * classes);
          expect(part(after)).toEqual(part(before));
        });
      }),
      { numRuns: 15 },
    );
  });

  it('scores noise at chance where the fit on the same rows promises more', () => {
    const rows = noisy(1, 90, [0, 0, 0]);
    const honest = score(rows.labels, crossFit(rows, stackingCombiner));
    const promised = score(rows.labels, stack(rows.members, fitStacking(rows, { strength: 0.1 })));
    expect(promised).toBeGreaterThan(honest + 0.1);
  });

  it('keeps the order of rows, and needs two folds', () => {
    const rows = noisy(2);
    const scores = crossFit(rows, () => (members) => combine(members));
    expect(scores).toEqual(combine(rows.members));
    expect(() => crossFit({ ...rows, foldOf: new Int32Array(60) }, stackingCombiner)).toThrow(/two folds/);
  });
});
