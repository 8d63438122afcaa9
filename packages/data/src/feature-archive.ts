import type { FileHandle } from 'node:fs/promises';

import { InputError } from './input-error.js';
import { openInput } from './input-file.js';
import type { NdArray } from './nd-array.js';
import { decodeFloatNpy } from './npy.js';
import { listStoredEntries, readStoredEntry } from './stored-zip-reader.js';
import type { StoredEntry } from './stored-zip-writer.js';

/** How an entry's name ends after the id. */
export const entrySuffix = '.npy';

/**
 * Features by id from one zip of stored entries `<id>.npy`, float16 [n, dim]. Only the list of entries is kept in
 * memory; values are read where they lie. Python reads the same file with `numpy.load`.
 */
export class FeatureArchiveReader {
  readonly file: string;
  readonly #handle: FileHandle;
  readonly #entries: ReadonlyMap<string, StoredEntry>;

  private constructor(file: string, handle: FileHandle, entries: ReadonlyMap<string, StoredEntry>) {
    this.file = file;
    this.#handle = handle;
    this.#entries = entries;
  }

  /**
   * Opens an archive.
   *
   * @throws InputError if it is missing, isn't a zip, has a compressed entry, or an id twice
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
      return new FeatureArchiveReader(file, handle, entries);
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

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  /**
   * A video's features, [n, dim] float32; several may be read at once.
   *
   * @throws InputError if there are none, or they are damaged
   */
  async read(id: string): Promise<NdArray> {
    const { shape, data } = decodeFloatNpy(await this.readBytes(id), this.file, `${id}${entrySuffix}`);
    if (shape.length !== 2) {
      const found = `shape [${shape.join(', ')}]`;
      throw new InputError({ file: this.file, place: id, found, expected: 'shape [frames, dim]' });
    }
    return { dtype: 'float32', shape, data };
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
