import { InputError } from './input-error.js';

/** Mean F1 and its four parts, each in [0, 1]. */
export interface MeanF1 {
  readonly meanF1: number;
  readonly lv1Micro: number;
  readonly lv1Macro: number;
  readonly lv2Micro: number;
  readonly lv2Macro: number;
}

/** Counts of one class. */
export interface ClassScore {
  readonly classIndex: number;
  /** Rows labelled so. */
  readonly support: number;
  /** Rows predicted so. */
  readonly predicted: number;
  readonly correct: number;
  /** 2 correct / (support + predicted). */
  readonly f1: number;
}

/**
 * The challenge's metric: the mean of micro and macro F1 at level 1 and level 2.
 * Macro averages over the classes that occur in labels or predictions, as scikit-learn does, not over all classes.
 *
 * @param labels level-2 class of each row, [rows]
 * @param predictions predicted level-2 class of each row, [rows]
 * @param table the level-1 class of each level-2 class
 * @throws InputError for no rows, different lengths or a class outside the table
 */
export function meanF1(
  labels: ArrayLike<number>,
  predictions: ArrayLike<number>,
  table: { readonly level1: ArrayLike<number> },
): MeanF1 {
  if (labels.length !== predictions.length) {
    throw new InputError({
      field: 'predictions',
      found: `${predictions.length} rows`,
      expected: `as many predictions as labels (${labels.length})`,
    });
  }
  if (labels.length === 0) throw new InputError({ field: 'labels', expected: 'at least one labelled row' });
  const level1 = [
    toLevel1(labels, table.level1, 'labels'),
    toLevel1(predictions, table.level1, 'predictions'),
  ];
  const [lv1Micro, lv1Macro] = microMacro(classScores(level1[0]!, level1[1]!), labels.length);
  const [lv2Micro, lv2Macro] = microMacro(classScores(labels, predictions), labels.length);
  return { meanF1: (lv1Micro + lv1Macro + lv2Micro + lv2Macro) / 4, lv1Micro, lv1Macro, lv2Micro, lv2Macro };
}

/** One entry for each class that occurs in labels or predictions, in ascending order. */
export function classScores(labels: ArrayLike<number>, predictions: ArrayLike<number>): ClassScore[] {
  const counts = new Map<number, { support: number; predicted: number; correct: number }>();
  const of = (classIndex: number) => {
    let count = counts.get(classIndex);
    if (!count) counts.set(classIndex, (count = { support: 0, predicted: 0, correct: 0 }));
    return count;
  };
  for (let row = 0; row < labels.length; row++) {
    of(labels[row]!).support++;
    of(predictions[row]!).predicted++;
    if (labels[row] === predictions[row]) of(labels[row]!).correct++;
  }
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([classIndex, c]) => ({ classIndex, ...c, f1: (2 * c.correct) / (c.support + c.predicted) }));
}

// With one class a row, micro F1 is the share of correct rows.
function microMacro(scores: readonly ClassScore[], rows: number): [number, number] {
  let correct = 0;
  let sum = 0;
  for (const score of scores) {
    correct += score.correct;
    sum += score.f1;
  }
  return [correct / rows, sum / scores.length];
}

function toLevel1(classes: ArrayLike<number>, level1: ArrayLike<number>, field: string): Int32Array {
  return Int32Array.from(classes, (classIndex, row) => {
    const parent = level1[classIndex];
    if (parent === undefined) {
      throw new InputError({
        field,
        place: `row ${row}`,
        found: String(classIndex),
        expected: `a class index from 0 to ${level1.length - 1}`,
      });
    }
    return parent;
  });
}
