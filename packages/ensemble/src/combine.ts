import { InputError, type NdArray } from '@reelbert/data';

/** How models are combined. */
export interface CombineOptions {
  /** One for each model, not normalised; 1 each where absent. */
  readonly weights?: readonly number[];
  /**
   * What is summed: `probabilities` (softmax first, as the reference does; where absent) or `logits`, in which a model
   * that is surer of everything counts more.
   */
  readonly of?: 'probabilities' | 'logits';
}

/**
 * The weighted sum of several models' scores.
 *
 * @param models logits [rows, classes] each, rows in the same order (`alignPredictions`)
 * @returns scores [rows, classes] float32; with probabilities each row sums to the sum of weights
 * @throws InputError for no models, different shapes, or weights that are not one finite number >= 0 a model
 */
export function combine(models: readonly NdArray[], options: CombineOptions = {}): NdArray {
  const { rows, classes } = commonShape(models);
  const weights = checkWeights(options.weights ?? models.map(() => 1), models.length);
  const scores =
    (options.of ?? 'probabilities') === 'logits' ? models.map(logitsOf) : models.map(probabilitiesOf);
  return { dtype: 'float32', shape: [rows, classes], data: Float32Array.from(weightedSum(scores, weights)) };
}

/** The class of the highest score in each row, [rows]; the first of equals. */
export function argmax(scores: NdArray): Int32Array {
  const [rows = 0, classes = 0] = scores.shape;
  return highest(scores.data, rows, classes);
}

/** Probabilities of logits [rows, classes], in float64. */
export function probabilitiesOf(logits: NdArray): Float64Array {
  const [rows = 0, classes = 0] = logits.shape;
  const out = new Float64Array(rows * classes);
  for (let row = 0; row < rows; row++) {
    const values = logits.data.subarray(row * classes, (row + 1) * classes);
    let most = -Infinity;
    for (const value of values) most = Math.max(most, value);
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += out[row * classes + c] = Math.exp(values[c]! - most);
    for (let c = 0; c < classes; c++) out[row * classes + c]! /= sum;
  }
  return out;
}

/** Logits as they are, in float64. */
export function logitsOf(logits: NdArray): Float64Array {
  return Float64Array.from(logits.data);
}

/** The sum of equally long scores, each times its weight. */
function weightedSum(scores: readonly Float64Array[], weights: readonly number[]): Float64Array {
  const sum = new Float64Array(scores[0]?.length ?? 0);
  scores.forEach((values, model) => {
    const weight = weights[model]!;
    for (let i = 0; i < sum.length; i++) sum[i]! += weight * values[i]!;
  });
  return sum;
}

/** The position of the highest of `classes` values in each of `rows` rows. */
function highest(scores: ArrayLike<number>, rows: number, classes: number): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => {
    let best = 0;
    for (let c = 1; c < classes; c++) {
      if (scores[row * classes + c]! > scores[row * classes + best]!) best = c;
    }
    return best;
  });
}

/** The shape that all models share. */
export function commonShape(models: readonly NdArray[]): { rows: number; classes: number } {
  const shape = models[0]?.shape ?? [];
  const [rows, classes] = shape;
  if (rows === undefined || classes === undefined || shape.length !== 2) {
    throw new InputError({ field: 'models', expected: 'logits [rows, classes] of at least one model' });
  }
  models.forEach((model, i) => {
    if (model.shape.join() === shape.join() && model.data.length === rows * classes) return;
    throw new InputError({
      field: `models[${i}]`,
      found: `shape [${model.shape.join(', ')}]`,
      expected: `shape [${shape.join(', ')}], as the first model's`,
    });
  });
  return { rows, classes };
}

function checkWeights(weights: readonly number[], models: number): readonly number[] {
  const wrong = weights.find((weight) => !Number.isFinite(weight) || weight < 0);
  if (weights.length !== models || wrong !== undefined || weights.every((weight) => weight === 0)) {
    throw new InputError({
      field: 'weights',
      found: weights.join(', '),
      expected: `${models} numbers, one a model, 0 or more and not all 0`,
    });
  }
  return weights;
}
