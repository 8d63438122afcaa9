// Scores of a fitted combination on rows that it was not fitted on. Wolpert 1992, Stacked generalization.
import { InputError, type NdArray } from '@reelbert/data';

import { commonShape } from './combine.js';

/** Labelled rows of several models' out-of-fold logits. */
export interface LabelledMembers {
  /** Logits [rows, classes] of each model, rows in the same order. */
  readonly members: readonly NdArray[];
  /** Class of each row, [rows]. */
  readonly labels: Int32Array;
  /** Which fold each row was held out in, [rows]; any whole numbers. */
  readonly foldOf: Int32Array;
}

/** Scores [rows, classes] of rows of the same models. */
export type Combiner = (members: readonly NdArray[]) => NdArray;

/** Fits a combination. It sees nothing but the rows given: what it chooses by validation, it splits from these. */
export type FitCombiner = (rows: LabelledMembers) => Combiner;

/**
 * Fits a combination once for each fold, on the rows of all others, and scores the fold's rows with it: each row's
 * scores come from a combination that never saw its label. (The models themselves did see labels of the other folds, as
 * in all stacking on out-of-fold predictions.)
 *
 * @returns scores [rows, classes] float32
 * @throws InputError for fewer than two folds
 */
export function crossFit(rows: LabelledMembers, fit: FitCombiner): NdArray {
  const { rows: count, classes } = checkLabelled(rows);
  const folds = foldNumbers(rows.foldOf);
  if (folds.length < 2) {
    throw new InputError({
      field: 'folds',
      found: `${folds.length}`,
      expected: 'rows of at least two folds',
    });
  }
  const data = new Float32Array(count * classes);
  for (const fold of folds) {
    const [held, others] = splitRows(rows, fold);
    const scores = fit(others.rows)(held.rows.members);
    held.indices.forEach((row, i) =>
      data.set(scores.data.subarray(i * classes, (i + 1) * classes), row * classes),
    );
  }
  return { dtype: 'float32', shape: [count, classes], data };
}

/** The folds that occur, ascending. */
export function foldNumbers(foldOf: Int32Array): number[] {
  return [...new Set(foldOf)].sort((a, b) => a - b);
}

/** The rows of one fold, and all others. */
export function splitRows(rows: LabelledMembers, fold: number): [held: SomeRows, others: SomeRows] {
  const indices = Array.from(rows.labels, (_, row) => row);
  return [
    takeRows(
      rows,
      indices.filter((row) => rows.foldOf[row] === fold),
    ),
    takeRows(
      rows,
      indices.filter((row) => rows.foldOf[row] !== fold),
    ),
  ];
}

interface SomeRows {
  readonly indices: readonly number[];
  readonly rows: LabelledMembers;
}

function takeRows({ members, labels, foldOf }: LabelledMembers, indices: readonly number[]): SomeRows {
  const take = (member: NdArray): NdArray => {
    const classes = member.shape[1]!;
    const data = new Float32Array(indices.length * classes);
    indices.forEach((row, i) =>
      data.set(member.data.subarray(row * classes, (row + 1) * classes), i * classes),
    );
    return { dtype: 'float32', shape: [indices.length, classes], data };
  };
  const rows = {
    members: members.map(take),
    labels: Int32Array.from(indices, (row) => labels[row]!),
    foldOf: Int32Array.from(indices, (row) => foldOf[row]!),
  };
  return { indices, rows };
}

/**
 * The common shape of labelled rows.
 *
 * @throws InputError if labels or folds are not one a row, or a label is no class
 */
export function checkLabelled({ members, labels, foldOf }: LabelledMembers): {
  rows: number;
  classes: number;
} {
  const { rows, classes } = commonShape(members);
  for (const [field, values] of Object.entries({ labels, foldOf })) {
    if (values.length === rows) continue;
    throw new InputError({
      field,
      found: `${values.length} entries`,
      expected: `one for each of ${rows} rows`,
    });
  }
  const wrong = labels.findIndex((label) => label < 0 || label >= classes);
  if (wrong >= 0) {
    const expected = `a class from 0 to ${classes - 1}`;
    throw new InputError({ field: 'labels', place: `row ${wrong}`, found: String(labels[wrong]), expected });
  }
  return { rows, classes };
}
