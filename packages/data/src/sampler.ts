import { InputError } from './input-error.js';
import type { Random } from './random.js';

/** How an epoch takes its samples. */
export interface EpochOptions {
  /** Whether the order is random; ascending where `false`. Random where absent. */
  readonly shuffle?: boolean;
  /**
   * A name for each sample; an epoch takes one random sample of each group (near-duplicates such as variants of one
   * clip). All samples where absent.
   */
  readonly groups?: readonly (number | string)[];
}

/** The sample numbers of one epoch, in the order they are taken. Give each epoch its own Random: (seed, epoch). */
export function epochOrder(samples: number, random: Random, options: EpochOptions = {}): number[] {
  const taken = options.groups
    ? onePerGroup(samples, options.groups, random)
    : Array.from({ length: samples }, (_, i) => i);
  return (options.shuffle ?? true) ? random.shuffle(taken) : taken;
}

/** How many samples an epoch has: the groups, where there are any. */
export function epochSize(samples: number, groups?: readonly (number | string)[]): number {
  return groups ? new Set(groups).size : samples;
}

/** How many batches an epoch of so many samples makes. */
export function batchCount(samples: number, batchSize: number, options: { dropLast?: boolean } = {}): number {
  checkBatchSize(batchSize);
  return options.dropLast ? Math.floor(samples / batchSize) : Math.ceil(samples / batchSize);
}

/**
 * Cuts an order into batches. With `dropLast` (training) an incomplete last batch is left out, otherwise it is
 * handed out as it is.
 */
export function batchesOf<T>(
  order: readonly T[],
  batchSize: number,
  options: { dropLast?: boolean } = {},
): T[][] {
  return Array.from({ length: batchCount(order.length, batchSize, options) }, (_, batch) =>
    order.slice(batch * batchSize, (batch + 1) * batchSize),
  );
}

function onePerGroup(samples: number, groups: readonly (number | string)[], random: Random): number[] {
  if (groups.length !== samples) {
    throw new InputError({
      field: 'groups',
      found: `${groups.length} names`,
      expected: `one for each of ${samples} samples`,
    });
  }
  const members = new Map<number | string, number[]>();
  groups.forEach((group, sample) => {
    const list = members.get(group);
    if (list) list.push(sample);
    else members.set(group, [sample]);
  });
  return [...members.values()].map((list) => list[random.integer(list.length)]!);
}

function checkBatchSize(batchSize: number): void {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new InputError({
      field: 'batchSize',
      found: String(batchSize),
      expected: 'a whole number, 1 or more',
    });
  }
}
