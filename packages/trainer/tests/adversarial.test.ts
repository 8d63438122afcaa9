import { startBackend } from '@reelbert/engine';
import {
  adversarialGradients,
  perturb,
  type AdversarialSettings,
  type LossAndGradients,
} from '../src/index.js';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

beforeAll(async () => {
  await startBackend();
});

const fgm: AdversarialSettings = { kind: 'fgm', table: 'table', epsilon: 1 };
const pgd: AdversarialSettings = { kind: 'pgd', table: 'table', epsilon: 1, alpha: 0.3, steps: 3 };
const awp: AdversarialSettings = { kind: 'awp', table: 'table', epsilon: 1, alpha: 0.3, steps: 3 };

const start = () =>
  new Map<string, tf.Tensor>([
    ['table', tf.tensor2d([0.5, -0.25, 0, 2, 1, -1], [3, 2])],
    ['other', tf.tensor1d([3])],
  ]);

/** A loss whose gradient by the table is 3 table^2 in the first two rows, nothing in the last, and 1 by the other. */
function passes() {
  const tables: number[][] = [];
  const pass = (values: ReadonlyMap<string, tf.Tensor>): LossAndGradients => {
    const table = values.get('table')!;
    tables.push([...table.dataSync()]);
    const rows = tf.tensor2d([1, 1, 1, 1, 0, 0], [3, 2]);
    const gradient = tf.mul(tf.mul(3, tf.square(table)), rows);
    const gradients = new Map<string, tf.Tensor>([
      ['table', gradient],
      ['other', tf.ones([1])],
    ]);
    return { loss: tf.sum(tf.mul(tf.pow(table, 3), rows)), parts: {}, gradients };
  };
  return { pass, tables };
}

function attack(settings: AdversarialSettings, table: string | null = 'table') {
  const values = start();
  const { pass, tables } = passes();
  const clean = pass(values);
  const { gradients, loss } = adversarialGradients(settings, table, values, clean, pass);
  const displacements = tables
    .slice(1)
    .map((perturbed) => perturbed.map((value, i) => value - tables[0]![i]!));
  return { values, clean, gradients, loss, tables, displacements };
}

const length = (values: readonly number[]) => Math.hypot(...values);

describe('FGM', () => {
  test('moves the table by Frobenius norm epsilon, in the rows that the batch touches only', () => {
    const { displacements } = attack(fgm);
    expect(displacements).toHaveLength(1);
    expect(length(displacements[0]!)).toBeCloseTo(1, 6);
    expect(displacements[0]!.slice(4)).toEqual([0, 0]);
  });

  test('adds the gradients at the perturbed table to the clean ones', () => {
    const { gradients, tables } = attack(fgm);
    const expected = [0, 1, 2, 3].map((i) => 3 * tables[0]![i]! ** 2 + 3 * tables[1]![i]! ** 2);
    gradients
      .get('table')!
      .dataSync()
      .slice(0, 4)
      .forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
    expect(gradients.get('other')!.dataSync()[0]).toBe(2);
  });

  test('changes no value', () => {
    const { values } = attack(fgm);
    expect(values.get('table')!.dataSync()).toEqual(start().get('table')!.dataSync());
  });

  test('moves nothing where the gradient is zero', () => {
    const table = tf.tensor1d([1, 2]);
    expect([...perturb(fgm, table, table, tf.zeros([2])).dataSync()]).toEqual([1, 2]);
  });

  test('without a table is a second pass: twice the clean gradient', () => {
    const { gradients, clean } = attack({ ...fgm, table: null }, null);
    const twice = tf.mul(2, clean.gradients.get('table')!);
    expect(gradients.get('table')!.dataSync()).toEqual(twice.dataSync());
  });
});

describe('PGD', () => {
  test('makes three attacks, each alpha further along the last gradient, within .9 of the table', () => {
    const { displacements } = attack(pgd);
    expect(displacements.map(length)).toEqual(
      [0.3, expect.closeTo(0.6, 2), expect.closeTo(0.9, 2)].map((expected) =>
        typeof expected === 'number' ? expect.closeTo(expected, 6) : expected,
      ),
    );
    expect(length(displacements[2]!)).toBeLessThanOrEqual(0.9 + 1e-6);
  });

  test('adds only the third gradient to the clean one', () => {
    const { gradients, tables } = attack(pgd);
    const expected = [0, 1, 2, 3].map((i) => 3 * tables[0]![i]! ** 2 + 3 * tables[3]![i]! ** 2);
    gradients
      .get('table')!
      .dataSync()
      .slice(0, 4)
      .forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 4));
    expect(gradients.get('other')!.dataSync()[0]).toBe(2);
  });

  test('projects on the ball, which changes nothing within it', () => {
    const [centre, gradient] = [tf.tensor1d([1, 1]), tf.tensor1d([3, 4])];
    const wide = perturb({ ...pgd, epsilon: 0.31 }, centre, centre, gradient).dataSync();
    expect([...wide]).toEqual([...tf.add(centre, tf.mul(gradient, tf.div(0.3, 5))).dataSync()]);
    const tight = perturb({ ...pgd, epsilon: 0.1 }, centre, centre, gradient).dataSync();
    expect(tight[0]).toBeCloseTo(1 + 0.06, 6);
    expect(tight[1]).toBeCloseTo(1 + 0.08, 6);
  });
});

describe('AWP', () => {
  test("steps alpha times the table's norm, each element within epsilon of its own size", () => {
    // |value| = 5 and |gradient| = 1: a step of .3 * 5; 3 may go up to 3.6 with epsilon .2.
    const [value, gradient] = [tf.tensor1d([3, 4, 0]), tf.tensor1d([0.6, -0.8, 0])];
    const step = (epsilon: number) => perturb({ ...awp, epsilon }, value, value, gradient).dataSync();
    [3 + 0.9, 4 - 1.2, 0].forEach((expected, i) => expect(step(1)[i]).toBeCloseTo(expected, 5));
    [3.6, 4 - 0.8, 0].forEach((expected, i) => expect(step(0.2)[i]).toBeCloseTo(expected, 5));
  });

  test('adds only the third gradient to the clean one', () => {
    const { gradients, tables } = attack(awp);
    const expected = [0, 1, 2, 3].map((i) => 3 * tables[0]![i]! ** 2 + 3 * tables[3]![i]! ** 2);
    const found = [...gradients.get('table')!.dataSync()].slice(0, 4);
    found.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 4));
    expect(gradients.get('other')!.dataSync()[0]).toBe(2);
  });

  test('keeps zeros, and flips no sign', () => {
    const { tables } = attack(awp);
    expect(tables).toHaveLength(4);
    for (const table of tables) {
      expect(table.map((value) => Math.abs(Math.sign(value)))).toEqual([1, 1, 0, 1, 1, 1]);
      table.forEach((value, i) => expect(value * tables[0]![i]!).toBeGreaterThanOrEqual(0));
    }
  });
});
