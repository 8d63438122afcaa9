import { InputError, Random, stratifiedFolds, type Annotation } from '@reelbert/data';

import type { FinetuneConfig } from '../config/finetune-config.js';
import { readGroups } from './clip-groups.js';

/** The labelled clips' parts. */
export interface LabelledSplit {
  readonly training: readonly Annotation[];
  readonly validation: readonly Annotation[] | undefined;
}

/** Puts one fold of the labelled clips aside for validation, if folds are asked for; look-alikes stay together. */
export async function splitFolds(
  { folds, data }: FinetuneConfig,
  clips: readonly Annotation[],
  validation: readonly Annotation[] | undefined,
): Promise<LabelledSplit> {
  if (folds === null) return { training: clips, validation };
  if (validation) {
    throw new InputError({ field: 'folds', found: 'folds and data.validation', expected: 'one of the two' });
  }
  const groups = await readGroups(data.folder, 'auto');
  const categories = clips.map((clip) => clip.category_id!);
  const random = new Random(folds.seed, 'folds');
  const all = stratifiedFolds(categories, folds.count, random, {
    ...(groups && { groups: clips.map((clip) => groups.conceptOf(clip.id)) }),
  });
  const fold = all[folds.fold - 1]!;
  const pick = (rows: Int32Array) => Array.from(rows, (row) => clips[row]!);
  return { training: pick(fold.train), validation: pick(fold.validation) };
}
