import { readFile } from 'node:fs/promises';

import { InputError } from './input-error.js';

/** Two levels of categories: a level-2 class is a four-digit id, its level-1 class the first two digits. */
export interface CategoryTable {
  /** Level-2 ids, ascending; a class's index is its place here. */
  readonly ids: readonly string[];
  /** Level-1 ids, ascending. */
  readonly level1Ids: readonly string[];
  /** Of each level-2 class the index of its level-1 class. */
  readonly level1: Int32Array;
  /** The class's index, or undefined for an id that the table lacks. */
  indexOf(id: string): number | undefined;
}

/** The table of these ids, each a string of four digits, in any order. Throws `InputError` for others or twins. */
export function categoriesFrom(categoryIds: readonly string[], file?: string): CategoryTable {
  categoryIds.forEach((id, i) => {
    if (typeof id !== 'string' || !/^\d{4}$/.test(id)) {
      throw new InputError({
        file,
        place: `category ${i}`,
        found: JSON.stringify(id),
        expected: 'four digits, such as "0308"',
      });
    }
  });
  const ids = [...categoryIds].sort();
  const twin = ids.find((id, i) => i > 0 && ids[i - 1] === id);
  if (twin !== undefined)
    throw new InputError({ file, found: `category "${twin}" twice`, expected: 'each once' });
  if (ids.length === 0) throw new InputError({ file, found: 'no category', expected: 'at least one' });
  const level1Ids = [...new Set(ids.map((id) => id.slice(0, 2)))];
  const indices = new Map(ids.map((id, i) => [id, i]));
  return {
    ids,
    level1Ids,
    level1: Int32Array.from(ids, (id) => level1Ids.indexOf(id.slice(0, 2))),
    indexOf: (id) => indices.get(id),
  };
}

/** Reads a table from a JSON array of ids (`labels.json`). */
export async function loadCategories(file: string): Promise<CategoryTable> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new InputError({ file, found: (error as Error).message, expected: 'a JSON array of category ids' });
  }
  try {
    const ids: unknown = JSON.parse(text);
    if (Array.isArray(ids)) return categoriesFrom(ids as string[], file);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError({ file, found: (error as Error).message, expected: 'a JSON array of category ids' });
  }
  throw new InputError({ file, found: 'no array', expected: 'a JSON array of category ids' });
}

/** How many level-2 classes each level-1 class of the WeChat Big Data Challenge 2022 has. */
const challengeChildren = [9, 5, 9, 6, 6, 3, 3, 6, 6, 8, 4, 6, 6, 12, 4, 10, 11, 9, 7, 6, 16, 24, 24];

/** The challenge's 200 categories in 23 groups. */
export const referenceCategories: CategoryTable = categoriesFrom(
  challengeChildren.flatMap((children, group) =>
    Array.from({ length: children }, (_, i) => `${group}`.padStart(2, '0') + `${i}`.padStart(2, '0')),
  ),
);
