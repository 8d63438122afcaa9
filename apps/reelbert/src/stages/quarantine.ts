import { writeFile } from 'node:fs/promises';

import { FrameError, InputError } from '@reelbert/data';

import type { Reporter } from '../terminal/reporter.js';

/** A clip that can't be used, or not wholly. */
export interface QuarantinedClip {
  readonly id: string;
  /** What is wrong in a word, such as `broken-zip`. */
  readonly kind: string;
  readonly message: string;
}

/** Collects clips that can't be used, so that one bad clip doesn't end a run of a million. */
export class Quarantine {
  readonly #entries = new Map<string, QuarantinedClip>();

  /** Notes a clip's problem; the first one of a clip counts. */
  add(entry: QuarantinedClip): void {
    if (!this.#entries.has(entry.id)) this.#entries.set(entry.id, entry);
  }

  /** Notes what is wrong with a clip's frames; other errors are thrown on. */
  addFrameError(id: string, error: unknown): void {
    if (!(error instanceof FrameError)) throw error;
    this.add({ id, kind: error.kind, message: error.message });
  }

  /** Notes the clips that have no title. */
  addUntitled(clips: Iterable<{ readonly id: string; readonly title: string }>): void {
    for (const { id, title } of clips) {
      if (title.trim() === '') this.add({ id, kind: 'empty-title', message: `'${id}' has an empty title` });
    }
  }

  /** Notes the clips that an archive of features lacks. */
  addWithoutFeatures(
    ids: Iterable<string>,
    features: { readonly file: string; has(id: string): boolean },
  ): void {
    for (const id of ids) {
      if (features.has(id)) continue;
      this.add({ id, kind: 'missing-frames', message: `${features.file} has no frames of '${id}'` });
    }
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The clips that are not in quarantine. */
  without<T extends { readonly id: string }>(clips: readonly T[]): T[] {
    return clips.filter((clip) => !this.#entries.has(clip.id));
  }

  /**
   * Writes the list, if there is anything in it, and says so in one line.
   *
   * @param total how many clips there were
   * @param consequence what becomes of those in the list
   * @throws InputError if no clip is left
   */
  async report(file: string, total: number, reporter: Reporter, consequence = 'left out'): Promise<void> {
    const entries = [...this.#entries.values()];
    const [first] = entries;
    if (!first) return;
    const counts: Record<string, number> = {};
    for (const { kind } of entries) counts[kind] = (counts[kind] ?? 0) + 1;
    await writeFile(file, JSON.stringify({ counts, items: entries }, null, 2) + '\n');
    const message = `${entries.length} of ${total} clips ${consequence} (${file}); the first: ${first.message}`;
    if (entries.length === total) {
      throw new InputError({
        file,
        found: `every one of ${total} clips: ${first.message}`,
        expected: 'usable clips',
      });
    }
    reporter.say(message);
  }
}
