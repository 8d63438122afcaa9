import { InputError } from '@reelbert/data';
import { z } from 'zod';

import { knownKeys } from './known-keys.js';
import type { Path } from './yaml-document.js';

/** Where a configuration comes from, for messages. */
export interface Source {
  readonly file: string;
  place?(path: Path): string | undefined;
}

/**
 * A configuration checked and completed by its schema.
 *
 * @throws InputError naming the first wrong field, what stands there, and what would be right
 */
export function validate<S extends z.ZodType>(schema: S, value: unknown, source: Source): z.output<S> {
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  throw problem(schema, value, result.error.issues[0]!, source);
}

function problem(schema: z.ZodType, value: unknown, issue: z.core.$ZodIssue, source: Source): InputError {
  const { file } = source;
  if (issue.code === 'unrecognized_keys') {
    const path = [...issue.path, issue.keys[0]!];
    const known = knownKeys(schema, value, issue.path);
    return new InputError({
      file,
      place: source.place?.(path),
      field: dotted(path),
      found: `unknown key '${issue.keys[0]!}'`,
      expected: known.length > 0 ? `one of ${known.join(', ')}` : 'no keys here',
    });
  }
  return new InputError({
    file,
    place: source.place?.(issue.path),
    field: dotted(issue.path) || undefined,
    found: show(valueAt(value, issue.path)),
    expected: expectation(issue),
  });
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `a value of type ${issue.expected}`;
    case 'invalid_value':
      return issue.values.map((option) => JSON.stringify(option)).join(' or ');
    case 'too_small':
      return `${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`;
    case 'too_big':
      return `${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}`;
    case 'invalid_union': {
      const alternatives = issue.errors.flatMap((errors) => errors[0] ?? []).map(expectation);
      return alternatives.length > 0 ? [...new Set(alternatives)].join(', or ') : issue.message;
    }
    default:
      return issue.message;
  }
}

function dotted(path: Path): string {
  return path.map(String).join('.');
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined | null)?.[key],
    value,
  );
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
