import { InputError } from '@reelbert/data';
import type { ClipSource, SampleDataProgress } from './clip-source.js';
import { checkFolder, claimFolder, clipsOf, writeDataSet } from './data-set-folder.js';
import { embeddedFormat, openEmbeddedSource } from './embedded-source.js';
import { fewestClips, limitSplit } from './limit.js';
import { isIntact, readManifest, type SampleDataCounts, type SampleDataSettings } from './manifest.js';
import { openPackageSource, packagesChecksum } from './package-source.js';
import { splitClips, type Split } from './split.js';

export interface SampleDataOptions {
  /** Folder of the data set: new, empty, or one that was made by this function before. */
  readonly out: string;
  /** All clips, made from npm packages, or those that lie in this package. Default `full`. */
  readonly source?: 'full' | 'embedded';
  /** Where downloads and decoded frames are kept; needed for `full`. */
  readonly cacheDir?: string;
  /** Most clips, at least 8; where absent, all. */
  readonly limit?: number | undefined;
  readonly splitSeed?: number;
  /** Share of each class's concepts outside the test that keeps its labels. Default 0.2. */
  readonly labelledShare?: number;
  /** Width and height of the frames; the clips are made at 256. Default 64, as the embedded ones have. */
  readonly size?: number;
  /** 1 to 32, default 8. */
  readonly framesPerClip?: number;
  /** JPEG quality, 1 to 100, default 90 (the embedded ones have their own). */
  readonly quality?: number;
  readonly onProgress?: (progress: SampleDataProgress) => void;
  /** Stops between clips; what is in the cache by then is used by the next call. */
  readonly signal?: AbortSignal;
  /** The npm program that downloads, by default the one on the path. */
  readonly npm?: string;
}

export interface SampleDataResult {
  readonly out: string;
  readonly counts: SampleDataCounts;
  /** Whether the folder already held this very data set and was left as it is. */
  readonly reused: boolean;
  /** Packages that were downloaded just now. */
  readonly downloaded: number;
  /** Clips that were decoded just now; all others came from the cache or the embedded sample. */
  readonly decoded: number;
  readonly seconds: number;
}

/**
 * Makes a data set in the project's own input format. Equal options give equal files, whatever the cache holds.
 *
 * @throws InputError for options out of range, a folder with other content, or packages that can't be fetched.
 */
export async function makeSampleData(options: SampleDataOptions): Promise<SampleDataResult> {
  const start = performance.now();
  const { out, source = 'full', signal, onProgress } = options;
  const settings = settingsOf(options);
  const result = (
    counts: SampleDataCounts,
    work: { reused: boolean; downloaded: number; decoded: number },
  ) => ({
    out,
    counts,
    ...work,
    seconds: (performance.now() - start) / 1000,
  });
  const existing = await readManifest(out);
  const wanted = JSON.stringify([source, settings]);
  if (existing !== undefined && JSON.stringify([existing.source, existing.settings]) === wanted) {
    const checksum = source === 'full' ? packagesChecksum() : (await openEmbeddedSource()).checksum;
    if (existing.sourceChecksum === checksum && (await isIntact(out, existing))) {
      return result(existing.counts, { reused: true, downloaded: 0, decoded: 0 });
    }
  }
  await checkFolder(out);
  const { clipSource, split, downloaded, decoded } = await openSource(options, settings);
  await claimFolder(out);
  const manifest = await writeDataSet(out, split, clipSource, {
    source,
    settings,
    signal,
    onClip: (done, total) => onProgress?.({ stage: 'write', done, total, unit: 'clips' }),
  });
  return result(manifest.counts, { reused: false, downloaded, decoded });
}

interface OpenedSource {
  readonly clipSource: ClipSource;
  readonly split: Split;
  readonly downloaded: number;
  readonly decoded: number;
}

async function openSource(options: SampleDataOptions, settings: SampleDataSettings): Promise<OpenedSource> {
  const splitOf = (clipSource: ClipSource): Split => {
    const split = splitClips(clipSource.clips, settings);
    return settings.limit === null ? split : limitSplit(split, settings.limit, settings.splitSeed);
  };
  if (options.source === 'embedded') {
    const clipSource = await openEmbeddedSource();
    return { clipSource, split: splitOf(clipSource), downloaded: 0, decoded: 0 };
  }
  const { cacheDir, onProgress, signal, npm } = options;
  if (cacheDir === undefined) throw new TypeError('cacheDir is needed for the full sample data');
  const clipSource = await openPackageSource({ cacheDir, format: settings, onProgress, signal, npm });
  const split = splitOf(clipSource);
  const decoded = await clipSource.decode(new Set(clipsOf(split).map(({ id }) => id)));
  return { clipSource, split, downloaded: clipSource.downloaded, decoded };
}

function settingsOf(options: SampleDataOptions): SampleDataSettings {
  const { splitSeed = 802, labelledShare = 0.2, limit } = options;
  const size = options.size ?? embeddedFormat.size;
  const framesPerClip = options.framesPerClip ?? embeddedFormat.framesPerClip;
  const embedded = options.source === 'embedded';
  const quality = options.quality ?? (embedded ? embeddedFormat.quality : 90);
  integer('split seed', splitSeed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  integer('size', size, 8, 1024);
  integer('frames per clip', framesPerClip, 1, 32);
  integer('quality', quality, 1, 100);
  if (limit !== undefined) integer('limit', limit, fewestClips, Number.MAX_SAFE_INTEGER);
  if (!(labelledShare > 0 && labelledShare <= 1)) {
    throw new InputError({
      field: 'labelled share',
      found: String(labelledShare),
      expected: 'above 0, at most 1',
    });
  }
  const asked = { size, framesPerClip, quality };
  for (const field of ['size', 'framesPerClip', 'quality'] as const) {
    if (!embedded || asked[field] === embeddedFormat[field]) continue;
    const expected = `${embeddedFormat[field]}, which the embedded sample has, or the full sample data`;
    throw new InputError({ field, found: String(asked[field]), expected });
  }
  return { splitSeed, labelledShare, size, framesPerClip, quality, limit: limit ?? null };
}

function integer(field: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  const range =
    most === Number.MAX_SAFE_INTEGER ? (least > 0 ? `of ${least} or more` : '') : `from ${least} to ${most}`;
  throw new InputError({ field, found: String(value), expected: `an integer ${range}`.trimEnd() });
}
