import { InputError } from '@reelbert/data';
import type { z } from 'zod';

import type { JsonObject } from './json-file.js';

/**
 * A part of a configuration, checked.
 *
 * @param place where in the file the part is
 * @throws InputError naming the field
 */
export function parseSettings<S extends z.ZodType>(
  schema: S,
  part: JsonObject,
  file: string,
  place?: string,
): z.output<S> {
  const parsed = schema.safeParse(part);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = [place, ...issue.path].filter((step) => step !== undefined).join('.');
  const value = issue.path.reduce<unknown>((at, key) => (at as JsonObject | undefined)?.[String(key)], part);
  throw new InputError({ file, field, found: JSON.stringify(value) ?? 'nothing', expected: issue.message });
}

/**
 * Refuses a folder of another kind of model.
 *
 * @param types the `model_type`s that will do
 * @param architecture what the name of its class begins with, for old folders without `model_type`
 */
export function checkModelType(
  config: JsonObject,
  file: string,
  types: readonly string[],
  architecture: string,
): void {
  const { model_type: type, architectures } = config;
  const classes: unknown[] = Array.isArray(architectures) ? architectures : [];
  const old = classes.some((name) => typeof name === 'string' && name.startsWith(architecture));
  if (type === undefined ? old : types.includes(type as string)) return;
  throw new InputError({
    file,
    field: 'model_type',
    found: type === undefined ? 'nothing' : JSON.stringify(type),
    expected: types.map((name) => `'${name}'`).join(' or '),
  });
}
