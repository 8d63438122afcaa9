import { InputError } from '@reelbert/data';
import { describe, expect, it } from 'vitest';

import { shardOf } from '../src/index.js';

describe('shards', () => {
  const items = Array.from({ length: 10 }, (_, i) => i);

  it('are disjoint, of nearly equal size, and make up the whole', () => {
    const shards = [1, 2, 3].map((index) => shardOf(items, { index, count: 3 }));
    expect(shards.map((shard) => shard.length)).toEqual([4, 3, 3]);
    expect(shards.flat().sort((a, b) => a - b)).toEqual(items);
    expect(shardOf(items, { index: 1, count: 1 })).toEqual(items);
  });

  it.each([
    [0, 2],
    [3, 2],
    [1.5, 2],
    [1, NaN],
  ])('refuse %d of %d', (index, count) => {
    expect(() => shardOf(items, { index, count })).toThrow(InputError);
  });
});
