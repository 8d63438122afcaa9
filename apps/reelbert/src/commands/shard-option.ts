import { availableParallelism } from 'node:os';

import { InputError } from '@reelbert/data';

/** One of `count` equal parts, `index` from 1. */
export interface ShardOption {
  readonly index: number;
  readonly count: number;
}

/** Reads `I/N`. */
export function parseShard(text: string | undefined): ShardOption | undefined {
  if (text === undefined) return undefined;
  const [index, count] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).slice(1).map(Number);
  if (index !== undefined && count !== undefined && index >= 1 && index <= count) return { index, count };
  throw new InputError({ field: '--shard', found: text, expected: 'I/N, I from 1 to N' });
}

/** Threads for one of so many processes that share this machine, one a part; all where there are no parts. */
export function threadsOf(shard: ShardOption | undefined): number | undefined {
  return shard && Math.max(1, Math.floor(availableParallelism() / shard.count));
}
