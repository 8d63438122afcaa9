import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { InputError, writeSafetensors, type FloatType, type NdArrays } from '@reelbert/data';

import { configText } from './config-text.js';
import type { JsonObject } from './json-file.js';
import { weightsFile } from './weight-files.js';

/** What a Hugging Face folder holds. */
export interface ModelFiles {
  readonly config: JsonObject;
  readonly tensors: NdArrays;
  /** Precision of the floats in the file. */
  readonly precision?: FloatType;
  /** Writes what else belongs there, a tokenizer for one. */
  readonly addTo?: (folder: string) => Promise<void>;
}

const dtypes = { F16: 'float16', BF16: 'bfloat16' } as const;

/**
 * Writes config.json, model.safetensors and what belongs to them; whole or not at all.
 *
 * @throws InputError if the folder holds something already
 */
export async function writeModelFolder(folder: string, files: ModelFiles): Promise<void> {
  await refuseFilled(folder);
  const { config, tensors, precision = 'F32', addTo } = files;
  const unfinished = `${folder}.partial`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  try {
    const dtype = precision === 'F32' ? {} : { torch_dtype: dtypes[precision] };
    await writeFile(join(unfinished, 'config.json'), configText({ ...config, ...dtype }));
    // transformers loads no safetensors file that doesn't say so.
    await writeSafetensors(join(unfinished, weightsFile), tensors, { format: 'pt' }, precision);
    await addTo?.(unfinished);
    await rm(folder, { recursive: true, force: true });
    await rename(unfinished, folder);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

/** @throws InputError if there is something at a place where a folder is to be written */
export async function refuseFilled(folder: string): Promise<void> {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new InputError({ file: folder, found: 'a file', expected: 'a folder to be made' });
  });
  if (entries.length === 0) return;
  const found = `a folder with ${entries.length} files`;
  throw new InputError({ file: folder, found, expected: 'a new or empty folder' });
}
