import { categoriesFrom, InputError, loadAnnotations } from '@reelbert/data';
import { alignPredictions, argmax, combine, searchWeights, writeSubmission } from '@reelbert/ensemble';

import { readLogits } from './logits-file.js';

export interface EnsembleConfig {
  /** Files of logits, as predict writes them. */
  readonly logits: readonly string[];
  /** One a file; 1 each where absent. */
  readonly weights?: readonly number[] | undefined;
  readonly out: string;
}

/** Combines several models' predictions: the weighted sum of their probabilities. Writes a submission. */
export async function ensemble({ logits, weights, out }: EnsembleConfig): Promise<void> {
  const members = await Promise.all(logits.map((file) => readLogits(file)));
  const categories = commonCategories(members);
  const aligned = alignPredictions(members);
  const scores = combine(
    aligned.map((member) => member.logits),
    weights ? { weights } : {},
  );
  const chosen = argmax(scores);
  await writeSubmission(
    out,
    aligned[0]!.ids.map((id, row) => ({ id, categoryId: categories[chosen[row]!]! })),
  );
}

/** The weights with the best mean F1 on labelled clips, which no member should have been trained on. */
export async function searchEnsembleWeights(
  logits: readonly string[],
  annotations: string,
): Promise<readonly number[]> {
  const members = await Promise.all(logits.map((file) => readLogits(file)));
  const table = categoriesFrom(commonCategories(members));
  const clips = await loadAnnotations(annotations, { labels: table, requireCategory: true });
  const categoryOf = new Map(clips.map((clip) => [clip.id, clip.category_id!]));
  const aligned = alignPredictions(members);
  const labels = aligned[0]!.ids.map((id) => {
    const category = categoryOf.get(id);
    if (category === undefined)
      throw new InputError({
        file: annotations,
        found: `no clip '${id}'`,
        expected: 'all clips of the logits',
      });
    return table.indexOf(category)!;
  });
  return searchWeights(
    aligned.map((member) => member.logits),
    labels,
    table,
  ).weights;
}

function commonCategories(
  members: readonly { readonly name: string; readonly categories: readonly string[] }[],
): readonly string[] {
  const [first] = members;
  for (const member of members) {
    if (member.categories.join() === first!.categories.join()) continue;
    throw new InputError({
      file: member.name,
      found: 'other categories',
      expected: `those of ${first!.name}`,
    });
  }
  return first!.categories;
}
