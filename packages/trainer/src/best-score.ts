import type { RunState } from './run-state.js';

/** Scores count to four places: a score that is equal after rounding doesn't replace the best. */
export function improves(score: number, best: RunState['best']): boolean {
  return best === null || round(score) > round(best.score);
}

const round = (score: number) => Math.round(score * 1e4);
