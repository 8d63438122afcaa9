import { z } from 'zod';

import type { Path } from './yaml-document.js';

/** The keys that a schema knows at a path; of alternatives, those of the one whose `kind` or `stage` fits the value. */
export function knownKeys(schema: z.ZodType, value: unknown, path: Path): string[] {
  const found = walk(schema, value, path);
  return found instanceof z.ZodObject ? Object.keys(found.shape) : [];
}

function walk(schema: z.ZodType, value: unknown, path: Path): z.ZodType | undefined {
  const bare = unwrap(schema, value);
  const [key, ...rest] = path;
  if (key === undefined) return bare;
  const inner = (value as Record<PropertyKey, unknown> | undefined)?.[key];
  if (bare instanceof z.ZodObject) {
    const field = bare.shape[String(key)] as z.ZodType | undefined;
    return field && walk(field, inner, rest);
  }
  if (bare instanceof z.ZodArray) return walk(bare.element as z.ZodType, inner, rest);
  if (bare instanceof z.ZodRecord) return walk(bare.valueType as z.ZodType, inner, rest);
  return undefined;
}

// Takes off defaults, optionality and refinements, and picks one of alternatives.
function unwrap(schema: z.ZodType, value: unknown): z.ZodType {
  if (
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable
  ) {
    return unwrap(schema.unwrap() as z.ZodType, value);
  }
  if (schema instanceof z.ZodPipe) {
    const side = schema.in instanceof z.ZodTransform ? schema.out : schema.in;
    return unwrap(side as z.ZodType, value);
  }
  if (schema instanceof z.ZodUnion) {
    const options = (schema.options as z.ZodType[]).map((option) => unwrap(option, value));
    return (
      options.find((option) => fits(option, value)) ?? options.find((o) => o instanceof z.ZodObject) ?? schema
    );
  }
  return schema;
}

function fits(option: z.ZodType, value: unknown): boolean {
  if (!(option instanceof z.ZodObject) || typeof value !== 'object' || value === null) return false;
  return Object.entries(option.shape).some(([key, field]) => {
    const given = (value as Record<string, unknown>)[key];
    return field instanceof z.ZodLiteral && field.values.has(given as never);
  });
}
