import { InputError, meanF1, Random, type NdArray } from '@reelbert/data';
import { combine, commonShape, logitsOf, probabilitiesOf, type CombineOptions } from './combine.js';
import type { FitCombiner } from './cross-fit.js';

/** How weights are searched. */
export interface SearchOptions {
  /** The same seed gives the same weights; 0 where absent. */
  readonly seed?: number;
  /** Random weights tried before the best are refined; 200 where absent. */
  readonly trials?: number;
  readonly of?: CombineOptions['of'];
}

/** Weights and the mean F1 they reach on the rows they were searched on. */
export interface SearchResult {
  /** One for each model; they add up to the number of models. */
  readonly weights: readonly number[];
  readonly meanF1: number;
  /** Mean F1 with equal weights. */
  readonly equalMeanF1: number;
}

// Factors that a weight is tried at in refinement, coarse to fine.
const steps = [
  [0, 0.5, 2],
  [0.75, 1.33],
  [0.9, 1.1],
];

/**
 * Searches weights that maximise mean F1: equal weights, then random ones (uniform on the simplex), then the best of
 * them changed one weight at a time. Never worse than equal weights on the rows given; on others it may be, so search
 * on rows that no model was trained on.
 *
 * @param models logits [rows, classes] each, rows in the same order
 * @param labels class of each row, [rows]
 * @param table the level-1 class of each class
 */
export function searchWeights(
  models: readonly NdArray[],
  labels: ArrayLike<number>,
  table: { readonly level1: ArrayLike<number> },
  options: SearchOptions = {},
): SearchResult {
  const { rows, classes } = commonShape(models);
  if (labels.length !== rows) {
    throw new InputError({
      field: 'labels',
      found: `${labels.length} labels`,
      expected: `one for each of ${rows} rows`,
    });
  }
  const scores = models.map(options.of === 'logits' ? logitsOf : probabilitiesOf);
  const random = new Random('ensemble weights', options.seed ?? 0);
  const chosen = new Int32Array(rows);
  const scoreOf = (weights: readonly number[]) =>
    meanF1(labels, chooseWeighted(scores, weights, classes, chosen), table).meanF1;

  const equal = models.map(() => 1);
  let best = { weights: equal, meanF1: scoreOf(equal) };
  const equalMeanF1 = best.meanF1;
  const consider = (weights: number[]) => {
    if (weights.every((weight) => weight === 0)) return false;
    const normal = normalised(weights);
    const score = scoreOf(normal);
    // Ties keep what is nearer to equal weights: what came first.
    if (score <= best.meanF1 + 1e-12) return false;
    best = { weights: normal, meanF1: score };
    return true;
  };

  if (models.length > 1) {
    for (let trial = 0; trial < (options.trials ?? 200); trial++)
      consider(simplexPoint(models.length, random));
    for (const factors of steps) refine(() => best.weights, factors, consider);
  }
  return { weights: best.weights, meanF1: best.meanF1, equalMeanF1 };
}

/** Searches weights, for `crossFit`. */
export function searchCombiner(
  table: { readonly level1: ArrayLike<number> },
  options: SearchOptions = {},
): FitCombiner {
  return ({ members, labels }) => {
    const { weights } = searchWeights(members, labels, table, options);
    return (others) => combine(others, { weights, ...(options.of && { of: options.of }) });
  };
}

// The classes that `combine` would choose, without keeping its scores: the same sums, rounded alike.
function chooseWeighted(
  scores: readonly Float64Array[],
  weights: readonly number[],
  classes: number,
  chosen: Int32Array,
): Int32Array {
  for (let row = 0; row < chosen.length; row++) {
    let most = -Infinity;
    for (let c = 0; c < classes; c++) {
      let sum = 0;
      for (let model = 0; model < scores.length; model++) {
        sum += weights[model]! * scores[model]![row * classes + c]!;
      }
      sum = Math.fround(sum);
      if (sum > most) {
        most = sum;
        chosen[row] = c;
      }
    }
  }
  return chosen;
}

// Tries each weight at each factor until none helps any more.
function refine(
  current: () => readonly number[],
  factors: readonly number[],
  consider: (weights: number[]) => boolean,
): void {
  let improved = true;
  for (let round = 0; improved && round < 10; round++) {
    improved = false;
    for (let model = 0; model < current().length; model++) {
      for (const factor of factors) {
        const changed = current().map((weight, i) => (i === model ? weight * factor : weight));
        improved = consider(changed) || improved;
      }
    }
  }
}

// Dirichlet(1, ..., 1): normalised exponential draws.
function simplexPoint(models: number, random: Random): number[] {
  return Array.from({ length: models }, () => -Math.log(1 - random.uniform()));
}

function normalised(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => (weight * weights.length) / sum);
}
