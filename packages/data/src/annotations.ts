import { z } from 'zod';

import type { CategoryTable } from './categories.js';
import { InputError, type InputErrorDetails } from './input-error.js';
import { readJsonArray } from './json-array.js';

const annotationSchema = z.object({
  id: z.string().regex(/^(?!\.{1,2}$)[^/\\\0]+$/, 'an id that can name a file, without slashes'),
  title: z.string(),
  asr: z.string().default(''),
  ocr: z.array(z.object({ text: z.string() })).default([]),
  category_id: z.string().optional(),
});

/** One video's texts, and its category where it is labelled. Fields of other names in the file are passed over. */
export type Annotation = z.output<typeof annotationSchema>;

/** What can be wrong with an item of well-formed annotations. */
export type AnnotationProblem = 'invalid-item' | 'duplicate-id' | 'missing-category' | 'unknown-category';

/** An item of annotations can't be used; `kind` says why, `id` which (or `item N` where it has none). */
export class AnnotationError extends InputError {
  readonly kind: AnnotationProblem;
  readonly id: string;

  constructor(kind: AnnotationProblem, id: string, details: InputErrorDetails) {
    super(details);
    this.kind = kind;
    this.id = id;
  }
}

export interface AnnotationOptions {
  /** Categories that there may be; default: any. */
  readonly labels?: CategoryTable | undefined;
  /** Every item must have a category. */
  readonly requireCategory?: boolean | undefined;
  /** Is given items that can't be used, which are then left out; without, the first one is thrown. */
  readonly onProblem?: ((problem: AnnotationError) => void) | undefined;
}

/**
 * Reads a JSON array of annotations `{id, title, asr, ocr: [{text}], category_id}`; `asr`, `ocr` and `category_id` may
 * be missing, texts may be empty. The file may be larger than memory holds as one text.
 *
 * @throws InputError naming the file, and line and column of malformed JSON
 * @throws AnnotationError naming item, id and field of what isn't an annotation
 */
export async function loadAnnotations(file: string, options: AnnotationOptions = {}): Promise<Annotation[]> {
  const annotations: Annotation[] = [];
  const seen = new Map<string, number>();
  await readJsonArray(file, 'a JSON array of annotations', (item, index) => {
    const result = checkItem(item, index, { file, seen, options });
    if (!(result instanceof AnnotationError)) annotations.push(result);
    else if (options.onProblem) options.onProblem(result);
    else throw result;
  });
  return annotations;
}

interface CheckContext {
  readonly file: string;
  /** The index of each id so far. */
  readonly seen: Map<string, number>;
  readonly options: AnnotationOptions;
}

function checkItem(item: unknown, index: number, context: CheckContext): Annotation | AnnotationError {
  const { file, seen, options } = context;
  const result = annotationSchema.safeParse(item);
  if (!result.success) return invalidItem(item, index, file, result.error.issues[0]!);
  const { id, category_id: category } = result.data;
  const place = `item ${index} ('${id}')`;
  const twin = seen.get(id);
  if (twin !== undefined) {
    const found = `the id of item ${twin}`;
    return new AnnotationError('duplicate-id', id, {
      file,
      place,
      field: 'id',
      found,
      expected: 'an id of its own',
    });
  }
  seen.set(id, index);
  const at = { file, place, field: 'category_id' };
  if (category === undefined) {
    if (!options.requireCategory) return result.data;
    const expected = 'the category of a labelled video';
    return new AnnotationError('missing-category', id, { ...at, found: 'nothing', expected });
  }
  const { labels } = options;
  if (labels ? labels.indexOf(category) !== undefined : /^[0-9]{4}$/.test(category)) return result.data;
  return new AnnotationError('unknown-category', id, {
    ...at,
    found: `unknown category ${describe(category)}`,
    expected: labels ? describeTable(labels.ids) : 'four digits',
  });
}

function invalidItem(item: unknown, index: number, file: string, issue: z.core.$ZodIssue): AnnotationError {
  const { id } = (item ?? {}) as { id?: unknown };
  const known = typeof id === 'string';
  return new AnnotationError('invalid-item', known ? id : `item ${index}`, {
    file,
    place: known ? `item ${index} (${describe(id)})` : `item ${index}`,
    field: fieldOf(issue.path),
    found: describe(valueAt(item, issue.path)),
    expected: issue.code === 'invalid_type' ? (typeNames[issue.expected] ?? issue.expected) : issue.message,
  });
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a text',
  array: 'an array',
  object: 'an object',
};

/** `ocr[2].text`; undefined for the item itself. */
function fieldOf(path: readonly PropertyKey[]): string | undefined {
  const parts = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`));
  return parts.length === 0 ? undefined : parts.join('').slice(1);
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

function describeTable(ids: readonly string[]): string {
  if (ids.length <= 5) return `one of ${ids.join(', ')}`;
  return `one of ${ids.length} categories, ${ids.slice(0, 3).join(', ')}, ... ${ids.at(-1)}`;
}
