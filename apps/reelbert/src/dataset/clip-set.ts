import { InputError, loadAnnotations, type Annotation, type CategoryTable } from '@reelbert/data';

import { inDataFolder } from './data-folder.js';

/** The clips of some annotation files, each id once. */
export interface ClipSet {
  readonly files: readonly string[];
  readonly clips: readonly Annotation[];
}

/**
 * Reads annotation files of a data set's folder; with `labels` every clip needs one of these categories.
 *
 * @throws InputError for a file that is missing or malformed, and for an id that is there twice
 */
export async function readClips(
  folder: string | null,
  names: readonly string[],
  options: { readonly labels?: CategoryTable | undefined; readonly duplicates?: 'refuse' | 'skip' } = {},
): Promise<ClipSet> {
  const files = await Promise.all(names.map((name) => inDataFolder(folder, name, 'data.annotations')));
  const { labels, duplicates = 'refuse' } = options;
  const clips: Annotation[] = [];
  const fileOf = new Map<string, string>();
  for (const file of files) {
    const found = await loadAnnotations(file, labels ? { labels, requireCategory: true } : {});
    for (const clip of found) {
      const before = fileOf.get(clip.id);
      if (before !== undefined && duplicates === 'skip') continue;
      if (before !== undefined) {
        throw new InputError({
          file,
          field: 'id',
          found: `'${clip.id}', which is in ${before} too`,
          expected: 'each id once',
        });
      }
      fileOf.set(clip.id, file);
      clips.push(clip);
    }
  }
  return { files, clips };
}
