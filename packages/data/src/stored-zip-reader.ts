import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';

import { fromRandomAccessReaderPromise, RandomAccessReader } from 'yauzl';

import { InputError } from './input-error.js';
import { readFully } from './input-file.js';
import type { StoredEntry } from './stored-zip-writer.js';

/** The directory of a large archive is read in pieces of this size, not entry by entry. */
const windowBytes = 1 << 20;

/**
 * Lists a zip of stored entries.
 *
 * @throws InputError if it isn't a zip, or has a compressed or encrypted entry
 */
export async function listStoredEntries(handle: FileHandle, file: string): Promise<StoredEntry[]> {
  const expected = 'a zip of stored (uncompressed) entries';
  const { size } = await handle.stat();
  const entries: StoredEntry[] = [];
  try {
    const zip = await fromRandomAccessReaderPromise(new WindowReader(handle), size, { autoClose: false });
    for await (const entry of zip.eachEntry()) {
      if (entry.compressionMethod !== 0 || entry.isEncrypted()) {
        throw new InputError({ file, place: entry.fileName, found: 'a compressed entry', expected });
      }
      if (entry.relativeOffsetOfLocalHeader + entry.uncompressedSize > size) {
        throw new InputError({ file, place: entry.fileName, found: 'an entry beyond its end', expected });
      }
      entries.push({
        name: entry.fileName,
        crc: entry.crc32,
        size: entry.uncompressedSize,
        offset: entry.relativeOffsetOfLocalHeader,
      });
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError({ file, found: `a broken zip (${(error as Error).message})`, expected });
  }
  return entries;
}

/**
 * Reads one entry's value.
 *
 * @throws InputError if it is cut off or its checksum is wrong
 */
export async function readStoredEntry(
  handle: FileHandle,
  file: string,
  { name, crc, size, offset }: StoredEntry,
): Promise<Buffer> {
  const broken = (found: string) =>
    new InputError({ file, place: name, found, expected: 'a whole entry: is the archive damaged?' });
  const header = Buffer.alloc(30);
  if ((await readFully(handle, header, offset)) < header.length) throw broken('an entry that is cut off');
  if (header.readUInt32LE(0) !== 0x04034b50) throw broken('no entry where the directory says');
  const start = offset + header.length + header.readUInt16LE(26) + header.readUInt16LE(28);
  const value = Buffer.alloc(size);
  if ((await readFully(handle, value, start)) < size) throw broken('an entry that is cut off');
  if (crc32(value) !== crc) throw broken('a wrong checksum');
  return value;
}

/** Serves the small reads of a directory from one large read. */
class WindowReader extends RandomAccessReader {
  readonly #handle: FileHandle;
  #window = Buffer.alloc(0);
  #start = 0;

  constructor(handle: FileHandle) {
    super();
    this.#handle = handle;
  }

  override read(
    target: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.#bytes(position, length).then(
      (bytes) => {
        bytes.copy(target, offset);
        callback(bytes.length < length ? new Error('unexpected end of file') : null);
      },
      (error: unknown) => callback(error as Error),
    );
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#bytes(start, end - start).then((bytes) => [bytes]) as never);
  }

  override close(callback: (error: Error | null) => void): void {
    callback(null);
  }

  async #bytes(position: number, length: number): Promise<Buffer> {
    if (position < this.#start || position + length > this.#start + this.#window.length) {
      const window = Buffer.alloc(Math.max(length, windowBytes));
      this.#window = window.subarray(0, await readFully(this.#handle, window, position));
      this.#start = position;
    }
    return this.#window.subarray(position - this.#start, position - this.#start + length);
  }
}
