import { startBackend } from '@reelbert/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

import { classificationLoss, maskedLanguageLoss, matchingLoss, weightedMean } from '../src/index.js';

beforeAll(async () => void (await startBackend()));

const value = (loss: tf.Scalar) => loss.dataSync()[0]!;
const labels = (...values: number[]) => tf.tensor1d(values, 'int32');
const zeros = (...shape: [number, number]) => tf.zeros<tf.Rank.R2>(shape);

describe('masked language', () => {
  test('the mean cross-entropy of the chosen tokens', () => {
    // Probabilities 1/2, 1/4, 1/4 of the first row; the second is uniform; the third does not count.
    const logits = tf.tensor2d([[Math.log(2), 0, 0], [5, 5, 5], [100, 0, 0]]); // prettier-ignore
    const found = value(maskedLanguageLoss(logits, labels(1, 2, 1), tf.tensor1d([1, 1, 0])));
    expect(found).toBeCloseTo((Math.log(4) + Math.log(3)) / 2, 5);
  });

  test('nothing chosen: 0, with a gradient of 0', () => {
    const weights = tf.zeros([3]);
    expect(value(maskedLanguageLoss(zeros(3, 4), labels(0, 1, 2), weights))).toBe(0);
    const gradient = tf.grad((x: tf.Tensor) =>
      maskedLanguageLoss(x as tf.Tensor2D, labels(0, 1, 2), weights),
    );
    expect(
      gradient(tf.ones([3, 4]))
        .dataSync()
        .every((slope) => slope === 0),
    ).toBe(true);
  });

  test('shapes that do not fit are refused by name', () => {
    const logits = zeros(3, 4);
    expect(() => maskedLanguageLoss(logits, labels(1, 2), tf.ones([3]))).toThrow(
      /labels must be int32 \[3\]/,
    );
    expect(() => maskedLanguageLoss(logits, tf.ones([3]), tf.ones([3]))).toThrow(/labels must be int32/);
    expect(() => maskedLanguageLoss(logits, labels(1, 2, 3), tf.ones([2]))).toThrow(
      'weights must be of shape [3], found [2]',
    );
    expect(() =>
      maskedLanguageLoss(tf.ones([3]) as tf.Tensor as tf.Tensor2D, labels(1, 2, 3), tf.ones([3])),
    ).toThrow(/logits must be/);
  });
});

describe('matching', () => {
  test('the mean cross-entropy of the rows that count', () => {
    const logits = tf.tensor2d([[0, Math.log(3)], [0, 0], [9, 0]]); // prettier-ignore
    const found = value(matchingLoss(logits, labels(1, 0, 1), tf.tensor1d([1, 1, 0])));
    expect(found).toBeCloseTo((Math.log(4 / 3) + Math.log(2)) / 2, 5);
    expect(value(matchingLoss(logits, labels(1, 0, 1), tf.zeros([3])))).toBe(0);
  });

  test('scores other than two are refused', () => {
    expect(() => matchingLoss(zeros(3, 3), labels(1, 0, 1), tf.ones([3]))).toThrow(
      'logits must be of shape [any, 2], found [3, 3]',
    );
    expect(() => matchingLoss(zeros(3, 2), labels(1, 0, 1), tf.ones([1]))).toThrow(/weights must be/);
  });
});

describe('classification', () => {
  test('uniform scores cost log of the classes, smoothed or not', () => {
    for (const labelSmoothing of [0, 0.1]) {
      const found = value(classificationLoss(zeros(3, 200), labels(1, 2, 199), { labelSmoothing }));
      expect(found).toBeCloseTo(Math.log(200), 5);
    }
  });

  test('smoothing spreads a share over all classes', () => {
    const logits = tf.tensor2d([[Math.log(2), 0, 0]]);
    const [own, mean] = [Math.log(2), (Math.log(2) + 2 * Math.log(4)) / 3];
    const found = value(classificationLoss(logits, labels(0), { labelSmoothing: 0.1 }));
    expect(found).toBeCloseTo(0.9 * own + 0.1 * mean, 5);
  });

  test('filler rows do not count', () => {
    const logits = tf.tensor2d([[Math.log(2), 0, 0], [0, 50, 0]]); // prettier-ignore
    const count = (...rows: number[]) =>
      value(classificationLoss(logits, labels(0, 0), { rowWeights: labels(...rows) }));
    expect(count(1, 0)).toBeCloseTo(Math.log(2), 5);
    expect(count(0, 0)).toBe(0);
  });

  test('wrong arguments are refused by name', () => {
    const rowWeights = tf.ones([2]);
    expect(() => classificationLoss(zeros(3, 4), labels(1, 2))).toThrow(/labels must be int32 \[3\]/);
    expect(() => classificationLoss(zeros(3, 4), labels(1, 2, 3), { rowWeights })).toThrow(
      'rowWeights must be of shape [3], found [2]',
    );
    expect(() => classificationLoss(zeros(3, 4), labels(1, 2, 3), { labelSmoothing: 1 })).toThrow(
      /labelSmoothing must be in/,
    );
  });
});

test('a weighted mean of the values', () => {
  const values = tf.tensor1d([1, 2, 6]);
  expect(value(weightedMean(values, tf.tensor1d([1, 0, 3])))).toBeCloseTo(19 / 4, 6);
  expect(value(weightedMean(values, tf.tensor1d([0.1, 0, 0.1])))).toBeCloseTo(3.5, 6);
  expect(value(weightedMean(values, labels(0, 0, 0)))).toBe(0);
});
