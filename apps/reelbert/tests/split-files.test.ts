import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { writeNpy, type Annotation } from '@reelbert/data';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { finetuneSchema, type FinetuneConfig } from '../src/config/finetune-config.js';
import { splitFolds } from '../src/dataset/folds.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reelbert-split-'));
  const rows = (...numbers: number[]) =>
    ({ dtype: 'int32', shape: [numbers.length], data: Int32Array.from(numbers) }) as const;
  await writeNpy(join(folder, 'train.npy'), rows(3, 0, 1));
  await writeNpy(join(folder, 'validation.npy'), rows(2));
  await writeNpy(join(folder, 'beyond.npy'), rows(4));
});
afterAll(() => rm(folder, { recursive: true }));

const clips = ['a', 'b', 'c', 'd'].map((id): Annotation => ({
  id,
  title: id,
  ocr: [],
  asr: '',
  category_id: '0000',
}));
const split = (validation: string, more = {}): FinetuneConfig =>
  finetuneSchema.parse({ data: { folder, split: { train: 'train.npy', validation } }, ...more });

describe('a split by files of row numbers', () => {
  it('takes the rows that the files name', async () => {
    const { training, validation } = await splitFolds(split('validation.npy'), clips, undefined);
    expect(training.map(({ id }) => id)).toEqual(['a', 'b', 'd']);
    expect(validation!.map(({ id }) => id)).toEqual(['c']);
  });

  it('is refused for rows that are not there, missing files, and beside folds', async () => {
    await expect(splitFolds(split('beyond.npy'), clips, undefined)).rejects.toThrow(/4/);
    await expect(splitFolds(split('none.npy'), clips, undefined)).rejects.toThrow('data.split.validation');
    const both = split('validation.npy', { folds: { count: 2, fold: 1 } });
    await expect(splitFolds(both, clips, undefined)).rejects.toThrow(
      'folds: found folds and data.split; expected one of them',
    );
  });
});
