/** A mapping of YAML or JSON. */
export type Mapping = Readonly<Record<string, unknown>>;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `over` laid over `base`: mappings are joined key by key, everything else is replaced. */
export function merge(base: Mapping, over: Mapping): Mapping {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const under = merged[key];
    merged[key] =
      isMapping(under) && isMapping(value) && !replaces(under, value) ? merge(under, value) : value;
  }
  return merged;
}

// A mapping of another kind (`adversarial: {kind: fgm}` over `{kind: none}`) has other fields.
function replaces(under: Mapping, value: Mapping): boolean {
  return value.kind !== undefined && under.kind !== undefined && value.kind !== under.kind;
}
