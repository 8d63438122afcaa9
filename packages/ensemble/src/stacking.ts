// Stacking: a multinomial logistic layer over the models' log probabilities, one weight a model and class.
// Our own: JavaScript's libraries for logistic regression fit one class against the rest and take no penalty.
import { InputError, type NdArray } from '@reelbert/data';

import { commonShape } from './combine.js';
import {
  checkLabelled,
  foldNumbers,
  splitRows,
  type FitCombiner,
  type LabelledMembers,
} from './cross-fit.js';
import { minimise } from './lbfgs.js';
import {
  equalStacking,
  logSoftmax,
  stackedRow,
  stackingLayout,
  stackingObjective,
} from './stacking-objective.js';

/** A fitted stacking. */
export interface Stacking {
  /** [models][classes] */
  readonly weights: readonly (readonly number[])[];
  /** What each class gets beside, [classes]. */
  readonly offsets: readonly number[];
  /** How strongly weights of classes were held to their model's. */
  readonly strength: number;
}

export interface StackingOptions {
  /** Fixes the penalty; where absent that of `strengths` with the least cross-entropy on held-out folds is taken. */
  readonly strength?: number;
}

/** Penalties that are tried, strong to weak: with the first, hardly more than one weight a model is fitted. */
export const strengths: readonly number[] = [1000, 100, 10, 1];

// Taken where there is but one fold to choose by.
const usualStrength = 100;

// Below this a model says no more than "not this class"; it keeps one sure mistake from deciding a weight.
const leastLog = Math.log(1e-6);

/**
 * Fits weights of each model and class by penalised maximum likelihood: z[c] = offset[c] + sum of weight[m, c] *
 * log p[m, c]. A class's weights are drawn to its model's common weight, that to 1 / models, offsets to 0; so few rows
 * give nearly the geometric mean of probabilities. The strength of the pull is chosen by holding out one fold after the
 * other of the rows given.
 */
export function fitStacking(rows: LabelledMembers, options: StackingOptions = {}): Stacking {
  checkLabelled(rows);
  const logged = { ...rows, members: rows.members.map(logProbabilities) };
  const strength = options.strength ?? chooseStrength(logged);
  if (!(strength >= 0)) {
    throw new InputError({ field: 'strength', found: String(strength), expected: 'a number, 0 or more' });
  }
  return described(fit(logged, strength, undefined), logged, strength);
}

/** Fits a stacking, for `crossFit`. */
export const stackingCombiner: FitCombiner = (rows) => {
  const stacking = fitStacking(rows);
  return (members) => stack(members, stacking);
};

/**
 * The log probabilities [rows, classes] that a stacking gives.
 *
 * @throws InputError if it was fitted on another number of models or classes
 */
export function stack(members: readonly NdArray[], { weights, offsets }: Stacking): NdArray {
  const { rows, classes } = commonShape(members);
  if (weights.length !== members.length || offsets.length !== classes) {
    throw new InputError({
      field: 'models',
      found: `${members.length} models, ${classes} classes`,
      expected: `${weights.length} models, ${offsets.length} classes, as the stacking was fitted on`,
    });
  }
  const layout = stackingLayout(members.length, classes);
  const x = Float64Array.from([...members.map(() => 0), ...weights.flat(), ...offsets]);
  const logs = members.map(logProbabilities);
  const data = new Float32Array(rows * classes);
  const z = new Float64Array(classes);
  for (let row = 0; row < rows; row++) {
    stackedRow(logs, row * classes, x, layout, z);
    data.set(logSoftmax(z), row * classes);
  }
  return { dtype: 'float32', shape: [rows, classes], data };
}

function fit(rows: LabelledMembers, strength: number, start: Float64Array | undefined): Float64Array {
  const layout = stackingLayout(rows.members.length, rows.members[0]!.shape[1]!);
  const objective = stackingObjective(rows.members, rows.labels, strength, layout);
  return minimise(objective, start ?? equalStacking(layout), { tolerance: 1e-5 });
}

// From strong to weak as long as held-out rows gain by it: weaker ones only cost more.
function chooseStrength(rows: LabelledMembers): number {
  const folds = foldNumbers(rows.foldOf);
  if (folds.length < 2) return usualStrength;
  const starts = new Map<number, Float64Array>();
  let best = { strength: strengths[0]!, loss: Infinity };
  for (const strength of strengths) {
    let loss = 0;
    for (const fold of folds) {
      const [held, others] = splitRows(rows, fold);
      const x = fit(others.rows, strength, starts.get(fold));
      starts.set(fold, x);
      loss += crossEntropy(held.rows, x);
    }
    if (loss >= best.loss) break;
    best = { strength, loss };
  }
  return best.strength;
}

/** Summed over rows. */
function crossEntropy({ members, labels }: LabelledMembers, x: Float64Array): number {
  const classes = members[0]!.shape[1]!;
  const layout = stackingLayout(members.length, classes);
  const z = new Float64Array(classes);
  return labels.reduce((sum, label, row) => {
    stackedRow(members, row * classes, x, layout, z);
    return sum - logSoftmax(z)[label]!;
  }, 0);
}

function described(x: Float64Array, { members }: LabelledMembers, strength: number): Stacking {
  const classes = members[0]!.shape[1]!;
  const { deviations, offsets } = stackingLayout(members.length, classes);
  const weights = members.map((_, m) =>
    Array.from({ length: classes }, (_, c) => x[m]! + x[deviations + m * classes + c]!),
  );
  return { weights, offsets: Array.from(x.subarray(offsets)), strength };
}

function logProbabilities({ shape, data }: NdArray): NdArray {
  const [rows = 0, classes = 0] = shape;
  const logs = new Float32Array(rows * classes);
  for (let row = 0; row < rows; row++) {
    const values = Float64Array.from(data.subarray(row * classes, (row + 1) * classes));
    logs.set(
      logSoftmax(values).map((value) => Math.max(value, leastLog)),
      row * classes,
    );
  }
  return { dtype: 'float32', shape, data: logs };
}
