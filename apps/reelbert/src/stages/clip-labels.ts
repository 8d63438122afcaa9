import { InputError, loadAnnotations, type CategoryTable } from '@reelbert/data';

/**
 * The categories of clips that some annotation files tell, by id; clips without a category are passed over.
 *
 * @throws InputError for a category outside the table, and for a clip that two files put into different ones
 */
export async function readClipLabels(
  files: readonly string[],
  table: CategoryTable,
): Promise<ReadonlyMap<string, number>> {
  const labels = new Map<string, number>();
  for (const file of files) {
    for (const { id, category_id: category } of await loadAnnotations(file, { labels: table })) {
      if (category === undefined) continue;
      const label = table.indexOf(category)!;
      const before = labels.get(id);
      if (before !== undefined && before !== label) {
        throw new InputError({
          file,
          field: 'category_id',
          found: `'${category}' for '${id}', which has '${table.ids[before]!}' in another file`,
          expected: 'one category a clip',
        });
      }
      labels.set(id, label);
    }
  }
  return labels;
}

/** The classes of these clips, [clips]; undefined unless every one is labelled. */
export function labelsOf(
  ids: readonly string[],
  labels: ReadonlyMap<string, number>,
): Int32Array | undefined {
  return ids.every((id) => labels.has(id)) ? Int32Array.from(ids, (id) => labels.get(id)!) : undefined;
}
