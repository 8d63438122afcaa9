import { appendFile, mkdir, open, readFile, rename, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import type { FeatureSink } from './extract.js';

/** What a store holds of a video. */
export interface StoredVideo {
  readonly id: string;
  /** Tells whether the video's file is still the one that was read. */
  readonly stamp: string;
  /** How many frames the video has. */
  readonly count: number;
  /** Those whose states are stored, ascending. */
  readonly frames: readonly number[];
}

interface Entry extends StoredVideo {
  /** Of the first frame in the file of states. */
  readonly row: number;
}

/**
 * A folder with the states of videos' frames between two layers of a tower: `states.f32`, rows of little-endian
 * float32, and `index.jsonl`, a line a video. It grows video by video; what an interrupted writer left half done is
 * written over. One process may write at a time.
 */
export class StateStore implements FeatureSink {
  readonly #file: FileHandle;
  readonly #index: string;
  readonly #entries: Map<string, Entry>;
  readonly #announced = new Map<string, StoredVideo>();
  #rows: number;

  private constructor(
    file: FileHandle,
    index: string,
    entries: Map<string, Entry>,
    /** Values of a frame: tokens times width. */
    readonly rowLength: number,
  ) {
    this.#file = file;
    this.#index = index;
    this.#entries = entries;
    this.#rows = Math.max(0, ...[...entries.values()].map(({ row, frames }) => row + frames.length));
  }

  /** Opens or makes the store in a folder. */
  static async open(folder: string, rowLength: number): Promise<StateStore> {
    await mkdir(folder, { recursive: true });
    const index = join(folder, 'index.jsonl');
    const text = await readFile(index, 'utf8').catch(() => '');
    const file = await openForBoth(join(folder, 'states.f32'));
    const { size } = await file.stat();
    const entries = new Map<string, Entry>();
    for (const line of text.split('\n')) {
      const entry = parseLine(line);
      if (entry && (entry.row + entry.frames.length) * rowLength * 4 <= size) entries.set(entry.id, entry);
    }
    // Lines that count no more would count again once the file has grown.
    const lines = [...entries.values()].map((entry) => JSON.stringify(entry) + '\n').join('');
    if (lines !== text) {
      await writeFile(`${index}.partial`, lines);
      await rename(`${index}.partial`, index);
    }
    return new StateStore(file, index, entries, rowLength);
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  /** What is stored of a video. */
  video(id: string): StoredVideo | undefined {
    return this.#entries.get(id);
  }

  /** Says what the states of a video that are added next are of. */
  announce(video: StoredVideo): void {
    this.#announced.set(video.id, video);
  }

  /** Adds an announced video: its frames' states, row by row. A video that is there already is replaced. */
  async add(id: string, states: Float32Array): Promise<void> {
    const video = this.#announced.get(id);
    if (!video || states.length !== video.frames.length * this.rowLength) {
      throw new Error(`states of '${id}' that were not announced: ${states.length} values`);
    }
    const entry = { ...video, row: this.#rows };
    const bytes = new Uint8Array(states.buffer, states.byteOffset, states.byteLength);
    await this.#file.write(bytes, 0, bytes.length, entry.row * this.rowLength * 4);
    await appendFile(this.#index, JSON.stringify(entry) + '\n');
    this.#rows += video.frames.length;
    this.#announced.delete(id);
    this.#entries.set(id, entry);
  }

  /** States of some frames of a video, row by row. Throws for a frame that isn't stored. */
  async read(id: string, frames: readonly number[]): Promise<Float32Array> {
    const entry = this.#entries.get(id);
    const states = new Float32Array(frames.length * this.rowLength);
    const bytes = new Uint8Array(states.buffer);
    const size = this.rowLength * 4;
    const readRow = async (frame: number, i: number) => {
      const at = entry?.frames.indexOf(frame) ?? -1;
      if (at < 0) throw new Error(`no states of frame ${frame} of '${id}'`);
      const { bytesRead } = await this.#file.read(bytes, i * size, size, (entry!.row + at) * size);
      if (bytesRead !== size) throw new Error(`the states of '${id}' are cut off`);
    };
    await Promise.all(frames.map(readRow));
    return states;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

// Reading and writing, made if it isn't there, never emptied.
async function openForBoth(path: string): Promise<FileHandle> {
  await (await open(path, 'a')).close();
  return open(path, 'r+');
}

// A line that was cut off is none.
function parseLine(line: string): Entry | undefined {
  try {
    return JSON.parse(line) as Entry;
  } catch {
    return undefined;
  }
}
