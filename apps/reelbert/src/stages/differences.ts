import { isMapping } from '../config/merge.js';

/** The first value that two plain configurations don't share: its path and both values as text. */
export interface Difference {
  readonly path: string;
  readonly was: string;
  readonly is: string;
}

/**
 * The first difference between two plain values, or undefined if there is none; absent and undefined are the same.
 *
 * @param part whether `is` is a part only: what it lacks isn't compared
 */
export function firstDifference(
  was: unknown,
  is: unknown,
  part = false,
  path: readonly string[] = [],
): Difference | undefined {
  if (isMapping(was) && isMapping(is)) {
    for (const key of new Set([...(part ? [] : Object.keys(was)), ...Object.keys(is)])) {
      const difference = firstDifference(was[key], is[key], part, [...path, key]);
      if (difference) return difference;
    }
    return undefined;
  }
  const [before, after] = [text(was), text(is)];
  return before === after ? undefined : { path: path.join('.'), was: before, is: after };
}

function text(value: unknown): string {
  return value === undefined ? 'absent' : JSON.stringify(value);
}
