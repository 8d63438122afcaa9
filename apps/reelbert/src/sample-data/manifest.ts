import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { frameArchivePath } from './frame-archive.js';

export const manifestFile = 'manifest.json';
export const manifestFormat = 'reelbert sample data';
export const manifestVersion = 1;

/** What decides the content of a data set, together with its source. */
export interface SampleDataSettings {
  readonly splitSeed: number;
  readonly labelledShare: number;
  readonly size: number;
  readonly framesPerClip: number;
  readonly quality: number;
  readonly limit: number | null;
}

export interface SampleDataCounts {
  /** Different clips in all parts. */
  readonly clips: number;
  /** Different emoji without skin tone. */
  readonly bases: number;
  readonly level1: number;
  readonly level2: number;
  readonly test: number;
  readonly labelled: number;
  readonly unlabelled: number;
}

/** `manifest.json`, written last: a folder without it is unfinished. Seeds, versions, checksums and concepts. */
export interface SampleDataManifest {
  readonly format: typeof manifestFormat;
  readonly version: number;
  readonly source: 'full' | 'embedded';
  readonly sourceChecksum: string;
  readonly settings: SampleDataSettings;
  readonly packages: readonly {
    readonly name: string;
    readonly version: string;
    readonly integrity: string;
  }[];
  readonly counts: SampleDataCounts;
  /** SHA-256 of the other files, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** SHA-256 of the frames' archives, by id of the clip. */
  readonly frames: Readonly<Record<string, string>>;
  /** What keeps look-alikes on one side of the split, by id of the clip. */
  readonly concepts: Readonly<
    Record<string, { readonly base: string; readonly concept: string; readonly tone: readonly number[] }>
  >;
  /** The base emoji of each unlabelled clip: an epoch may take one random tone of each base. */
  readonly groups: Readonly<Record<string, string>>;
}

export function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex');
}

/** The manifest of a finished sample data folder; undefined where there is none. */
export async function readManifest(folder: string): Promise<SampleDataManifest | undefined> {
  try {
    const manifest = JSON.parse(await readFile(join(folder, manifestFile), 'utf8')) as SampleDataManifest;
    return manifest.format === manifestFormat ? manifest : undefined;
  } catch {
    return undefined;
  }
}

/** Whether every file that the manifest names is there, unchanged. */
export async function isIntact(folder: string, manifest: SampleDataManifest): Promise<boolean> {
  const expected: [string, string][] = [
    ...Object.entries(manifest.files).map(([name, hash]): [string, string] => [join(folder, name), hash]),
    ...Object.entries(manifest.frames).map(([id, hash]): [string, string] => [
      frameArchivePath(join(folder, 'frames'), id),
      hash,
    ]),
  ];
  for (const [file, hash] of expected) {
    const data = await readFile(file).catch(() => undefined);
    if (data === undefined || sha256(data) !== hash) return false;
  }
  return true;
}
