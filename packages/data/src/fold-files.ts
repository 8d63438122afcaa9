// Folds from scikit-learn as NumPy saves them: one file of row numbers for each part.
import { readFile } from 'node:fs/promises';
import { InputError } from './input-error.js';
import { checkFold, type Fold } from './splits.js';

/**
 * Reads a fold from two `.npy` files (`train_idx_0.npy` and `validation_idx_0.npy`, say) of int64 or int32 row numbers.
 *
 * @param rows how many rows the data set has
 * @throws InputError for a missing or malformed file, and for row numbers out of range or given twice
 */
export async function readFold(trainFile: string, validationFile: string, rows: number): Promise<Fold> {
  const [train, validation] = await Promise.all([readIndexFile(trainFile), readIndexFile(validationFile)]);
  return checkFold({ train, validation }, rows);
}

/** Reads a one-dimensional `.npy` file of little-endian int64 or int32 numbers. */
export async function readIndexFile(file: string): Promise<Int32Array> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new InputError({ file, found: error.code ?? error.message, expected: 'a readable .npy file' });
  });
  const wrong = (found: string) =>
    new InputError({
      file,
      found,
      expected: 'a one-dimensional .npy array of int64 or int32, little-endian',
    });
  if (bytes.length < 12 || bytes.toString('latin1', 0, 6) !== '\x93NUMPY') throw wrong('no .npy header');
  const version = bytes[6]!;
  const start = version === 1 ? 10 : 12;
  const end = start + (version === 1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8));
  const header = bytes.toString('latin1', start, end);
  const type = /'descr':\s*'<i([48])'/.exec(header)?.[1];
  const length = /'shape':\s*\((\d+),\s*\)/.exec(header)?.[1];
  if (!type || !length) throw wrong(header.trim());
  const size = Number(type);
  const count = Number(length);
  if (bytes.length !== end + count * size) {
    throw wrong(`${bytes.length - end} bytes for ${count} numbers of ${size} bytes`);
  }
  return Int32Array.from({ length: count }, (_, i) => {
    const at = end + i * size;
    const value = size === 8 ? Number(bytes.readBigInt64LE(at)) : bytes.readInt32LE(at);
    if (value < 0 || value > 0x7fffffff) throw wrong(`${value} as entry ${i}`);
    return value;
  });
}
