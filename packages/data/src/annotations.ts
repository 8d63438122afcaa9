import { readFile } from 'node:fs/promises';

import { z } from 'zod';

import type { CategoryTable } from './categories.js';
import { InputError } from './input-error.js';

const annotationSchema = z.object({
  id: z
    .string()
    .min(1)
    .regex(/^[^/\\\0]+$/, 'an id without slashes: it names a file'),
  title: z.string(),
  asr: z.string().default(''),
  ocr: z.array(z.object({ text: z.string() })).default([]),
  category_id: z.string().optional(),
});

/** One video's texts, and its category where it is labelled. Fields of other names in the file are passed over. */
export type Annotation = z.output<typeof annotationSchema>;

export interface AnnotationOptions {
  /** Categories that there may be; default: any. */
  readonly labels?: CategoryTable | undefined;
  /** Every item must have a category. */
  readonly requireCategory?: boolean | undefined;
}

/**
 * Reads a JSON array of annotations `{id, title, asr, ocr: [{text}], category_id}`; `asr`, `ocr` and `category_id` may
 * be missing. Throws `InputError` naming the file and the line, or the item and the field.
 */
export async function loadAnnotations(file: string, options: AnnotationOptions = {}): Promise<Annotation[]> {
  const items = await readItems(file);
  const seen = new Map<string, number>();
  return items.map((item, index) => {
    const annotation = parseItem(file, item, index);
    const place = `item ${index} ('${annotation.id}')`;
    const twin = seen.get(annotation.id);
    if (twin !== undefined) {
      throw new InputError({
        file,
        place,
        field: 'id',
        found: `the id of item ${twin}`,
        expected: 'an id of its own',
      });
    }
    seen.set(annotation.id, index);
    checkCategory(file, place, annotation, options);
    return annotation;
  });
}

async function readItems(file: string): Promise<unknown[]> {
  const expected = 'a JSON array of annotations';
  let text: string;
  try {
    text = (await readFile(file, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new InputError({ file, found: missing ? 'no such file' : (error as Error).message, expected });
  }
  let items: unknown;
  try {
    items = JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    throw new InputError({ file, place: placeOf(message, text), found: message, expected });
  }
  if (!Array.isArray(items)) throw new InputError({ file, found: describe(items), expected });
  return items;
}

/** Line and column of the character that V8's message tells; the end of the text where it names none. */
function placeOf(message: string, text: string): string {
  const at = /at position (\d+)/.exec(message);
  const before = text.slice(0, at ? Number(at[1]) : text.length);
  const line = before.split('\n').length;
  return `line ${line}, column ${before.length - before.lastIndexOf('\n')}`;
}

function parseItem(file: string, item: unknown, index: number): Annotation {
  const result = annotationSchema.safeParse(item);
  if (result.success) return result.data;
  const { id } = (item ?? {}) as { id?: unknown };
  const issue = result.error.issues[0]!;
  throw new InputError({
    file,
    place: typeof id === 'string' ? `item ${index} ('${id}')` : `item ${index}`,
    field: issue.path.join('.') || undefined,
    found: describe(valueAt(item, issue.path)),
    expected: issue.code === 'invalid_type' ? `${issue.expected}` : issue.message,
  });
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

function checkCategory(
  file: string,
  place: string,
  annotation: Annotation,
  options: AnnotationOptions,
): void {
  const { category_id: category } = annotation;
  const field = 'category_id';
  if (category === undefined) {
    if (!options.requireCategory) return;
    throw new InputError({
      file,
      place,
      field,
      found: 'nothing',
      expected: 'the category of a labelled video',
    });
  }
  if (options.labels && options.labels.indexOf(category) === undefined) {
    const { ids } = options.labels;
    throw new InputError({
      file,
      place,
      field,
      found: `unknown category ${JSON.stringify(category)}`,
      expected: `one of ${ids.length} categories, ${ids.slice(0, 3).join(', ')}, ... ${ids.at(-1)}`,
    });
  }
}
