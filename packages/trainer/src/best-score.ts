import type { RunState } from './run-state.js';

/**
 * Whether a score is the best so far: strictly greater than the best before, and than `above` if that isn't null. Scores
 * count to four places, so one that is equal after rounding doesn't replace the best.
 */
export function improves(score: number, best: RunState['best'], above: number | null = null): boolean {
  const least = Math.max(best?.score ?? -Infinity, above ?? -Infinity);
  return round(score) > round(least);
}

const round = (score: number) => Math.round(score * 1e4);
