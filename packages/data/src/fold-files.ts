// Folds from scikit-learn as NumPy saves them: one file of row numbers for each part.
import { InputError } from './input-error.js';
import { readNpy } from './npy.js';
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

/** Reads a one-dimensional `.npy` file of little-endian int64 or int32 row numbers. */
export async function readIndexFile(file: string): Promise<Int32Array> {
  const { shape, data } = await readNpy(file);
  const expected = 'a one-dimensional .npy array of int64 or int32 row numbers';
  if (shape.length !== 1 || !(data instanceof Int32Array)) {
    const kind = data instanceof Int32Array ? 'integers' : 'floats';
    throw new InputError({ file, found: `${kind} of shape [${shape.join(', ')}]`, expected });
  }
  const negative = data.findIndex((value) => value < 0);
  if (negative < 0) return data;
  throw new InputError({ file, found: `${data[negative]} as entry ${negative}`, expected });
}
