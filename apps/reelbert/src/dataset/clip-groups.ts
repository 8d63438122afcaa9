import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { InputError } from '@reelbert/data';
import { z } from 'zod';

import { dataFolder, inDataFolder } from './data-folder.js';

const manifestSchema = z.object({
  concepts: z.record(z.string(), z.object({ base: z.string(), concept: z.string() })),
});

/** Which clips are variants of one another: of each group an epoch takes one. */
export interface ClipGroups {
  readonly file: string;
  /** The clip without its variations (skin tones). */
  readonly of: (id: string) => string;
  /** What joins look-alikes, which must not be both in training and in validation. */
  readonly conceptOf: (id: string) => string;
}

/** Reads a data set's groups: `concepts` of its manifest; undefined if it has none. */
export async function readGroups(
  folder: string | null,
  groups: string | null,
): Promise<ClipGroups | undefined> {
  if (groups === null) return undefined;
  if (groups === 'auto' && !existsSync(join(await dataFolder(folder), 'manifest.json'))) return undefined;
  const file = await inDataFolder(folder, groups === 'auto' ? 'manifest.json' : groups, 'data.groups');
  const manifest = manifestSchema.safeParse(parseJson(await readFile(file, 'utf8'), file));
  if (!manifest.success) {
    if (groups === 'auto') return undefined;
    throw new InputError({
      file,
      field: 'concepts',
      expected: "each clip's id with its `base` and `concept`",
    });
  }
  const { concepts } = manifest.data;
  return { file, of: (id) => concepts[id]?.base ?? id, conceptOf: (id) => concepts[id]?.concept ?? id };
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError({ file, found: (error as Error).message, expected: 'JSON' });
  }
}
