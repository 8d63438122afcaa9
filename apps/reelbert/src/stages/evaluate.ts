import {
  categoriesFrom,
  classScores,
  InputError,
  loadAnnotations,
  meanF1,
  type MeanF1,
} from '@reelbert/data';
import { readSubmission } from '@reelbert/ensemble';

export interface EvaluationConfig {
  /** `id,category_id` a line. */
  readonly predictions: string;
  /** The same clips with their categories. */
  readonly annotations: string;
}

/** How well one class was found. */
export interface CategoryScore {
  readonly category: string;
  readonly f1: number;
  readonly precision: number;
  readonly recall: number;
  readonly support: number;
}

export interface Evaluation extends MeanF1 {
  readonly clips: number;
  /** Classes that occur in labels or predictions, ascending. */
  readonly categories: readonly CategoryScore[];
}

/** Mean F1, its four parts and each class's scores. */
export async function evaluate({ predictions, annotations }: EvaluationConfig): Promise<Evaluation> {
  const rows = await readSubmission(predictions);
  const predicted = new Map(rows.map(({ id, categoryId }) => [id, categoryId]));
  const clips = await loadAnnotations(annotations, { requireCategory: true });
  const missing = clips.filter((clip) => !predicted.has(clip.id));
  if (missing.length > 0) {
    throw new InputError({
      file: predictions,
      found: `no prediction for ${missing.length} of ${clips.length} clips, such as '${missing[0]!.id}'`,
      expected: `one for each clip of ${annotations}`,
    });
  }
  const ids = clips.map((clip) => clip.category_id!);
  const guesses = clips.map((clip) => predicted.get(clip.id)!);
  const table = categoriesFrom([...new Set([...ids, ...guesses])].sort());
  const labels = Int32Array.from(ids, (id) => table.indexOf(id)!);
  const chosen = Int32Array.from(guesses, (id) => table.indexOf(id)!);
  return {
    clips: clips.length,
    ...meanF1(labels, chosen, table),
    categories: classScores(labels, chosen).map((score) => ({
      category: table.ids[score.classIndex]!,
      f1: score.f1,
      precision: score.predicted > 0 ? score.correct / score.predicted : 0,
      recall: score.support > 0 ? score.correct / score.support : 0,
      support: score.support,
    })),
  };
}

/** What always predicting the most frequent category of these clips scores. */
export async function largestClassScores(annotations: string): Promise<MeanF1> {
  const clips = await loadAnnotations(annotations, { requireCategory: true });
  const counts = new Map<string, number>();
  for (const { category_id: id } of clips) counts.set(id!, (counts.get(id!) ?? 0) + 1);
  const [largest] = [...counts].sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))[0]!;
  const table = categoriesFrom([...counts.keys()]);
  const labels = Int32Array.from(clips, (clip) => table.indexOf(clip.category_id!)!);
  return meanF1(labels, new Int32Array(labels.length).fill(table.indexOf(largest)!), table);
}
