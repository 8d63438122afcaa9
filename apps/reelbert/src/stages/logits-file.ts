import {
  InputError,
  readSafetensors,
  readSafetensorsHeader,
  writeSafetensors,
  type NdArray,
} from '@reelbert/data';
import type { Predictions } from '@reelbert/ensemble';
import { z } from 'zod';

/** Logits with the clips and categories that they belong to. */
export interface LabelledLogits {
  readonly ids: readonly string[];
  /** Category ids in the order of the columns. */
  readonly categories: readonly string[];
  /** [clips, classes] float32. */
  readonly logits: NdArray;
}

const names = z.string().transform((text, context) => {
  try {
    return z.array(z.string()).parse(JSON.parse(text));
  } catch {
    context.addIssue('no JSON array of texts');
    return z.NEVER;
  }
});
const metadataSchema = z.object({ ids: names, categories: names });

/** Writes tensor `logits`, with `ids` and `categories` as JSON in the file's metadata. */
export async function writeLogits(file: string, { ids, categories, logits }: LabelledLogits): Promise<void> {
  await writeSafetensors(
    file,
    { logits },
    { ids: JSON.stringify(ids), categories: JSON.stringify(categories) },
  );
}

/**
 * Reads what `writeLogits` wrote.
 *
 * @throws InputError for another file
 */
export async function readLogits(file: string): Promise<LabelledLogits & Predictions> {
  const { metadata } = await readSafetensorsHeader(file);
  const named = metadataSchema.safeParse(metadata);
  if (!named.success) {
    throw new InputError({
      file,
      expected: 'logits as predict writes them, with ids and categories in the metadata',
    });
  }
  const { logits } = await readSafetensors(file, { names: ['logits'] });
  return { name: file, ...named.data, logits: logits! };
}
