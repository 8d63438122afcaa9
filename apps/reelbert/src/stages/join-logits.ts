import { InputError, type NdArray } from '@reelbert/data';

import { checkCategories, type LogitsFile } from './logits-file.js';

/** The rows of several files as one. */
export interface JoinedLogits {
  readonly ids: readonly string[];
  readonly categories: readonly string[];
  /** [clips, classes] float32. */
  readonly logits: NdArray;
  /** Which file (from 0) each row comes from. */
  readonly origins: readonly number[];
}

/**
 * Joins logits of different clips, brought into the order of `ids`.
 *
 * @throws InputError for other categories than the first file's, a clip in two files, in none, or not among `ids`
 */
export function joinLogits(files: readonly LogitsFile[], ids: readonly string[]): JoinedLogits {
  if (files.length === 0) throw new InputError({ found: 'nothing to merge', expected: 'files of logits' });
  checkCategories(files);
  const places = new Map<string, { readonly file: number; readonly row: number }>();
  const wanted = new Set(ids);
  files.forEach((file, number) =>
    file.ids.forEach((id, row) => {
      const refuse = (found: string, expected: string) => {
        throw new InputError({ file: file.name, place: `row ${row}`, found, expected });
      };
      const before = places.get(id);
      if (before) refuse(`clip ${id}, which is in ${files[before.file]!.name} too`, 'each clip once');
      if (!wanted.has(id)) refuse(`clip ${id}`, 'clips of the annotations');
      places.set(id, { file: number, row });
    }),
  );
  const { categories } = files[0]!;
  const data = new Float32Array(ids.length * categories.length);
  const origins = ids.map((id, position) => {
    const place = places.get(id);
    if (!place) throw missing(files, ids, places);
    const values = files[place.file]!.logits.data as Float32Array;
    const from = place.row * categories.length;
    data.set(values.subarray(from, from + categories.length), position * categories.length);
    return place.file;
  });
  const logits: NdArray = { dtype: 'float32', shape: [ids.length, categories.length], data };
  return { ids, categories, logits, origins };
}

function missing(files: readonly LogitsFile[], ids: readonly string[], places: ReadonlyMap<string, unknown>) {
  const lacking = ids.filter((id) => !places.has(id));
  return new InputError({
    file: files.map((file) => file.name).join(', '),
    found: `no logits of ${lacking.length} of ${ids.length} clips (${lacking[0]} ...)`,
    expected: 'every clip of the annotations: are these all parts?',
  });
}
