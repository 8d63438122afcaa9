/** The sample that lies in this package: every base emoji without its skin tones, as small frames. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CatalogueClip } from './catalogue.js';
import type { ClipArchive, ClipSource } from './clip-source.js';
import type { FrameFormat } from './decode.js';
import { conceptOf } from './protocol.js';
import { tarballFiles } from './tarball.js';

export const embeddedDir = fileURLToPath(new URL('../../sample/', import.meta.url));

/** What the embedded frames were made with. */
export const embeddedFormat = {
  size: 64,
  framesPerClip: 8,
  quality: 80,
  compact: true,
} satisfies FrameFormat;

/** A clip in `catalogue.json`: what `CatalogueClip` has, less what follows from the id. */
type EmbeddedClip = Pick<CatalogueClip, 'id' | 'category' | 'title' | 'tags'>;

export const catalogueFile = 'catalogue.json';
export const framesFile = 'frames.tar.gz';

export async function openEmbeddedSource(folder = embeddedDir): Promise<ClipSource> {
  const catalogue = await readFile(join(folder, catalogueFile));
  const frames = join(folder, framesFile);
  const clips = (JSON.parse(catalogue.toString('utf8')) as EmbeddedClip[]).map((clip) => ({
    ...clip,
    base: clip.id,
    concept: conceptOf(clip.id),
    tone: [],
  }));
  const checksum = createHash('sha256')
    .update(catalogue)
    .update(await readFile(frames));
  return {
    clips,
    checksum: checksum.digest('hex'),
    archives: (ids) => embeddedArchives(frames, ids),
  };
}

async function* embeddedArchives(frames: string, ids: ReadonlySet<string>): AsyncGenerator<ClipArchive> {
  const idOf = (path: string) => basename(path, '.zip');
  for await (const { path, data } of tarballFiles(frames, (entry) => ids.has(idOf(entry)))) {
    yield { id: idOf(path), archive: data };
  }
}
