import { InputError, type NdArrays } from '@reelbert/data';

import type { StoredTensor, WeightFiles } from './weight-files.js';

/** Tensors under the names that the model uses, with the names that they have in the files. */
export interface RenamedTensors {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Reads them all, as float32. */
  read(): Promise<NdArrays>;
}

/**
 * Renames a folder's tensors.
 *
 * @param names pairs of the model's name and the file's
 * @throws InputError if two tensors come to have the same name
 */
export function renameTensors(
  weights: WeightFiles,
  names: readonly (readonly [name: string, inFile: string])[],
): RenamedTensors {
  const source = new Map<string, string>();
  for (const [name, inFile] of names) {
    const other = source.get(name);
    if (other !== undefined) {
      const found = `'${other}' and '${inFile}', both of which are '${name}'`;
      throw new InputError({ file: weights.folder, found, expected: 'one of the two' });
    }
    source.set(name, inFile);
  }
  const tensors = new Map([...source].map(([name, inFile]) => [name, weights.tensors.get(inFile)!]));
  const read = async () => {
    const values = await weights.read([...source.values()]);
    return Object.fromEntries([...source].map(([name, inFile]) => [name, values[inFile]!]));
  };
  return { tensors, read };
}

/** The precision of the tensors in their files, if it is one for all. */
export function precisionOf(tensors: ReadonlyMap<string, StoredTensor>): 'F32' | 'F16' | 'BF16' {
  const types = new Set([...tensors.values()].map(({ dtype }) => dtype));
  const [only] = types;
  return types.size === 1 && (only === 'F16' || only === 'BF16') ? only : 'F32';
}
