import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openPromise } from 'yauzl';

/** Where an entry of an archive goes inside the output folder, or undefined to leave it out. */
export type Placement = (entryName: string) => string | undefined;

/**
 * Takes files out of a zip archive: those that `place` gives a place (a path inside `folder`). An archive whose names
 * would lead out of the folder is refused.
 */
export async function unzip(archive: string, folder: string, place: Placement): Promise<void> {
  const zip = await openPromise(archive);
  try {
    for await (const entry of zip.eachEntry()) {
      const target = entry.fileName.endsWith('/') ? undefined : place(entry.fileName);
      if (target === undefined) continue;
      const file = join(folder, target);
      await mkdir(dirname(file), { recursive: true });
      const mode = (entry.externalFileAttributes >>> 16) & 0o777;
      await pipeline(
        await zip.openReadStreamPromise(entry),
        createWriteStream(file, { mode: mode || 0o644 }),
      );
    }
  } finally {
    zip.close();
  }
}
