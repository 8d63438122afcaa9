import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { categoriesFrom, loadCategories, referenceCategories } from '../src/categories.js';
import { InputError } from '../src/input-error.js';
import { temporaryFolder } from './temporary-folder.js';

const folder = temporaryFolder();

test("the challenge's table has 200 classes in ascending order", () => {
  const { ids, level1, indexOf } = referenceCategories;
  expect(ids).toHaveLength(200);
  expect([...ids]).toEqual([...ids].sort());
  expect(['0000', '0100', '1000', '2223'].map(indexOf)).toEqual([0, 9, 61, 199]);
  expect(new Set(level1).size).toBe(23);
  expect(level1[199]).toBe(22);
});

test('any ids of four digits make a table, gaps and order aside', () => {
  const table = categoriesFrom(['9907', '0308', '0001']);
  expect(table.ids).toEqual(['0001', '0308', '9907']);
  expect(table.level1Ids).toEqual(['00', '03', '99']);
  expect([...table.level1]).toEqual([0, 1, 2]);
  expect(table.indexOf('0308')).toBe(1);
  expect(table.indexOf('0309')).toBeUndefined();
  expect(table.indexOf('constructor')).toBeUndefined();
});

test.each([[[]], [['308']], [['0308', '0308']], [['०३०८']], [['0308\n']]])('%j is refused', (ids) => {
  expect(() => categoriesFrom(ids)).toThrow(InputError);
});

test('a table is read from a JSON file', async () => {
  const file = join(folder, 'labels.json');
  writeFileSync(file, '["0000", "0001"]');
  expect((await loadCategories(file)).ids).toEqual(['0000', '0001']);
});

test.each([
  ['{', /labels\.json.*JSON/],
  ['{}', /labels\.json: found no array/],
  ['[1]', /labels\.json: category 0: found 1/],
])('a file with %s is refused', async (text, message) => {
  const file = join(folder, 'labels.json');
  writeFileSync(file, text);
  await expect(loadCategories(file)).rejects.toThrow(message);
  await expect(loadCategories(join(folder, 'none.json'))).rejects.toThrow(InputError);
});
