import { InputError } from '@reelbert/data';

/** One of `count` equal parts of a job, `index` from 1 to `count`. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/**
 * The items of one shard: every `count`-th, beginning with the `index`-th. The shards are disjoint and make up the
 * whole.
 *
 * @throws InputError unless `1 <= index <= count`
 */
export function shardOf<T>(items: readonly T[], { index, count }: Shard): T[] {
  if (!Number.isInteger(index) || !Number.isInteger(count) || index < 1 || index > count) {
    throw new InputError({
      field: 'shard',
      found: `${index}/${count}`,
      expected: 'I/N with whole numbers, I from 1 to N',
    });
  }
  return items.filter((_, position) => position % count === index - 1);
}
