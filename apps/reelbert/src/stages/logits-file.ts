import {
  InputError,
  readSafetensors,
  readSafetensorsHeader,
  writeSafetensors,
  type NdArray,
} from '@reelbert/data';
import { alignPredictions, type Predictions } from '@reelbert/ensemble';
import { z } from 'zod';

/** Logits with the clips and categories that they belong to. */
export interface LabelledLogits {
  readonly ids: readonly string[];
  /** Category ids in the order of the columns. */
  readonly categories: readonly string[];
  /** [clips, classes] float32. */
  readonly logits: NdArray;
  /** Of out-of-fold logits: the fold (from 1) that each clip was held out in. */
  readonly folds?: readonly number[] | undefined;
}

/** Logits as they were read; `name` is the file. */
export type LogitsFile = LabelledLogits & Predictions;

const jsonArray = <T extends z.ZodType>(element: T) =>
  z.string().transform((text, context) => {
    try {
      return z.array(element).parse(JSON.parse(text));
    } catch {
      context.addIssue('no JSON array');
      return z.NEVER;
    }
  });
const metadataSchema = z
  .object({
    ids: jsonArray(z.string()),
    categories: jsonArray(z.string()),
    folds: jsonArray(z.int()).optional(),
  })
  .refine(({ ids, folds }) => folds === undefined || folds.length === ids.length);

/** Writes tensor `logits`, with `ids`, `categories` and `folds` as JSON in the file's metadata. */
export async function writeLogits(
  file: string,
  { ids, categories, logits, folds }: LabelledLogits,
): Promise<void> {
  await writeSafetensors(
    file,
    { logits },
    {
      ids: JSON.stringify(ids),
      categories: JSON.stringify(categories),
      ...(folds && { folds: JSON.stringify(folds) }),
    },
  );
}

/**
 * Reads what `writeLogits` wrote.
 *
 * @throws InputError for another file
 */
export async function readLogits(file: string): Promise<LogitsFile> {
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

/**
 * Reads several models' logits of the same clips, brought into the order of the first one's clips.
 *
 * @throws InputError for other clips or other categories than the first file's
 */
export async function readAlignedLogits(files: readonly string[]): Promise<LogitsFile[]> {
  const members = await Promise.all(files.map((file) => readLogits(file)));
  checkCategories(members);
  const aligned = alignPredictions(members);
  return members.map((member, i) => {
    const foldOf = new Map(member.ids.map((id, row) => [id, member.folds?.[row]]));
    const { ids, logits } = aligned[i]!;
    const { name, categories } = member;
    return {
      ...{ name, ids, categories, logits },
      ...(member.folds && { folds: ids.map((id) => foldOf.get(id)!) }),
    };
  });
}

/** @throws InputError if the files' categories, or their order, are not the same */
export function checkCategories(members: readonly LogitsFile[]): void {
  const [first] = members;
  for (const { name: file, categories } of members) {
    if (categories.join() === first!.categories.join()) continue;
    throw new InputError({ file, found: 'other categories', expected: `those of ${first!.name}` });
  }
}
