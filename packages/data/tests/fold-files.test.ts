import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFold, readIndexFile } from '../src/fold-files.js';
import { InputError } from '../src/input-error.js';

/** What numpy.save writes for a one-dimensional array. */
function npy(values: number[], type: '<i8' | '<i4' | '<f8' = '<i8'): Buffer {
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': (${values.length},), }`;
  const padded = header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11) + '\n';
  const prefix = Buffer.from('\x93NUMPY\x01\x00\x00\x00', 'latin1');
  prefix.writeUInt16LE(padded.length, 8);
  const size = type === '<i4' ? 4 : 8;
  const data = Buffer.alloc(values.length * size);
  values.forEach((value, i) =>
    size === 4 ? data.writeInt32LE(value, i * 4) : data.writeBigInt64LE(BigInt(value), i * 8),
  );
  return Buffer.concat([prefix, Buffer.from(padded), data]);
}

let folder: string;
const save = async (name: string, bytes: Buffer) => {
  const file = join(folder, name);
  await writeFile(file, bytes);
  return file;
};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reelbert-folds-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('folds in NumPy files', () => {
  it('are read exactly, as int64 or int32', async () => {
    const train = await save('train_idx_1.npy', npy([4, 0, 2]));
    const validation = await save('validation_idx_1.npy', npy([3, 1], '<i4'));
    const fold = await readFold(train, validation, 5);
    expect(fold).toEqual({ train: Int32Array.of(0, 2, 4), validation: Int32Array.of(1, 3) });
  });

  it('are refused where rows are missing from the data or in both parts', async () => {
    const train = await save('train.npy', npy([0, 1]));
    const validation = await save('validation.npy', npy([1, 2]));
    await expect(readFold(train, validation, 3)).rejects.toThrow(InputError);
    await expect(readFold(train, await save('far.npy', npy([7])), 3)).rejects.toThrow(/7/);
  });

  it('are refused where a file is missing, cut off, of another type or no .npy file', async () => {
    await expect(readIndexFile(join(folder, 'none.npy'))).rejects.toThrow(/none\.npy: found nothing/);
    const short = await save('short.npy', npy([1, 2, 3]).subarray(0, -4));
    await expect(readIndexFile(short)).rejects.toThrow(/20 bytes for 3 numbers/);
    await expect(readIndexFile(await save('float.npy', npy([1], '<f8')))).rejects.toThrow(/<f8/);
    await expect(readIndexFile(await save('text.npy', Buffer.from('1 2 3 and more')))).rejects.toThrow(
      InputError,
    );
  });
});
