import { startBackend } from '@reelbert/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

import {
  classificationFields,
  classificationLoss,
  classificationObjective,
  diceLoss,
  focalLoss,
  smoothingFits,
  softF1Loss,
} from '../src/index.js';

beforeAll(async () => void (await startBackend()));

const value = (scalar: tf.Scalar) => scalar.dataSync()[0]!;
const labels = (...values: number[]) => tf.tensor1d(values, 'int32');
/** Logits whose softmax has these probabilities. */
const scores = (...rows: number[][]) => tf.tensor2d(rows.map((row) => row.map(Math.log)));

describe('focal', () => {
  test('weighs each row by how wrong it is: (1 - p)^gamma', () => {
    // Label probabilities 1/2 and 1/4: (1/2)^2 log 2 and (3/4)^2 log 4.
    const logits = scores([0.5, 0.25, 0.25], [0.25, 0.25, 0.5]);
    const expected = (0.25 * Math.log(2) + 0.5625 * Math.log(4)) / 2;
    expect(value(focalLoss(logits, labels(0, 1)))).toBeCloseTo(expected, 6);
    expect(value(focalLoss(logits, labels(0, 1), { gamma: 1 }))).toBeCloseTo(
      (0.5 * Math.log(2) + 0.75 * Math.log(4)) / 2,
      6,
    );
  });

  test('is cross-entropy at gamma 0', () => {
    const logits = scores([0.5, 0.25, 0.25], [0.1, 0.2, 0.7]);
    expect(value(focalLoss(logits, labels(0, 1), { gamma: 0 }))).toBe(
      value(classificationLoss(logits, labels(0, 1))),
    );
  });

  test.each([0.5, 1, 2])('has gradients where a row is perfectly right, gamma %f', (gamma) => {
    const logits = tf.tensor2d([[200, 0, 0], [0, 0, 0]]); // prettier-ignore
    const gradient = tf.grad((x: tf.Tensor) => focalLoss(x as tf.Tensor2D, labels(0, 1), { gamma }))(logits);
    expect([...gradient.dataSync()].every(Number.isFinite)).toBe(true);
    expect([...gradient.dataSync()].slice(0, 3)).toEqual([0, 0, 0]);
  });

  test('refuses a negative gamma', () => {
    expect(() => focalLoss(tf.zeros([1, 2]), labels(0), { gamma: -1 })).toThrow('gamma must be >= 0');
  });
});

describe('dice', () => {
  test('sums one decision a class', () => {
    // Label .5: 1 - (2 * .5 + 1) / (.25 + 1 + 1) = 1/9; the others: .0625 / 1.0625 = 1/17 each.
    expect(value(diceLoss(scores([0.5, 0.25, 0.25]), labels(0)))).toBeCloseTo(1 / 9 + 2 / 17, 6);
    // With smoothing .5 the label's: 1 - 1.5 / 1.75 = 1/7; the others: .0625 / .5625 = 1/9 each.
    const found = value(diceLoss(scores([0.5, 0.25, 0.25]), labels(0), { smooth: 0.5 }));
    expect(found).toBeCloseTo(1 / 7 + 2 / 9, 6);
  });

  test('is 0 where all is right, and 1 where all is given to one wrong class', () => {
    const logits = tf.tensor2d([[100, 0, 0]]);
    expect(value(diceLoss(logits, labels(0)))).toBeCloseTo(0, 6);
    // The label's: 1 - 1/2; the wrong one's: 1 - 1/2.
    expect(value(diceLoss(logits, labels(1)))).toBeCloseTo(1, 6);
  });

  test('refuses to go without smoothing', () => {
    expect(() => diceLoss(tf.zeros([1, 2]), labels(0), { smooth: 0 })).toThrow('smooth must be > 0');
  });
});

describe('soft F1', () => {
  test('is one minus the mean F1 of the classes present, with probabilities for decisions', () => {
    // Class 0: 2 (.5 + .25) / (.5 + .25 + .25 + 2) = 1/2. Class 1: 2 * .5 / (.25 + .5 + .5 + 1) = 4/9. Class 2: absent.
    const logits = scores([0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.25, 0.5, 0.25]);
    const found = value(softF1Loss(logits, labels(0, 0, 1)));
    expect(found).toBeCloseTo(1 - (1 / 2 + 4 / 9) / 2, 6);
  });

  test('is one minus the macro F1 itself where probabilities are decisions', () => {
    // Classes 0, 0, 1 called 0, 1, 1: both F1 are 2/3.
    const logits = tf.tensor2d([[99, 0, 0], [0, 99, 0], [0, 99, 0]]); // prettier-ignore
    expect(value(softF1Loss(logits, labels(0, 0, 1)))).toBeCloseTo(1 / 3, 6);
  });
});

const losses = { focalLoss, diceLoss, softF1Loss };
describe.each(Object.entries(losses))('%s', (_name, loss) => {
  test('leaves rows out that do not count, and is 0 with a gradient of 0 where none does', () => {
    const logits = tf.tensor2d([[1, 0, -1], [7, 0, 3]]); // prettier-ignore
    const alone = value(loss(tf.slice(logits, 0, 1), labels(1)));
    expect(value(loss(logits, labels(1, 2), { rowWeights: labels(1, 0) }))).toBeCloseTo(alone, 6);
    const nothing = (x: tf.Tensor) => loss(x as tf.Tensor2D, labels(1, 2), { rowWeights: tf.zeros([2]) });
    expect(value(nothing(logits))).toBe(0);
    expect([...tf.grad(nothing)(logits).dataSync()].every((slope) => slope === 0)).toBe(true);
  });

  test('refuses shapes that do not fit, by name', () => {
    expect(() => loss(tf.zeros([3, 4]), labels(1, 2))).toThrow(/labels must be/);
    expect(() => loss(tf.zeros([2, 4]), tf.ones([2]))).toThrow(/labels must be int32/);
    expect(() => loss(tf.zeros([2, 4]), labels(1, 2), { rowWeights: tf.ones([3]) })).toThrow(
      'rowWeights must be of shape [2], found [3]',
    );
  });
});

describe('the choice of a loss', () => {
  const schema = z.strictObject(classificationFields).refine(...smoothingFits);

  test('is cross-entropy by default', () => {
    const choice = schema.parse({ labelSmoothing: 0.1 });
    const logits = scores([0.5, 0.25, 0.25]);
    expect(value(classificationObjective(choice, logits, labels(1)))).toBe(
      value(classificationLoss(logits, labels(1), { labelSmoothing: 0.1 })),
    );
  });

  test.each([
    [
      { kind: 'focal' as const, gamma: 1 },
      () => focalLoss(scores([0.5, 0.25, 0.25]), labels(1), { gamma: 1 }),
    ],
    [
      { kind: 'dice' as const, smooth: 2 },
      () => diceLoss(scores([0.5, 0.25, 0.25]), labels(1), { smooth: 2 }),
    ],
    [{ kind: 'soft-f1' as const }, () => softF1Loss(scores([0.5, 0.25, 0.25]), labels(1))],
  ])('passes the settings of %o on', (classificationLoss, expected) => {
    const choice = schema.parse({ classificationLoss });
    const found = value(classificationObjective(choice, scores([0.5, 0.25, 0.25]), labels(1)));
    expect(found).toBe(value(expected()));
  });

  test.each([
    [{ classificationLoss: { kind: 'focal' }, labelSmoothing: 0.1 }, 'labelSmoothing'],
    [{ classificationLoss: { kind: 'cross-entropy', gamma: 2 } }, 'gamma'],
    [{ classificationLoss: { kind: 'focal', gamma: -1 } }, 'gamma'],
    [{ classificationLoss: { kind: 'hinge' } }, 'kind'],
  ])('refuses %o', (fields, named) => {
    expect(() => schema.parse(fields)).toThrow(named);
  });
});
