/** Median, least and most of some values. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  // The middle one, or the two about the middle.
  const [below, above] = [Math.ceil(sorted.length / 2) - 1, Math.floor(sorted.length / 2)];
  return { median: (sorted[below]! + sorted[above]!) / 2, least: sorted[0]!, most: sorted.at(-1)! };
}

export const median = (values: readonly number[]): number => spread(values).median;
