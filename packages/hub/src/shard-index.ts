import { InputError } from '@reelbert/data';
import { z } from 'zod';

import { readJsonObject } from './json-file.js';

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/**
 * Reads `model.safetensors.index.json`: the file of each tensor.
 *
 * @throws InputError if it is none, or names a file that isn't a plain safetensors file of the same folder
 */
export async function readShardIndex(file: string): Promise<ReadonlyMap<string, string>> {
  const parsed = indexSchema.safeParse(await readJsonObject(file, 'an index of safetensors files'));
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const field = issue.path.join('.');
    throw new InputError({ file, field, found: issue.message, expected: 'files by names of tensors' });
  }
  const index = new Map(Object.entries(parsed.data.weight_map));
  for (const [name, shard] of index) {
    if (isPlainFile(shard)) continue;
    throw new InputError({
      file,
      field: `weight_map.${name}`,
      found: JSON.stringify(shard),
      expected: 'a .safetensors file in the same folder',
    });
  }
  if (index.size > 0) return index;
  throw new InputError({
    file,
    field: 'weight_map',
    found: 'no tensors',
    expected: 'files by names of tensors',
  });
}

function isPlainFile(name: string): boolean {
  return /^[^/\\:\0]+\.safetensors$/.test(name) && !name.startsWith('.');
}
