import type { FileHandle } from 'node:fs/promises';

import { InputError } from './input-error.js';
import { openInput } from './input-file.js';
import type { NdArray } from './nd-array.js';
import { decodeNpy, readNpyHeader } from './npy.js';
import { listStoredEntries, readStoredEntry } from './stored-zip-reader.js';
import type { StoredEntry } from './stored-zip-writer.js';

/** How an entry's name ends after the id. */
export const entrySuffix = '.npy';

/** What the entries of an archive have in common. */
interface Layout {
  readonly dim: number;
  /** Bytes before the values. */
  readonly start: number;
  /** Bytes of a frame's feature. */
  readonly frameBytes: number;
}

/**
 * Features by id from one zip of stored entries `<id>.npy`, float16 [n, dim] (float32 is read as well). Only the list of
 * entries is kept in memory; values are read where they lie. Python reads the same file with `zipfile` and `numpy.load`.
 */
export class FeatureArchiveReader {
  readonly file: string;
  readonly #layout: Layout;
  readonly #handle: FileHandle;
  readonly #entries: ReadonlyMap<string, StoredEntry>;

  private constructor(
    file: string,
    layout: Layout,
    handle: FileHandle,
    entries: ReadonlyMap<string, StoredEntry>,
  ) {
    this.file = file;
    this.#layout = layout;
    this.#handle = handle;
    this.#entries = entries;
  }

  /**
   * Opens an archive.
   *
   * @throws InputError if it is missing, isn't a zip, has a compressed entry, an id twice, or entries that differ in more
   *   than the number of frames
   */
  static async open(file: string): Promise<FeatureArchiveReader> {
    const handle = await openInput(file, 'a feature archive');
    try {
      const entries = new Map<string, StoredEntry>();
      for (const entry of await listStoredEntries(handle, file)) {
        if (!entry.name.endsWith(entrySuffix)) continue;
        const id = entry.name.slice(0, -entrySuffix.length);
        if (entries.has(id)) {
          throw new InputError({
            file,
            place: entry.name,
            found: 'a second entry',
            expected: 'one of each id',
          });
        }
        entries.set(id, entry);
      }
      const layout = await readLayout(handle, file, entries);
      return new FeatureArchiveReader(file, layout, handle, entries);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** All ids, in the order of the file. */
  get ids(): string[] {
    return [...this.#entries.keys()];
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Values of a frame's feature; 0 for an archive without entries. */
  get dim(): number {
    return this.#layout.dim;
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  /** How many frames a video has, without reading them; 0 for one that isn't there. */
  count(id: string): number {
    const entry = this.#entries.get(id);
    return entry ? framesOf(entry, this.#layout) : 0;
  }

  /**
   * A video's features, [n, dim] float32; several may be read at once.
   *
   * @throws InputError if there are none, or they are damaged
   */
  async read(id: string): Promise<NdArray> {
    const features = decodeNpy(await this.readBytes(id), this.file, `${id}${entrySuffix}`);
    const { dtype, shape } = features;
    const count = this.count(id);
    if (dtype === 'float32' && shape.length === 2 && shape[0] === count && shape[1] === this.dim) {
      return features;
    }
    const found = `${dtype} of shape [${shape.join(', ')}]`;
    const expected = `floats of shape [${count}, ${this.dim}], laid out as in the first entry`;
    throw new InputError({ file: this.file, place: id, found, expected });
  }

  /** A video's `.npy` file as it lies, its checksum verified. */
  async readBytes(id: string): Promise<Buffer> {
    const entry = this.#entries.get(id);
    if (entry) return readStoredEntry(this.#handle, this.file, entry);
    throw new InputError({ file: this.file, found: 'no features', expected: `features of '${id}'` });
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** Takes from the first entry what all have in common, so that the others need not be read to know their frames. */
async function readLayout(
  handle: FileHandle,
  file: string,
  entries: ReadonlyMap<string, StoredEntry>,
): Promise<Layout> {
  const [first] = entries.values();
  if (!first) return { dim: 0, start: 0, frameBytes: 0 };
  const { type, shape, start } = readNpyHeader(await readStoredEntry(handle, file, first), file, first.name);
  const dim = shape[1] ?? 0;
  if (!type.startsWith('float') || shape.length !== 2 || dim < 1) {
    const found = `${type} of shape [${shape.join(', ')}]`;
    throw new InputError({ file, place: first.name, found, expected: 'float16 of shape [frames, dim]' });
  }
  const layout: Layout = { dim, start, frameBytes: dim * (type === 'float16' ? 2 : 4) };
  for (const entry of entries.values()) {
    const frames = framesOf(entry, layout);
    if (Number.isInteger(frames) && frames >= 0) continue;
    const found = `${entry.size - start} bytes of values`;
    const expected = `whole frames of ${layout.frameBytes} bytes, as in the first entry`;
    throw new InputError({ file, place: entry.name, found, expected });
  }
  return layout;
}

function framesOf({ size }: StoredEntry, { start, frameBytes }: Layout): number {
  return (size - start) / frameBytes;
}
