// Collects what was compared: one row a quantity, over all of its tensors.
import { l2Norm } from './l2-norm.js';
import type { Digests } from './set-schema.js';
import type { Tolerance } from './tolerance.js';

/** A tensor, or anything with values. */
export interface Values {
  readonly data: ArrayLike<number>;
  readonly shape?: readonly number[];
}

/** Two tensors that should be the same; `scale` is what relative errors relate to, by default the largest wanted. */
export interface Pair {
  readonly name: string;
  readonly found: Values;
  readonly wanted: Values;
  readonly scale?: number;
  /** How often the absolute tolerance counts: for what is a sum of many values. */
  readonly terms?: number;
  /** What each value may be off beyond the quantity's tolerance. */
  readonly slack?: ArrayLike<number>;
}

export interface Row {
  readonly family: string;
  readonly quantity: string;
  readonly verdict: 'ok' | 'OVER' | 'not in the set' | 'not run';
  readonly tensors?: number;
  readonly absolute?: number;
  readonly relative?: number;
  readonly tolerance?: Tolerance;
  /** Whether values may be off by something beyond the tolerance. */
  readonly slack?: boolean;
  /** The largest error as a share of what it may be. */
  readonly share?: number;
  /** The worst place, or why there is no comparison. */
  readonly note?: string;
}

interface Worst {
  readonly share: number;
  readonly place: string;
}

export class Report {
  readonly rows: Row[] = [];

  /** Compares tensors pairwise; no pairs count as missing. */
  compare(family: string, quantity: string, tolerance: Tolerance, pairs: readonly Pair[]): void {
    if (pairs.length === 0) return this.missing(family, quantity);
    let [absolute, relative] = [0, 0];
    let worst: Worst = { share: -1, place: '' };
    for (const pair of pairs) {
      const errors = errorsOf(pair, tolerance);
      absolute = Math.max(absolute, errors.absolute);
      relative = Math.max(relative, errors.relative);
      if (errors.worst.share > worst.share) worst = errors.worst;
    }
    const verdict = worst.share <= 1 ? 'ok' : 'OVER';
    const note = verdict === 'OVER' || (pairs.length > 1 && worst.share > 0) ? worst.place : undefined;
    const tensors = pairs.length;
    const slack = pairs.some((pair) => pair.slack) || undefined;
    this.#add({
      family,
      quantity,
      verdict,
      tensors,
      absolute,
      relative,
      tolerance,
      slack,
      share: Math.max(worst.share, 0),
      note,
    });
  }

  /** Compares single numbers. */
  numbers(
    family: string,
    quantity: string,
    tolerance: Tolerance,
    pairs: readonly (readonly [name: string, found: number, wanted: number])[],
  ): void {
    const values = pairs.map(([name, found, wanted]) => ({
      name,
      found: { data: [found] },
      wanted: { data: [wanted] },
    }));
    this.compare(family, quantity, tolerance, values);
  }

  /** Compares sets of names. */
  names(family: string, quantity: string, found: Iterable<string>, wanted: Iterable<string>): void {
    const [ours, theirs] = [new Set(found), new Set(wanted)];
    const wrong = [
      ...[...theirs].filter((name) => !ours.has(name)).map((name) => `only in the set: ${name}`),
      ...[...ours].filter((name) => !theirs.has(name)).map((name) => `not in the set: ${name}`),
    ];
    const verdict = wrong.length === 0 ? 'ok' : 'OVER';
    const note = wrong.length > 1 ? `${wrong[0]} and ${wrong.length - 1} more` : wrong[0];
    const tolerance = { absolute: 0 };
    this.#add({ family, quantity, verdict, tensors: theirs.size, absolute: wrong.length, tolerance, note });
  }

  missing(family: string, quantity: string, note?: string): void {
    this.#add({ family, quantity, verdict: 'not in the set', note });
  }

  /** A comparison that the set allows, but that can't be made. */
  notRun(family: string, quantity: string, note: string): void {
    this.#add({ family, quantity, verdict: 'not run', note });
  }

  get compared(): number {
    return this.rows.filter(({ verdict }) => verdict === 'ok' || verdict === 'OVER').length;
  }

  get failures(): Row[] {
    return this.rows.filter(({ verdict }) => verdict === 'OVER' || verdict === 'not run');
  }

  #add(row: { [K in keyof Row]: Row[K] | undefined }): void {
    const present = Object.entries(row).filter(([, value]) => value !== undefined);
    this.rows.push(Object.fromEntries(present) as unknown as Row);
  }
}

/**
 * What of a tensor a digest holds, as pairs. A sum may be off by as much as its terms together: its scale is the sum of
 * their sizes, and an absolute tolerance counts once a term.
 */
export function digestPairs(
  name: string,
  found: Values,
  digest: Digests[string],
  slack?: ArrayLike<number>,
): Pair[] {
  const values = Array.from(found.data);
  const [sum, norm, ...first] = digest as [number, number, ...number[]];
  const size = values.reduce((total, value) => total + Math.abs(value), 0);
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const extra = slack && Array.from(slack);
  const pair = (
    what: string,
    ours: number[],
    theirs: number[],
    scale: number,
    terms: number,
    more?: number[],
  ): Pair => ({
    name: `${name} (${what})`,
    found: { data: ours },
    wanted: { data: theirs },
    scale,
    terms,
    ...(more && { slack: more }),
  });
  const count = Math.min(first.length, values.length);
  return [
    pair(
      'sum',
      [values.reduce((a, b) => a + b, 0)],
      [sum],
      size,
      values.length,
      extra && [extra.reduce((a, b) => a + b, 0)],
    ),
    pair(
      'norm',
      [l2Norm(values)],
      [norm],
      Math.abs(norm),
      Math.sqrt(values.length),
      extra && [l2Norm(extra)],
    ),
    pair('first values', values.slice(0, count), first.slice(0, count), largest, 1, extra?.slice(0, count)),
  ];
}

interface Errors {
  readonly absolute: number;
  readonly relative: number;
  readonly worst: Worst;
}

function errorsOf(pair: Pair, tolerance: Tolerance): Errors {
  const { name, found, wanted, terms = 1 } = pair;
  const misfit = shapeProblem(found, wanted);
  if (misfit !== undefined) {
    return {
      absolute: Infinity,
      relative: Infinity,
      worst: { share: Infinity, place: `${name}: ${misfit}` },
    };
  }
  const reference = pair.scale ?? largestOf(wanted);
  const floor = (tolerance.absolute ?? 0) * terms;
  const allowed = Math.max((tolerance.relative ?? 0) * reference, floor);
  let [absolute, share, at] = [0, 0, 0];
  for (let i = 0; i < wanted.data.length; i++) {
    const error = distance(found.data[i]!, wanted.data[i]!);
    absolute = Math.max(absolute, error);
    const ofAllowed = error === 0 ? 0 : error / (allowed + (pair.slack?.[i] ?? 0));
    if (ofAllowed > share) [share, at] = [ofAllowed, i];
  }
  // Of what is zero but for rounding, a relative error says nothing.
  const negligible = absolute <= floor && reference <= floor;
  const relative = absolute === 0 || negligible ? 0 : absolute / reference;
  const where = wanted.data.length > 1 ? `${name}, element ${at}` : name;
  return {
    absolute,
    relative,
    worst: { share, place: `${where}: ${found.data[at]} for ${wanted.data[at]}` },
  };
}

function shapeProblem(found: Values, wanted: Values): string | undefined {
  const ours = found.shape ?? wanted.shape ?? [found.data.length];
  const theirs = wanted.shape ?? found.shape ?? [wanted.data.length];
  if (found.data.length === wanted.data.length && ours.join() === theirs.join()) return undefined;
  return `shape [${ours.join(', ')}] instead of [${theirs.join(', ')}]`;
}

function largestOf({ data }: Values): number {
  let largest = 0;
  for (let i = 0; i < data.length; i++)
    if (Number.isFinite(data[i])) largest = Math.max(largest, Math.abs(data[i]!));
  return largest;
}

function distance(found: number, wanted: number): number {
  if (found === wanted || (Number.isNaN(found) && Number.isNaN(wanted))) return 0;
  const error = Math.abs(found - wanted);
  return Number.isNaN(error) ? Infinity : error;
}
