import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InputError } from '@reelbert/data';
import { buildVocabulary } from '@reelbert/tokenizer';
import { annotate, textsIn } from './annotations.js';
import type { CatalogueClip } from './catalogue.js';
import type { ClipSource } from './clip-source.js';
import { frameArchivePath } from './frame-archive.js';
import { linesOfJson } from './json-lines.js';
import {
  manifestFile,
  manifestFormat,
  manifestVersion,
  readManifest,
  sha256,
  type SampleDataManifest,
  type SampleDataSettings,
} from './manifest.js';
import { licenceText, readmeText } from './notices.js';
import { allPackages } from './packages.js';
import type { Split } from './split.js';

const textFiles = [
  'unlabelled.json',
  'labelled.json',
  'test.json',
  'labels.json',
  'vocab.txt',
  'LICENSE.txt',
  'README.md',
];
/** There from the first to the last moment of writing. */
const unfinishedFile = 'unfinished.txt';
const ownEntries: ReadonlySet<string> = new Set([...textFiles, 'frames', manifestFile, unfinishedFile]);

/**
 * Makes sure that a data set may be written to the folder; returns what is there now.
 *
 * @throws InputError where the folder holds anything but an earlier or interrupted data set.
 */
export async function checkFolder(folder: string): Promise<string[]> {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    if (error.code !== 'ENOTDIR') throw error;
    throw new InputError({ file: folder, found: 'a file', expected: 'a folder for the sample data' });
  });
  const ours = entries.includes(unfinishedFile) || (await readManifest(folder)) !== undefined;
  const foreign = entries.find((name) => !ours || !ownEntries.has(name));
  if (foreign === undefined) return entries;
  const found = `something else there (${foreign})`;
  throw new InputError({ file: folder, found, expected: 'a new or empty folder, or one of sample data' });
}

/** Empties a folder of an earlier data set, after the same check, and marks it as unfinished. */
export async function claimFolder(folder: string): Promise<void> {
  const entries = await checkFolder(folder);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, unfinishedFile), 'This data set is being made, or was interrupted.\n');
  for (const name of entries.filter((entry) => entry !== unfinishedFile)) {
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

export interface DataSetOptions {
  readonly source: 'full' | 'embedded';
  readonly settings: SampleDataSettings;
  readonly onClip?: (done: number, total: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Every clip of a split once. */
export function clipsOf(split: Split): CatalogueClip[] {
  return [...new Set([...split.test, ...split.unlabelled])];
}

/** Writes a data set into a claimed folder, the manifest last. */
export async function writeDataSet(
  folder: string,
  split: Split,
  clipSource: ClipSource,
  { source, settings, onClip, signal }: DataSetOptions,
): Promise<SampleDataManifest> {
  const clips = clipsOf(split);
  const wanted = new Set(clips.map(({ id }) => id));
  const hashes = new Map<string, string>();
  for await (const { id, archive } of clipSource.archives(wanted)) {
    signal?.throwIfAborted();
    const file = frameArchivePath(join(folder, 'frames'), id);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, archive);
    hashes.set(id, sha256(archive));
    onClip?.(hashes.size, wanted.size);
  }
  const lost = clips.find(({ id }) => !hashes.has(id));
  if (lost !== undefined) throw new Error(`the source has no frames of clip ${lost.id}`);

  const counts = {
    clips: clips.length,
    bases: new Set(clips.map(({ base }) => base)).size,
    level1: new Set(split.categories.map((category) => category.slice(0, 2))).size,
    level2: split.categories.length,
    test: split.test.length,
    labelled: split.labelled.length,
    unlabelled: split.unlabelled.length,
  };
  const texts = textsByFile(split);
  texts.set('README.md', readmeText(source, settings, counts));
  texts.set('LICENSE.txt', licenceText());
  for (const [name, text] of texts) await writeFile(join(folder, name), text);

  const ordered = [...clips].sort((a, b) => (a.id < b.id ? -1 : 1));
  const manifest: SampleDataManifest = {
    format: manifestFormat,
    version: manifestVersion,
    source,
    sourceChecksum: clipSource.checksum,
    settings,
    packages: allPackages.map(({ name, version, integrity }) => ({ name, version, integrity })),
    counts,
    files: Object.fromEntries([...texts].map(([name, text]) => [name, sha256(text)])),
    frames: Object.fromEntries(ordered.map(({ id }) => [id, hashes.get(id) ?? ''])),
    concepts: Object.fromEntries(ordered.map(({ id, base, concept, tone }) => [id, { base, concept, tone }])),
    groups: Object.fromEntries(split.unlabelled.map(({ id, base }) => [id, base])),
  };
  await writeFile(join(folder, manifestFile), linesOfJson(manifest, 2));
  await rm(join(folder, unfinishedFile));
  return manifest;
}

function textsByFile(split: Split): Map<string, string> {
  const unlabelled = split.unlabelled.map((clip) => annotate(clip, false));
  const withCategory = (clips: readonly CatalogueClip[]) => clips.map((clip) => annotate(clip, true));
  return new Map([
    ['unlabelled.json', linesOfJson(unlabelled, 1)],
    ['labelled.json', linesOfJson(withCategory(split.labelled), 1)],
    ['test.json', linesOfJson(withCategory(split.test), 1)],
    ['labels.json', linesOfJson(split.categories, 1)],
    ['vocab.txt', `${buildVocabulary(unlabelled.flatMap(textsIn)).join('\n')}\n`],
  ]);
}
