import { classScores, InputError } from '@reelbert/data';

/** How one class fares under two predictions. */
export interface ClassGain {
  readonly classIndex: number;
  /** Rows labelled so. */
  readonly support: number;
  readonly before: number;
  readonly after: number;
  /** F1 after minus F1 before. */
  readonly gain: number;
}

/**
 * For each pair of models the share of rows on which their predicted classes differ: [models, models], symmetric,
 * 0 on the diagonal. Models that never disagree gain nothing from being combined.
 */
export function disagreement(predictions: readonly ArrayLike<number>[]): number[][] {
  const rows = predictions[0]?.length ?? 0;
  return predictions.map((a) =>
    predictions.map((b) => {
      checkRows(a, rows);
      checkRows(b, rows);
      let differ = 0;
      for (let row = 0; row < rows; row++) if (a[row] !== b[row]) differ++;
      return rows === 0 ? 0 : differ / rows;
    }),
  );
}

/**
 * Each class's F1 before and after (one model and the ensemble, say), for the classes that occur in the labels or in
 * either prediction, in ascending order. A class that does not occur on one side has F1 0 there.
 */
export function classGains(
  labels: ArrayLike<number>,
  before: ArrayLike<number>,
  after: ArrayLike<number>,
): ClassGain[] {
  checkRows(before, labels.length);
  checkRows(after, labels.length);
  const scores = [before, after].map((predictions) => {
    const entries = classScores(labels, predictions);
    return new Map(entries.map((score) => [score.classIndex, score]));
  });
  const classes = [...new Set(scores.flatMap((of) => [...of.keys()]))].sort((a, b) => a - b);
  return classes.map((classIndex) => {
    const [first, second] = scores.map((of) => of.get(classIndex));
    const [f1Before, f1After] = [first?.f1 ?? 0, second?.f1 ?? 0];
    const support = first?.support ?? second?.support ?? 0;
    return { classIndex, support, before: f1Before, after: f1After, gain: f1After - f1Before };
  });
}

function checkRows(predictions: ArrayLike<number>, rows: number): void {
  if (predictions.length === rows) return;
  throw new InputError({
    field: 'predictions',
    found: `${predictions.length} rows`,
    expected: `${rows} rows, as the others`,
  });
}
