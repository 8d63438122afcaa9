import { InputError, Random, readFold, stratifiedFolds, type Annotation, type Fold } from '@reelbert/data';

import type { FinetuneConfig } from '../config/finetune-config.js';
import { readGroups } from './clip-groups.js';
import { inDataFolder } from './data-folder.js';

/** The labelled clips' parts. */
export interface LabelledSplit {
  readonly training: readonly Annotation[];
  readonly validation: readonly Annotation[] | undefined;
}

/**
 * Puts a part of the labelled clips aside for validation, if that is asked for: one fold, in which look-alikes stay
 * together, or the rows that files name.
 *
 * @throws InputError for more than one way to choose the validation clips, and for files of rows that don't fit
 */
export async function splitFolds(
  { folds, data }: FinetuneConfig,
  clips: readonly Annotation[],
  validation: readonly Annotation[] | undefined,
): Promise<LabelledSplit> {
  const ways = { folds, 'data.split': data.split, 'data.validation': data.validation };
  const given = Object.entries(ways).flatMap(([field, value]) => (value === null ? [] : [field]));
  if (given.length > 1) {
    throw new InputError({ field: given[0]!, found: given.join(' and '), expected: 'one of them' });
  }
  const pick = ({ train, validation: aside }: Fold): LabelledSplit => ({
    training: Array.from(train, (row) => clips[row]!),
    validation: Array.from(aside, (row) => clips[row]!),
  });
  if (data.split) return pick(await readSplit(data.folder, data.split, clips.length));
  if (folds === null) return { training: clips, validation };
  const groups = await readGroups(data.folder, 'auto');
  const categories = clips.map((clip) => clip.category_id!);
  const all = stratifiedFolds(categories, folds.count, new Random(folds.seed, 'folds'), {
    ...(groups && { groups: clips.map((clip) => groups.conceptOf(clip.id)) }),
  });
  return pick(all[folds.fold - 1]!);
}

async function readSplit(
  folder: string | null,
  split: { readonly train: string; readonly validation: string },
  rows: number,
): Promise<Fold> {
  const train = await inDataFolder(folder, split.train, 'data.split.train');
  const validation = await inDataFolder(folder, split.validation, 'data.split.validation');
  return readFold(train, validation, rows);
}
