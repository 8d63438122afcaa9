// Submission files: `id,category_id` on each line, no header.
import { InputError } from '@reelbert/data';
import { readFile, writeFile } from 'node:fs/promises';

/** The predicted category of one video. */
export interface SubmissionRow {
  readonly id: string;
  readonly categoryId: string;
}

/** @throws InputError for an id or category that would break the format, and for a video that is there twice */
export function formatSubmission(rows: readonly SubmissionRow[]): string {
  const seen = new Set<string>();
  rows.forEach(({ id, categoryId }, row) => {
    const wrong = [id, categoryId].find((value) => value === '' || /[\s,"]/.test(value));
    if (wrong !== undefined || seen.has(id)) {
      throw new InputError({
        place: `row ${row}`,
        found: wrong === undefined ? `video ${id} again` : JSON.stringify(wrong),
        expected: 'each video once, ids and categories without commas, quotes and white space',
      });
    }
    seen.add(id);
  });
  return rows.map(({ id, categoryId }) => `${id},${categoryId}\n`).join('');
}

/** Writes a submission file. */
export async function writeSubmission(file: string, rows: readonly SubmissionRow[]): Promise<void> {
  await writeFile(file, formatSubmission(rows));
}

/**
 * @param options.categories known category ids; others are refused
 * @throws InputError with the line of the first mistake
 */
export function parseSubmission(
  text: string,
  options: { file?: string; categories?: Iterable<string> } = {},
): SubmissionRow[] {
  const { file } = options;
  const known = options.categories && new Set(options.categories);
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  const lineOf = new Map<string, number>();
  return lines.map((line, index) => {
    const fail = (found: string, expected: string) =>
      new InputError({ file, place: `line ${index + 1}`, found, expected });
    const [id = '', categoryId = '', ...rest] = line.split(',').map((value) => value.trim());
    if (index === 0 && id === 'id') throw fail('a header', 'id,category_id on each line, no header');
    if (id === '' || categoryId === '' || rest.length > 0) throw fail(JSON.stringify(line), 'id,category_id');
    const before = lineOf.get(id);
    if (before !== undefined)
      throw fail(`video ${id}, which is on line ${before} already`, 'each video once');
    if (known && !known.has(categoryId))
      throw fail(`category ${categoryId}`, `one of ${known.size} known categories`);
    lineOf.set(id, index + 1);
    return { id, categoryId };
  });
}

/** Reads a submission file; see `parseSubmission`. */
export async function readSubmission(
  file: string,
  options: { categories?: Iterable<string> } = {},
): Promise<SubmissionRow[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new InputError({ file, found: error.code ?? error.message, expected: 'a readable file' });
  });
  return parseSubmission(text, { ...options, file });
}
