import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

import { entrySuffix, FeatureArchiveReader } from './feature-archive.js';
import { InputError } from './input-error.js';
import { fileProblem } from './input-file.js';
import { encodeFloat16Npy, readNpyHeader } from './npy.js';
import { encodeDirectory, encodeEntry, recoverEntries, type StoredEntry } from './stored-zip-writer.js';

/** An archive keeps at most this many frames of a video, its first ones. */
export const maxStoredFrames = 32;

/** Half precision's largest number; what rounds to more would become infinite. */
const largestHalf = 65520;

export interface FeatureArchiveOptions {
  /** Values of a frame's feature. */
  readonly dim: number;
  /** Go on with what an interrupted writer left; without, that is thrown away. */
  readonly resume?: boolean | undefined;
}

/**
 * Writes a feature archive: features come in any order and the file appears when it is finished. Until then they are
 * in `<file>.partial`; a writer that resumes keeps what is whole there. One writer a file at a time.
 */
export class FeatureArchiveWriter {
  readonly file: string;
  readonly dim: number;
  readonly #handle: FileHandle;
  readonly #entries: StoredEntry[];
  readonly #ids: Set<string>;
  #end: number;
  #queue: Promise<void> = Promise.resolve();

  private constructor(file: string, dim: number, handle: FileHandle, entries: StoredEntry[], end: number) {
    this.file = file;
    this.dim = dim;
    this.#handle = handle;
    this.#entries = entries;
    this.#ids = new Set(entries.map(({ name }) => name.slice(0, -entrySuffix.length)));
    this.#end = end;
  }

  /**
   * Begins an archive, or goes on with one.
   *
   * @throws InputError if the folder can't be written, or what is there to resume has another `dim`
   */
  static async create(
    file: string,
    { dim, resume = false }: FeatureArchiveOptions,
  ): Promise<FeatureArchiveWriter> {
    const partial = partialFile(file);
    if (!resume) await rm(partial, { force: true });
    let handle: FileHandle;
    try {
      // Read and write, made where missing; `a+` could not cut a damaged end off and write in its place.
      handle = await open(partial, 'r+').catch(() => open(partial, 'wx+'));
    } catch (error) {
      throw fileProblem(error, file, 'a file in an existing, writable folder');
    }
    try {
      const { entries, end } = await recoverEntries(handle, (name, value) =>
        checkDim(value, dim, partial, name),
      );
      await handle.truncate(end);
      return new FeatureArchiveWriter(file, dim, handle, entries, end);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** How many videos there are so far. */
  get size(): number {
    return this.#ids.size;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /**
   * Adds a video's features, [n, dim] row by row; of more than 32 rows the first 32.
   *
   * @throws InputError for an id that is there already
   * @throws RangeError for values that aren't whole rows, or that half precision can't hold
   */
  async add(id: string, features: Float32Array): Promise<void> {
    const rows = features.length / this.dim;
    if (!Number.isInteger(rows)) {
      throw new RangeError(`features of '${id}': ${features.length} values are no rows of ${this.dim}`);
    }
    const kept = Math.min(rows, maxStoredFrames);
    const values = features.subarray(0, kept * this.dim);
    const wrong = values.findIndex((value) => !(Math.abs(value) < largestHalf));
    if (wrong >= 0) throw new RangeError(`features of '${id}': ${values[wrong]} has no half precision`);
    await this.addBytes(id, encodeFloat16Npy(values, [kept, this.dim]));
  }

  /**
   * Adds a video's `.npy` file as it is.
   *
   * @throws InputError for an id that is there already, or another `dim`
   */
  async addBytes(id: string, npy: Uint8Array): Promise<void> {
    checkDim(npy, this.dim, this.file, id);
    if (this.#ids.has(id)) {
      throw new InputError({
        file: this.file,
        place: id,
        found: 'a second entry',
        expected: 'one of each id',
      });
    }
    this.#ids.add(id);
    const name = `${id}${entrySuffix}`;
    const bytes = encodeEntry(name, npy);
    const write = this.#queue.then(async () => {
      await writeAt(this.#handle, bytes, this.#end);
      this.#entries.push({ name, crc: crc32(npy), size: npy.length, offset: this.#end });
      this.#end += bytes.length;
    });
    // A failed write fails every later one: what is behind a gap could not be recovered.
    this.#queue = write;
    await write;
  }

  /** Completes the archive and puts it in its place. */
  async finish(): Promise<void> {
    await this.#queue;
    await writeAt(this.#handle, encodeDirectory(this.#entries, this.#end), this.#end);
    await this.#handle.sync();
    await this.#handle.close();
    await rename(partialFile(this.file), this.file);
  }

  /** Stops without finishing; a writer that resumes goes on from here. */
  async close(): Promise<void> {
    await this.#queue.catch(() => undefined);
    await this.#handle.close();
  }
}

/**
 * Joins archives into one, in their order. An id may come more than once if its features are the same.
 *
 * @returns how many videos the new archive has
 * @throws InputError for no archives, one that is broken or empty, different dims, or different features of an id
 */
export async function mergeFeatureArchives(files: readonly string[], out: string): Promise<number> {
  const readers: FeatureArchiveReader[] = [];
  let writer: FeatureArchiveWriter | undefined;
  try {
    for (const file of files) readers.push(await FeatureArchiveReader.open(file));
    const origins = new Map<string, FeatureArchiveReader>();
    for (const reader of readers) {
      for (const id of reader.ids) {
        const bytes = await reader.readBytes(id);
        const origin = origins.get(id);
        if (origin) {
          await checkSame(id, bytes, origin, reader);
          continue;
        }
        const dim = readNpyHeader(bytes, reader.file, id).shape[1] ?? 0;
        writer ??= await FeatureArchiveWriter.create(out, { dim });
        checkDim(bytes, writer.dim, reader.file, id);
        await writer.addBytes(id, bytes);
        origins.set(id, reader);
      }
    }
    if (!writer) {
      throw new InputError({ file: out, found: 'nothing to merge', expected: 'archives with features' });
    }
    await writer.finish();
    return writer.size;
  } catch (error) {
    if (writer) {
      await writer.close().catch(() => undefined);
      await rm(partialFile(out), { force: true });
    }
    throw error;
  } finally {
    for (const reader of readers) await reader.close();
  }
}

function partialFile(file: string): string {
  return `${file}.partial`;
}

function checkDim(npy: Uint8Array, dim: number, file: string, place: string): void {
  const { shape } = readNpyHeader(npy, file, place);
  if (shape.length === 2 && shape[1] === dim) return;
  throw new InputError({
    file,
    place,
    found: `shape [${shape.join(', ')}]`,
    expected: `shape [frames, ${dim}]`,
  });
}

async function checkSame(
  id: string,
  bytes: Buffer,
  origin: FeatureArchiveReader,
  { file }: FeatureArchiveReader,
): Promise<void> {
  if (bytes.equals(await origin.readBytes(id))) return;
  throw new InputError({
    file,
    place: id,
    found: `other features than in ${origin.file}`,
    expected: 'the same',
  });
}

async function writeAt(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
