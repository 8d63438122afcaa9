import { readFileSync } from 'node:fs';

import type { ModelSizes } from './sizes.js';

/** Token counts of one video, [CLS] and [SEP] included. */
export interface SampleLengths {
  /** The text beside the frames. */
  readonly text: number;
  /** Title contrast's first text. */
  readonly title: number;
  /** Title contrast's second text: OCR and ASR. */
  readonly body: number;
}

/** The bucket of the longest of some texts: what their batch is padded to. */
export function bucketOf(
  lengths: readonly number[],
  sizes: Pick<ModelSizes, 'bucketWidth' | 'textLength'>,
): number {
  const { bucketWidth, textLength } = sizes;
  return Math.min(Math.ceil(Math.max(...lengths) / bucketWidth) * bucketWidth, textLength);
}

/**
 * 512 videos with log-normal lengths (fixtures/lengths.json says how they were drawn), none longer than `most`. The text
 * is the title, as in the original's pretraining.
 */
export function sampleLengths(most: number): SampleLengths[] {
  const file = new URL('../../fixtures/lengths.json', import.meta.url);
  const drawn = JSON.parse(readFileSync(file, 'utf8')) as { titles: number[]; asr_ocr: number[] };
  return drawn.titles.map((title, i) => {
    const text = Math.min(title, most);
    return { text, title: text, body: Math.min(drawn.asr_ocr[i]!, most) };
  });
}

/** The first `count` batches in the samples' order: lengths mix as they do in random batches. */
export function batchesInOrder(
  samples: readonly SampleLengths[],
  batchSize: number,
  count: number,
): SampleLengths[][] {
  return Array.from({ length: count }, (_, i) => samples.slice(i * batchSize, (i + 1) * batchSize));
}

/**
 * `count` batches of samples of one bucket each, evenly spread over all such batches from the shortest bucket to the
 * longest, so that their mean length is about the samples'.
 */
export function batchesByBucket(
  samples: readonly SampleLengths[],
  batchSize: number,
  count: number,
  bucketWidth: number,
): SampleLengths[][] {
  const bucket = ({ text }: SampleLengths) => Math.ceil(text / bucketWidth);
  const buckets = [...new Set(samples.map(bucket))].sort((a, b) => a - b);
  const batches = buckets.flatMap((number) => {
    const members = samples.filter((sample) => bucket(sample) === number);
    return batchesInOrder(members, batchSize, Math.floor(members.length / batchSize));
  });
  return Array.from({ length: count }, (_, i) => batches[Math.floor(((i + 0.5) * batches.length) / count)]!);
}
