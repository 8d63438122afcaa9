import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { create } from 'tar';
import type { SampleDataProgress } from './clip-source.js';
import { catalogueFile, embeddedDir, embeddedFormat, framesFile } from './embedded-source.js';
import { frameArchivePath } from './frame-archive.js';
import { linesOfJson } from './json-lines.js';
import { licenceText } from './notices.js';
import { openPackageSource } from './package-source.js';

/** The embedded sample may not take more. */
export const embeddedBytes = 8_000_000;

export interface EmbeddedSampleOptions {
  readonly cacheDir: string;
  /** Default: the folder of this package. */
  readonly out?: string;
  readonly onProgress?: (progress: SampleDataProgress) => void;
}

/**
 * Makes the sample that is kept in the repository: every clip without skin tone, so that each split seed's test and
 * labelled parts are the same as those of the full data. The archive's folders and file names are those of `frames/`.
 */
export async function makeEmbeddedSample(
  options: EmbeddedSampleOptions,
): Promise<{ clips: number; bytes: number }> {
  const { cacheDir, out = embeddedDir, onProgress } = options;
  const source = await openPackageSource({ cacheDir, format: embeddedFormat, onProgress });
  const clips = source.clips.filter(({ tone }) => tone.length === 0);
  const ids = clips.map(({ id }) => id).sort();
  await source.decode(new Set(ids));

  await mkdir(out, { recursive: true });
  const catalogue = clips.map(({ id, category, title, tags }) => ({ id, category, title, tags }));
  await writeFile(join(out, catalogueFile), linesOfJson(catalogue, 1));
  await writeFile(join(out, 'LICENSE.txt'), licenceText());
  await writeFile(join(out, 'README.md'), readme(clips.length));
  const archives = ids.map((id) => relative(source.framesDir, frameArchivePath(source.framesDir, id)));
  await create(
    {
      file: join(out, framesFile),
      cwd: source.framesDir,
      gzip: { level: 9 },
      portable: true,
      mtime: new Date(0),
      filter: (_, entry) => {
        if ('mode' in entry) entry.mode = 0o100644;
        return true;
      },
    },
    archives.map((path) => path.split(sep).join('/')),
  );
  const bytes = await sizeOf(out, [catalogueFile, framesFile, 'LICENSE.txt', 'README.md']);
  if (bytes > embeddedBytes)
    throw new Error(`the embedded sample takes ${bytes} bytes, more than ${embeddedBytes}`);
  return { clips: clips.length, bytes };
}

async function sizeOf(folder: string, files: readonly string[]): Promise<number> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder, file))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function readme(clips: number): string {
  const { size, framesPerClip, quality } = embeddedFormat;
  return `# Embedded sample

${clips} clips: every animated emoji without its skin tones, up to ${framesPerClip} frames of ${size} x ${size} pixels each
(JPEG, quality ${quality}), with their Chinese names and tags. Sources and licences: \`LICENSE.txt\`.

\`${catalogueFile}\` lists the clips in the order of the packages that they come from; \`${framesFile}\` holds
\`<last three of id>/<id>.zip\`. \`reelbert data sample --embedded --out DIR\` makes a data set of them, split by any
seed; tests, the demo and the training targets do so by themselves.

Made by \`node apps/reelbert/dist/sample-data/regenerate.js CACHE\` after a build; \`CACHE\` keeps the downloads (730 MB).
The same run makes \`apps/reelbert/tests/fixtures/clips\`.
`;
}
