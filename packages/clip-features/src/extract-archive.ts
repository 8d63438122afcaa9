import { readFile, rm, writeFile } from 'node:fs/promises';

import { FeatureArchiveWriter, InputError } from '@reelbert/data';

import { extractFeatures, type ExtractionOptions, type ExtractionReport } from './extract.js';
import { shardOf, type Shard } from './shard.js';

export interface ArchiveExtractionOptions extends Omit<ExtractionOptions, 'sink' | 'precision'> {
  /** Width of a feature: the tower's `dimension`. */
  readonly dim: number;
  /** Only this part of `ids`. */
  readonly shard?: Shard;
  /** Go on with what an interrupted extraction left; without, that is thrown away. */
  readonly resume?: boolean;
  /**
   * What the features are made with, such as a digest of weights and settings. An extraction is resumed only under the
   * identity it began with, so that no archive mixes the features of two models.
   */
  readonly identity?: string;
}

export interface ArchiveExtractionReport extends ExtractionReport {
  /** Videos that the archive holds. */
  readonly stored: number;
  /** Whether the archive is in its place: not if interrupted, nor if no video had features. */
  readonly finished: boolean;
}

/**
 * Extracts features into an archive. The file appears when it is complete; what was done before an interruption or an
 * error stays beside it, in `<file>.partial`, for `resume`.
 *
 * @throws InputError for a shard that isn't, a folder that can't be written, or another identity on resuming
 */
export async function extractToArchive(
  file: string,
  options: ArchiveExtractionOptions,
): Promise<ArchiveExtractionReport> {
  const { dim, shard, resume = false, identity } = options;
  const ids = shard ? shardOf(options.ids, shard) : options.ids;
  const identityFile = `${file}.partial.identity`;
  if (resume) await checkIdentity(identityFile, identity);
  const writer = await FeatureArchiveWriter.open(file, { dim, resume });
  if (identity !== undefined) await writeFile(identityFile, identity);
  let finished = false;
  try {
    const report = await extractFeatures({ ...options, ids, sink: writer });
    if (!report.interrupted && writer.size > 0) {
      await writer.finish();
      finished = true;
      await rm(identityFile, { force: true });
    }
    return { ...report, stored: writer.size, finished };
  } finally {
    if (!finished) await writer.close();
  }
}

async function checkIdentity(file: string, identity: string | undefined): Promise<void> {
  const before = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (before === undefined || before === identity) return;
  throw new InputError({
    file,
    found: `features made with ${before}`,
    expected: `${identity ?? 'no identity'}; without resuming, extraction starts anew`,
  });
}
