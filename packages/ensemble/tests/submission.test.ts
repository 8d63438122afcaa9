import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '@reelbert/data';
import { describe, expect, it } from 'vitest';
import { formatSubmission, parseSubmission, readSubmission, writeSubmission } from '../src/submission.js';

const rows = [
  { id: '1f600', categoryId: '0001' },
  { id: '1f601', categoryId: '2223' },
];

describe('a submission', () => {
  it('has id,category_id on each line and no header', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'reelbert-submission-'));
    const file = join(folder, 'predictions.csv');
    await writeSubmission(file, rows);
    expect(await readFile(file, 'utf8')).toBe('1f600,0001\n1f601,2223\n');
    expect(await readSubmission(file)).toEqual(rows);
    await rm(folder, { recursive: true });
  });

  it('is read with Windows line ends, a byte-order mark or no last line end', () => {
    expect(parseSubmission('\ufeff1f600,0001\r\n1f601,2223')).toEqual(rows);
    expect(parseSubmission('')).toEqual([]);
  });

  it('is refused with the line of the first mistake', () => {
    const options = { file: 'p.csv', categories: ['0001', '2223'] };
    expect(() => parseSubmission('id,category_id\na,0001\n', options)).toThrow(
      /p\.csv: line 1: found a header/,
    );
    expect(() => parseSubmission('a,0001\nb\n', options)).toThrow(
      /p\.csv: line 2: found "b"; expected id,category_id/,
    );
    expect(() => parseSubmission('a,0001,2\n', options)).toThrow(/line 1/);
    expect(() => parseSubmission('a,0001\n\nb,0001\n', options)).toThrow(/line 2/);
    expect(() => parseSubmission('a,0001\na,2223\n', options)).toThrow(
      /line 2: found video a, which is on line 1/,
    );
    expect(() => parseSubmission('a,0002\n', options)).toThrow(/line 1: found category 0002/);
  });

  it('is refused where the file is missing', async () => {
    await expect(readSubmission('/no/such/file.csv')).rejects.toThrow(InputError);
  });

  it('is not written with a video twice or a comma in an id', () => {
    expect(() => formatSubmission([rows[0]!, rows[0]!])).toThrow(/row 1.*1f600/);
    expect(() => formatSubmission([{ id: 'a,b', categoryId: '0001' }])).toThrow(InputError);
    expect(() => formatSubmission([{ id: '', categoryId: '0001' }])).toThrow(InputError);
  });
});
