import { join } from 'node:path';

import { openPromise, type Entry, type ZipFile } from 'yauzl';

import { InputError } from './input-error.js';

/** No real frame is larger; what claims to be is refused before it is unpacked. */
const largestFrame = 64 * 2 ** 20;

/** What can be wrong with a video's frames. */
export type FrameProblem = 'missing-frames' | 'broken-zip' | 'no-frames' | 'broken-image';

/** A video's frames can't be used; `kind` says why. */
export class FrameError extends InputError {
  readonly kind: FrameProblem;

  constructor(kind: FrameProblem, details: ConstructorParameters<typeof InputError>[0]) {
    super(details);
    this.kind = kind;
  }
}

/** An image file of a video, still encoded. */
export interface EncodedFrame {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Where a video's frames lie: `<folder>/<last three characters of the id>/<id>.zip`. */
export function frameArchivePath(folder: string, id: string): string {
  return join(folder, id.slice(-3), `${id}.zip`);
}

/** A video's image files in the order of their names. Throws `FrameError`. */
export async function readFrames(folder: string, id: string): Promise<EncodedFrame[]> {
  const file = frameArchivePath(folder, id);
  const expected = 'a zip with the frames as JPEG or PNG files';
  let zip: ZipFile;
  try {
    zip = await openPromise(file, { lazyEntries: true, autoClose: false });
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const found = missing ? 'no such file' : (error as Error).message;
    throw new FrameError(missing ? 'missing-frames' : 'broken-zip', { file, found, expected });
  }
  try {
    const entries = (await listEntries(zip)).filter(({ fileName }) => /\.(jpe?g|png|webp)$/i.test(fileName));
    if (entries.length === 0) throw new FrameError('no-frames', { file, found: 'no image', expected });
    entries.sort((a, b) => (a.fileName < b.fileName ? -1 : 1));
    const frames: EncodedFrame[] = [];
    for (const entry of entries)
      frames.push({ name: entry.fileName, bytes: await readEntry(file, zip, entry) });
    return frames;
  } catch (error) {
    if (error instanceof FrameError) throw error;
    throw new FrameError('broken-zip', { file, found: (error as Error).message, expected });
  } finally {
    zip.close();
  }
}

function listEntries(zip: ZipFile): Promise<Entry[]> {
  return new Promise((resolve, reject) => {
    const entries: Entry[] = [];
    zip.on('entry', (entry: Entry) => {
      entries.push(entry);
      zip.readEntry();
    });
    zip.on('end', () => resolve(entries));
    zip.on('error', reject);
    zip.readEntry();
  });
}

async function readEntry(file: string, zip: ZipFile, entry: Entry): Promise<Buffer> {
  if (entry.uncompressedSize > largestFrame) {
    throw new FrameError('broken-zip', {
      file,
      place: entry.fileName,
      found: `${entry.uncompressedSize} bytes`,
      expected: `at most ${largestFrame} bytes a frame`,
    });
  }
  const stream = await zip.openReadStreamPromise(entry);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
