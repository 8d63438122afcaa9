import { InputError } from './input-error.js';
import type { Random } from './random.js';
import { batchesOf } from './sampler.js';

/**
 * Cuts an epoch's order into batches of samples that are padded to the same width. The order is dealt into buckets, one
 * a width; a bucket that holds `batchSize` samples is a batch. What is left in the buckets at the end is joined, in order
 * of width, into batches as wide as their widest sample, but for the last in the epoch's order, fewer than `batchSize`,
 * which are left out. So there are `batchCount(order.length, batchSize, { dropLast: true })` batches, of which less than
 * one a width holds several; they come in random order.
 *
 * @param widths of all samples, by number
 * @throws InputError for a sample without a width
 */
export function bucketedBatches(
  order: readonly number[],
  widths: ArrayLike<number>,
  batchSize: number,
  random: Random,
): number[][] {
  const batches: number[][] = [];
  const buckets = new Map<number, number[]>();
  for (const sample of order) {
    const width = widthAt(widths, sample);
    const bucket = buckets.get(width) ?? [];
    bucket.push(sample);
    buckets.set(width, bucket);
    if (bucket.length < batchSize) continue;
    batches.push(bucket);
    buckets.delete(width);
  }
  const left = new Set([...buckets.values()].flat());
  const kept = order.filter((sample) => left.has(sample)).slice(0, left.size - (left.size % batchSize));
  kept.sort((a, b) => widths[a]! - widths[b]!);
  return random.shuffle([...batches, ...batchesOf(kept, batchSize)]);
}

function widthAt(widths: ArrayLike<number>, sample: number): number {
  const width = widths[sample];
  if (width !== undefined) return width;
  throw new InputError({
    field: 'widths',
    found: `${widths.length} widths`,
    expected: `one for each sample, ${sample} too`,
  });
}
