import { join } from 'node:path';
import { crc32 } from 'node:zlib';

import { openPromise, type Entry, type ZipFile } from 'yauzl';

import { InputError } from './input-error.js';

/** Bounds on what a zip unpacks to; no real video is near them, and a small file can claim any size. */
const largestFrame = 64 * 2 ** 20;
const largestVideo = 512 * 2 ** 20;
const mostEntries = 10_000;

const expected = 'a zip with the frames as JPEG, PNG or WebP files';

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
  return (await readChosenFrames(folder, id, (count) => Array.from({ length: count }, (_, i) => i))).frames;
}

/** How many image files a video has; none is unpacked. Throws `FrameError`. */
export function countFrames(folder: string, id: string): Promise<number> {
  return withImages(folder, id, async (_, images) => images.length);
}

/**
 * Some of a video's image files; the others are not unpacked.
 *
 * @param choose which of them, by their places in the order of their names
 * @returns how many there are in all, and the chosen ones
 * @throws FrameError if the zip is missing or broken, or has no images
 */
export function readChosenFrames(
  folder: string,
  id: string,
  choose: (count: number) => readonly number[],
): Promise<{ count: number; frames: EncodedFrame[] }> {
  return withImages(folder, id, async (zip, images, file) => {
    const chosen = choose(images.length).map((index) => {
      const entry = images[index];
      if (entry) return entry;
      throw new RangeError(`frame ${index} of '${id}', which has ${images.length}`);
    });
    checkTotal(chosen, file);
    const frames: EncodedFrame[] = [];
    for (const entry of chosen) {
      frames.push({ name: entry.fileName, bytes: await readEntry(file, zip, entry) });
    }
    return { count: images.length, frames };
  });
}

/** Opens a video's zip for as long as it is used; what is wrong with it becomes a `FrameError`. */
async function withImages<T>(
  folder: string,
  id: string,
  use: (zip: ZipFile, images: readonly Entry[], file: string) => Promise<T>,
): Promise<T> {
  const file = frameArchivePath(folder, id);
  let zip: ZipFile;
  try {
    zip = await openPromise(file, { lazyEntries: true, autoClose: false });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const missing = code === 'ENOENT' || code === 'ENOTDIR';
    const found = missing ? 'no such file' : message;
    throw new FrameError(missing ? 'missing-frames' : 'broken-zip', { file, found, expected });
  }
  try {
    return await use(zip, await listImages(zip, file), file);
  } catch (error) {
    if (error instanceof FrameError || error instanceof RangeError) throw error;
    throw new FrameError('broken-zip', { file, found: (error as Error).message, expected });
  } finally {
    zip.close();
  }
}

async function listImages(zip: ZipFile, file: string): Promise<Entry[]> {
  if (zip.entryCount > mostEntries) {
    const found = `${zip.entryCount} entries`;
    throw new FrameError('broken-zip', { file, found, expected: `at most ${mostEntries} entries` });
  }
  const images: Entry[] = [];
  for await (const entry of zip.eachEntry()) if (isImage(entry.fileName)) images.push(entry);
  if (images.length === 0) throw new FrameError('no-frames', { file, found: 'no image', expected });
  return images.sort((a, b) => (a.fileName < b.fileName ? -1 : a.fileName > b.fileName ? 1 : 0));
}

/** By its name; what macOS adds to a zip (`__MACOSX/._00.jpg`) and other hidden files are none. */
function isImage(name: string): boolean {
  return /\.(jpe?g|png|webp)$/i.test(name) && !/(^|\/)(\.|__MACOSX\/)/.test(name);
}

function checkTotal(entries: readonly Entry[], file: string): void {
  const total = entries.reduce((sum, entry) => sum + entry.uncompressedSize, 0);
  const large = entries.find((entry) => entry.uncompressedSize > largestFrame);
  if (!large && total <= largestVideo) return;
  throw new FrameError('broken-zip', {
    file,
    place: large?.fileName,
    found: `${large?.uncompressedSize ?? total} bytes`,
    expected: large ? `at most ${largestFrame} bytes a frame` : `at most ${largestVideo} bytes a video`,
  });
}

async function readEntry(file: string, zip: ZipFile, entry: Entry): Promise<Buffer> {
  // The stream fails where an entry has more or fewer bytes than the zip says.
  const stream = await zip.openReadStreamPromise(entry);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  if (crc32(bytes) === entry.crc32) return bytes;
  const place = entry.fileName;
  throw new FrameError('broken-zip', { file, place, found: 'a wrong checksum', expected: 'a whole entry' });
}
