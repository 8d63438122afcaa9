import { classScores, InputError, meanF1 } from '@reelbert/data';

/** How one class fares. */
export interface ClassGain {
  readonly classIndex: number;
  /** Rows labelled so. */
  readonly support: number;
  /** F1 of each member, [members]. */
  readonly members: readonly number[];
  readonly ensemble: number;
  /** F1 of the ensemble minus that of the best member. */
  readonly gain: number;
}

/** What an ensemble gains, class by class. */
export interface ClassGains {
  /** The member with the highest mean F1 over all classes, the first of equals; the same for every class. */
  readonly best: number;
  /** The classes that occur in labels or predictions, ascending. */
  readonly classes: readonly ClassGain[];
}

/**
 * For each pair of models the share of rows on which their predicted classes differ: [models, models], symmetric,
 * 0 on the diagonal. Models that never disagree gain nothing from being combined.
 */
export function disagreement(predictions: readonly ArrayLike<number>[]): number[][] {
  const rows = predictions[0]?.length ?? 0;
  for (const of of predictions) checkRows(of, rows);
  return predictions.map((a) =>
    predictions.map((b) => {
      let differ = 0;
      for (let row = 0; row < rows; row++) if (a[row] !== b[row]) differ++;
      return rows === 0 ? 0 : differ / rows;
    }),
  );
}

/**
 * For each pair of models the correlation (phi coefficient) of their errors, wrong being 1 and right 0: [models, models],
 * symmetric, in [-1, 1], 1 on the diagonal. 0: one model's being wrong says nothing of the other's, which is what
 * combining thrives on. 0 too where a model is always right or always wrong.
 */
export function errorCorrelation(
  labels: ArrayLike<number>,
  predictions: readonly ArrayLike<number>[],
): number[][] {
  const rows = labels.length;
  const wrong = predictions.map((of) => {
    checkRows(of, rows);
    return Array.from({ length: rows }, (_, row) => of[row] !== labels[row]);
  });
  const shares = wrong.map((errors) => errors.filter(Boolean).length / rows);
  return wrong.map((a, i) =>
    wrong.map((b, j) => {
      if (i === j) return 1;
      const [p, q] = [shares[i]!, shares[j]!];
      const both = a.filter((error, row) => error && b[row]).length / rows;
      const deviation = Math.sqrt(p * (1 - p) * q * (1 - q));
      return deviation > 0 ? Math.min(1, Math.max(-1, (both - p * q) / deviation)) : 0;
    }),
  );
}

/**
 * Each class's F1 under every member and under the ensemble, and what the ensemble gains on the best member. A class
 * that does not occur in one's predictions or labels has F1 0 there.
 *
 * @param members predicted class of each row, [rows] for each member
 * @param table the level-1 class of each class: the best member is that of the best mean F1
 */
export function classGains(
  labels: ArrayLike<number>,
  members: readonly ArrayLike<number>[],
  ensemble: ArrayLike<number>,
  table: { readonly level1: ArrayLike<number> },
): ClassGains {
  if (members.length === 0) throw new InputError({ field: 'members', expected: 'at least one member' });
  const all = [...members, ensemble];
  for (const of of all) checkRows(of, labels.length);
  const overall = members.map((of) => meanF1(labels, of, table).meanF1);
  const best = overall.indexOf(Math.max(...overall));
  const scores = all.map((of) => new Map(classScores(labels, of).map((score) => [score.classIndex, score])));
  const indices = [...new Set(scores.flatMap((of) => [...of.keys()]))].sort((a, b) => a - b);
  const classes = indices.map((classIndex) => {
    const found = scores.map((of) => of.get(classIndex));
    const f1 = found.map((score) => score?.f1 ?? 0);
    return {
      classIndex,
      support: found.find((score) => score)!.support,
      members: f1.slice(0, -1),
      ensemble: f1.at(-1)!,
      gain: f1.at(-1)! - f1[best]!,
    };
  });
  return { best, classes };
}

function checkRows(predictions: ArrayLike<number>, rows: number): void {
  if (predictions.length === rows) return;
  throw new InputError({
    field: 'predictions',
    found: `${predictions.length} rows`,
    expected: `${rows} rows, as the others`,
  });
}
