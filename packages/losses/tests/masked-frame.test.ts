import { startBackend } from '@reelbert/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

import { maskedFrameLoss, type MaskedFrameInputs, type MaskedFrameOptions } from '../src/index.js';

beforeAll(async () => void (await startBackend()));

const frames = 5;
const unit = () => tf.eye(frames);
const ones = () => tf.ones([frames]);

/** Each of five frames is to be found among the same five, which are orthogonal. */
function inputs(changes: Partial<MaskedFrameInputs> = {}): MaskedFrameInputs {
  const targets = tf.range(0, frames, 1, 'int32');
  const [predictions, candidates, queryMask, candidateMask, weights] = [
    unit(),
    unit(),
    ones(),
    ones(),
    ones(),
  ];
  return { predictions, candidates, targets, queryMask, candidateMask, weights, ...changes };
}

const loss = (changes: Partial<MaskedFrameInputs> = {}, options: MaskedFrameOptions = {}) =>
  maskedFrameLoss(inputs(changes), options).dataSync()[0]!;

describe('masked frames', () => {
  test('the loss of right predictions falls to 0 as they grow', () => {
    // Dot products t^2 on the diagonal, else 0: log(1 + 4 exp(-t^2)).
    for (const t of [0.5, 1, 2]) {
      const found = loss({ predictions: tf.mul(unit(), t), candidates: tf.mul(unit(), t) });
      expect(found).toBeCloseTo(Math.log1p(4 * Math.exp(-t * t)), 5);
    }
    expect(loss({ predictions: tf.mul(unit(), 20), candidates: tf.mul(unit(), 20) })).toBe(0);
  });

  test('predictions of zero cannot tell the real candidates apart', () => {
    const predictions = tf.zeros<tf.Rank.R2>([frames, frames]);
    expect(loss({ predictions })).toBeCloseTo(Math.log(5), 6);
    // Frames 3 and 4 are padding, and not asked for.
    const mask = tf.tensor1d([1, 1, 1, 0, 0]);
    expect(loss({ predictions, candidateMask: mask, weights: mask })).toBeCloseTo(Math.log(3), 6);
  });

  test('a query that is no frame itself loses all candidates alike', () => {
    const predictions = tf.zeros<tf.Rank.R2>([frames, frames]);
    const mask = tf.tensor1d([1, 1, 1, 0, 0]);
    const found = loss({ predictions, queryMask: tf.zeros([frames]), candidateMask: mask });
    expect(found).toBeCloseTo(Math.log(5), 6);
  });

  test('only weighted queries count', () => {
    const weights = tf.tensor1d([0, 1, 0, 0, 0]);
    const wrong = tf.tensor1d([1, 1, 1, 1, 1], 'int32');
    expect(loss({ targets: wrong, weights })).toBeCloseTo(Math.log1p(4 * Math.exp(-1)), 5);
  });

  test('cosines ignore lengths; a temperature divides them', () => {
    const long = tf.mul(unit(), 7) as tf.Tensor2D;
    const expected = Math.log1p(4 * Math.exp(-1 / 0.1));
    const found = loss({ predictions: long }, { normalise: true, temperature: 0.1 });
    expect(found).toBeCloseTo(expected, 6);
    expect(loss({}, { temperature: 0.1 })).toBeCloseTo(expected, 6);
  });

  test('nothing to find: 0, with a gradient of 0', () => {
    const weights = tf.zeros<tf.Rank.R1>([frames]);
    expect(loss({ weights })).toBe(0);
    for (const normalise of [false, true]) {
      const gradient = tf.grad((x: tf.Tensor) =>
        maskedFrameLoss(inputs({ predictions: x as tf.Tensor2D, weights }), { normalise }),
      )(tf.zeros([frames, frames]));
      expect(gradient.dataSync().every((slope) => slope === 0)).toBe(true);
    }
  });

  test('shapes that do not fit are refused by name', () => {
    const short = tf.ones([frames - 1]);
    expect(() => loss({ predictions: short as tf.Tensor as tf.Tensor2D })).toThrow(
      'predictions must be of shape [any, any]',
    );
    expect(() => loss({ candidates: tf.ones([5, 4]) })).toThrow(
      'candidates must be of shape [any, 5], found [5, 4]',
    );
    expect(() => loss({ targets: tf.cast(short, 'int32') })).toThrow('targets must be of shape [5]');
    expect(() => loss({ queryMask: short })).toThrow('queryMask must be of shape [5], found [4]');
    expect(() => loss({ candidateMask: short })).toThrow('candidateMask must be of shape [5]');
    expect(() => loss({ weights: short })).toThrow('weights must be of shape [5]');
  });
});
