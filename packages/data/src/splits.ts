import { InputError } from './input-error.js';
import type { Random } from './random.js';

/** Row numbers of one fold, ascending. */
export interface Fold {
  readonly train: Int32Array;
  readonly validation: Int32Array;
}

/**
 * k folds that spread every class evenly, with scikit-learn's `StratifiedKFold(shuffle=True)` semantics: validation
 * parts are disjoint and cover all rows, their sizes differ by at most one, and so does each class's count in them.
 * (The rows themselves differ from scikit-learn's, which draws with MT19937: import its index files for those.)
 *
 * @param labels class of each row, [rows]; any numbers or strings
 * @param k number of folds, from 2 to the number of rows
 * @param options.groups a name for each row; rows of one group stay in one fold (near-duplicates). Balance is then as
 *   good as whole groups allow.
 */
export function stratifiedFolds(
  labels: ArrayLike<number | string>,
  k: number,
  random: Random,
  options: { groups?: ArrayLike<number | string> } = {},
): Fold[] {
  if (!Number.isInteger(k) || k < 2 || k > labels.length) {
    throw new InputError({
      field: 'folds',
      found: String(k),
      expected: `a whole number from 2 to the number of rows (${labels.length})`,
    });
  }
  const classes = classIndices(labels);
  const foldOf = options.groups
    ? assignGroups(classes, groupRows(options.groups, labels.length), k, random)
    : assignRows(classes, k, random);
  return Array.from({ length: k }, (_, fold) => foldFromAssignment(foldOf, fold));
}

/**
 * Trains on everything and validates on the given fold's part: rows that were trained on, so its score says only
 * that training went well.
 */
export function fullDataFold(fold: Fold): Fold {
  const train = Int32Array.from([...fold.train, ...fold.validation]).sort();
  return { train, validation: fold.validation };
}

/**
 * Checks a fold that was read from files: row numbers in range, none twice, no row in both parts.
 *
 * @throws InputError naming the first wrong entry
 */
export function checkFold(fold: Fold, rows: number): Fold {
  const seenIn = new Map<number, string>();
  for (const field of ['train', 'validation'] as const) {
    fold[field].forEach((row, position) => {
      const before = seenIn.get(row);
      if (row < 0 || row >= rows || before !== undefined) {
        throw new InputError({
          field,
          place: `entry ${position}`,
          found: before === undefined ? String(row) : `${row}, which is in ${before} already`,
          expected: `row numbers from 0 to ${rows - 1}, each once`,
        });
      }
      seenIn.set(row, field);
    });
  }
  return { train: Int32Array.from(fold.train).sort(), validation: Int32Array.from(fold.validation).sort() };
}

// Classes numbered in order of first appearance.
function classIndices(labels: ArrayLike<number | string>): Int32Array {
  const index = new Map<number | string, number>();
  return Int32Array.from({ length: labels.length }, (_, row) => {
    const label = labels[row]!;
    if (!index.has(label)) index.set(label, index.size);
    return index.get(label)!;
  });
}

// Deals the rows, sorted by class, to the folds in turn: that fixes how many of each class a fold gets;
// which ones is then drawn.
function assignRows(classes: Int32Array, k: number, random: Random): Int32Array {
  const rowsOf: number[][] = [];
  classes.forEach((classIndex, row) => (rowsOf[classIndex] ??= []).push(row));
  const foldOf = new Int32Array(classes.length);
  let dealt = 0;
  for (const rows of rowsOf) {
    const folds = random.shuffle(rows.map((_, i) => (dealt + i) % k));
    rows.forEach((row, i) => (foldOf[row] = folds[i]!));
    dealt += rows.length;
  }
  return foldOf;
}

function groupRows(groups: ArrayLike<number | string>, rows: number): number[][] {
  if (groups.length !== rows) {
    throw new InputError({
      field: 'groups',
      found: `${groups.length} names`,
      expected: `as many groups as labels (${rows})`,
    });
  }
  const members = new Map<number | string, number[]>();
  for (let row = 0; row < rows; row++) {
    const group = groups[row]!;
    const list = members.get(group);
    if (list) list.push(row);
    else members.set(group, [row]);
  }
  return [...members.values()];
}

// Largest groups first, each to the fold that lacks most of the group's classes; ties go to the smallest fold.
function assignGroups(classes: Int32Array, groups: number[][], k: number, random: Random): Int32Array {
  if (groups.length < k) {
    throw new InputError({
      field: 'groups',
      found: `${groups.length} groups`,
      expected: `at least one a fold (${k})`,
    });
  }
  const total = new Map<number, number>();
  for (const classIndex of classes) total.set(classIndex, (total.get(classIndex) ?? 0) + 1);
  const counts = Array.from({ length: k }, () => new Map<number, number>());
  const sizes = new Array<number>(k).fill(0);
  const foldOf = new Int32Array(classes.length);
  for (const rows of random.shuffle(groups).sort((a, b) => b.length - a.length)) {
    const cost = (fold: number) => {
      let share = 0;
      for (const row of rows) share += (counts[fold]!.get(classes[row]!) ?? 0) / total.get(classes[row]!)!;
      return share;
    };
    let best = 0;
    for (let fold = 1; fold < k; fold++) {
      const difference = cost(fold) - cost(best);
      if (difference < -1e-9 || (difference < 1e-9 && sizes[fold]! < sizes[best]!)) best = fold;
    }
    for (const row of rows) {
      foldOf[row] = best;
      counts[best]!.set(classes[row]!, (counts[best]!.get(classes[row]!) ?? 0) + 1);
    }
    sizes[best]! += rows.length;
  }
  return foldOf;
}

function foldFromAssignment(foldOf: Int32Array, fold: number): Fold {
  const train: number[] = [];
  const validation: number[] = [];
  foldOf.forEach((of, row) => (of === fold ? validation : train).push(row));
  return { train: Int32Array.from(train), validation: Int32Array.from(validation) };
}
