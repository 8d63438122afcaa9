import { InputError } from './input-error.js';
import type { Random } from './random.js';

/**
 * Indices of `want` of `n` frames at equal distances from the first: 0, s, 2s, ... with s = floor(n / want).
 * All frames where there are at most `want`. Between `want` and twice as many, these are simply the first `want`
 * (the reference's behaviour).
 */
export function uniformFrames(n: number, want: number): number[] {
  checkCounts(n, want);
  const step = Math.max(1, Math.floor(n / want));
  return Array.from({ length: Math.min(n, want) }, (_, i) => i * step);
}

/** Indices of `want` of `n` frames drawn without replacement, in ascending order; all where there are at most `want`. */
export function randomFrames(n: number, want: number, random: Random): number[] {
  checkCounts(n, want);
  return n <= want ? Array.from({ length: n }, (_, i) => i) : random.sample(n, want);
}

function checkCounts(n: number, want: number): void {
  if (!Number.isInteger(n) || n < 0) {
    throw new InputError({ field: 'n', found: String(n), expected: 'a number of frames, 0 or more' });
  }
  if (!Number.isInteger(want) || want < 1) {
    throw new InputError({ field: 'want', found: String(want), expected: 'at least one frame' });
  }
}
