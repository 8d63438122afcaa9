import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

import { validateFileName } from 'yauzl';

import { entrySuffix } from './feature-archive.js';
import { InputError } from './input-error.js';
import { fileProblem } from './input-file.js';
import type { NdArray } from './nd-array.js';
import { encodeNpy, readNpyHeader } from './npy.js';
import { encodeDirectory, encodeEntry, recoverEntries, type StoredEntry } from './stored-zip-writer.js';

/** An archive keeps at most this many frames of a video, its first ones. */
export const maxStoredFrames = 32;

/** The least number that half precision rounds to infinity. */
const beyondHalf = 65520;

export interface FeatureArchiveOptions {
  /** Values of a frame's feature; where absent, as many as the first video's. */
  readonly dim?: number | undefined;
  /** Go on with what an interrupted writer left; without, that is thrown away. */
  readonly resume?: boolean | undefined;
}

interface State {
  readonly handle: FileHandle;
  readonly entries: StoredEntry[];
  /** Where the next entry belongs. */
  end: number;
  dim: number | undefined;
}

/**
 * Writes a feature archive: features come in any order and the file appears when it is finished. Until then they are
 * in `<file>.partial`, a zip without its directory; a writer that resumes keeps what is whole there, however the one
 * before it ended. One writer a file at a time.
 */
export class FeatureArchiveWriter {
  readonly file: string;
  readonly #state: State;
  readonly #ids: Set<string>;
  #queue: Promise<void> = Promise.resolve();
  #open = true;

  private constructor(file: string, state: State) {
    this.file = file;
    this.#state = state;
    this.#ids = new Set(state.entries.map(({ name }) => name.slice(0, -entrySuffix.length)));
  }

  /**
   * Begins an archive, or goes on with one.
   *
   * @throws InputError if the folder can't be written, or what is there to resume has another `dim`
   */
  static async open(
    file: string,
    { dim: wanted, resume = false }: FeatureArchiveOptions = {},
  ): Promise<FeatureArchiveWriter> {
    const partial = partialFile(file);
    let handle: FileHandle | undefined;
    try {
      if (!resume) await rm(partial, { force: true });
      // Read and write, made where missing; `a+` could not cut a damaged end off and write in its place.
      handle = await open(partial, 'r+').catch(() => open(partial, 'wx+'));
      let dim = wanted;
      const { entries, end } = await recoverEntries(handle, (name, value) => {
        dim = checkDim(value, dim, partial, name);
      });
      await handle.truncate(end);
      return new FeatureArchiveWriter(file, { handle, entries, end, dim });
    } catch (error) {
      await handle?.close();
      throw fileProblem(error, file, 'a file in an existing, writable folder');
    }
  }

  /** Values of a frame's feature; undefined before the first video unless it was given. */
  get dim(): number | undefined {
    return this.#state.dim;
  }

  /** How many videos there are so far. */
  get size(): number {
    return this.#ids.size;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /**
   * Adds a video's features, float32 [n, dim], or their values alone where `dim` is known; of more than 32 frames the
   * first 32.
   *
   * @throws InputError for an id that is there already or can't name an entry, or another `dim` than before
   * @throws TypeError for what isn't float32 [n, dim]
   * @throws RangeError for values that half precision can't hold
   */
  async add(id: string, features: NdArray | Float32Array): Promise<void> {
    const { dtype, shape, data } = features instanceof Float32Array ? this.#shaped(features) : features;
    const [frames = 0, dim = 0] = shape;
    const whole = Number.isInteger(frames) && dim > 0 && data.length === frames * dim;
    if (!(data instanceof Float32Array) || shape.length !== 2 || !whole) {
      const found = `${dtype} [${shape.join(', ')}] of ${data.length} values`;
      throw new TypeError(`features of '${id}' are ${found}, not float32 [frames, dim]`);
    }
    const kept = Math.min(frames, maxStoredFrames);
    const values = data.subarray(0, kept * dim);
    const wrong = values.findIndex((value) => !(Math.abs(value) < beyondHalf));
    if (wrong >= 0) throw new RangeError(`features of '${id}': ${values[wrong]} has no half precision`);
    await this.addBytes(id, encodeNpy({ dtype, shape: [kept, dim], data: values }, 'float16'));
  }

  /**
   * Adds a video's `.npy` file as it is.
   *
   * @throws InputError for an id that is there already or can't name an entry, or another `dim` than before
   */
  async addBytes(id: string, npy: Uint8Array): Promise<void> {
    checkId(id, this.file);
    if (this.has(id)) {
      const found = 'a second entry';
      throw new InputError({ file: this.file, place: id, found, expected: 'one of each id' });
    }
    this.#state.dim = checkDim(npy, this.#state.dim, this.file, id);
    this.#ids.add(id);
    const name = `${id}${entrySuffix}`;
    const bytes = encodeEntry(name, npy);
    const write = this.#queue.then(async () => {
      const { handle, entries, end } = this.#state;
      await writeAt(handle, bytes, end);
      entries.push({ name, crc: crc32(npy), size: npy.length, offset: end });
      this.#state.end += bytes.length;
    });
    // A failed write fails every later one: what is behind a gap could not be recovered.
    this.#queue = write;
    await write;
  }

  /** Completes the archive and puts it in its place. */
  async finish(): Promise<void> {
    await this.#queue;
    const { handle, entries, end } = this.#state;
    await writeAt(handle, encodeDirectory(entries, end), end);
    await handle.sync();
    await this.close();
    await rename(partialFile(this.file), this.file);
  }

  /** Stops without finishing; a writer that resumes goes on from here. Does nothing after `finish`. */
  async close(): Promise<void> {
    await this.#queue.catch(() => undefined);
    if (!this.#open) return;
    this.#open = false;
    await this.#state.handle.close();
  }

  #shaped(data: Float32Array): NdArray {
    const { dim = 0 } = this.#state;
    return { dtype: 'float32', shape: [data.length / dim, dim], data };
  }
}

/** Where an archive is before it is finished. */
export function partialFile(file: string): string {
  return `${file}.partial`;
}

/** The dim of a `.npy` file; an `InputError` if it isn't the one wanted. */
export function checkDim(npy: Uint8Array, dim: number | undefined, file: string, place: string): number {
  const { shape, type } = readNpyHeader(npy, file, place);
  const found = shape[1] ?? 0;
  if (type.startsWith('float') && shape.length === 2 && found > 0 && found === (dim ?? found)) return found;
  throw new InputError({
    file,
    place,
    found: `${type} of shape [${shape.join(', ')}]`,
    expected: `float16 of shape [frames, ${dim ?? 'dim'}]`,
  });
}

/** Refuses ids that zip readers would change or take for a path out of the archive. */
function checkId(id: string, file: string): void {
  const name = `${id}${entrySuffix}`;
  const encoded = Buffer.from(name);
  const plain = id !== '' && !/[\\\0]/.test(id) && encoded.length <= 65_535 && encoded.toString() === name;
  if (plain && validateFileName(name) === null) return;
  const found = `id ${JSON.stringify(id.slice(0, 80))}`;
  throw new InputError({ file, found, expected: 'an id that can name an entry of a zip' });
}

async function writeAt(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
