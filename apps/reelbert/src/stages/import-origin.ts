// source.json of an imported model: where it came from, and how its files were laid out there.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

const layoutSchema = z.object({
  precision: z.enum(['F32', 'F16', 'BF16']).optional().describe('of the floats in the files'),
  names: z.enum(['transformers-4', 'transformers-5']).optional().describe("of a CLIP vision tower's tensors"),
  tiedDecoder: z.boolean().optional().describe("whether a BERT's masked language decoder is its word table"),
});

const originSchema = layoutSchema.extend({
  from: z.string().describe('the folder or repository'),
  commit: z.string().optional().describe("the repository's"),
});

/** How the files that a model came from were laid out. */
export type SourceLayout = z.output<typeof layoutSchema>;

/** Where an imported model came from. */
export type ImportOrigin = z.output<typeof originSchema>;

const name = 'source.json';

/** Puts down in an export's folder where it came from. */
export async function writeOrigin(folder: string, origin: ImportOrigin): Promise<void> {
  await writeFile(join(folder, name), JSON.stringify(origin, null, 2) + '\n');
}

/** Where the export of a folder came from, if it was imported. */
export async function readOrigin(folder: string): Promise<ImportOrigin | undefined> {
  const text = await readFile(join(folder, name), 'utf8').catch(() => 'null');
  return originSchema.safeParse(JSON.parse(text)).data;
}
