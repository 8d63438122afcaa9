import { readFileSync } from 'node:fs';

/** Token counts of one video, [CLS] and [SEP] included. */
export interface SampleLengths {
  /** The title: the text of every pass but one. */
  readonly text: number;
  /** OCR and ASR, for title contrast. */
  readonly body: number;
}

/** Batches are padded to multiples of so many tokens. */
export const bucketWidth = 32;

/** The bucket of a length, at most `most`. */
export function bucketOf(length: number, most: number): number {
  return Math.min(Math.ceil(length / bucketWidth) * bucketWidth, most);
}

/** 512 videos with log-normal lengths (fixtures/lengths.json says how they were drawn), none longer than `most`. */
export function sampleLengths(most: number): SampleLengths[] {
  const file = new URL('../../fixtures/lengths.json', import.meta.url);
  const drawn = JSON.parse(readFileSync(file, 'utf8')) as { titles: number[]; asr_ocr: number[] };
  return drawn.titles.map((text, i) => ({
    text: Math.min(text, most),
    body: Math.min(drawn.asr_ocr[i]!, most),
  }));
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
): SampleLengths[][] {
  const bucket = ({ text }: SampleLengths) => Math.ceil(text / bucketWidth);
  const buckets = [...new Set(samples.map(bucket))].sort((a, b) => a - b);
  const batches = buckets.flatMap((number) => {
    const members = samples.filter((sample) => bucket(sample) === number);
    return batchesInOrder(members, batchSize, Math.floor(members.length / batchSize));
  });
  return Array.from({ length: count }, (_, i) => batches[Math.floor(((i + 0.5) * batches.length) / count)]!);
}
