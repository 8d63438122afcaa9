import type { DType } from './host-tensor.js';
import type { StateVariable } from './state-variable.js';

/** The entry of that name; the error lists the names there are, up to ten. */
export function lookUp<T>(kind: string, entries: ReadonlyMap<string, T>, name: string): T {
  const entry = entries.get(name);
  if (entry === undefined) {
    const names = [...entries.keys()];
    const known = names.slice(0, 10).join(', ') + (names.length > 10 ? ', ...' : '');
    throw new Error(`there is no ${kind} '${name}'; there is: ${known || 'none'}`);
  }
  return entry;
}

/** The variable itself, if the second declaration agrees with the first. */
export function checkSameDeclaration<T extends StateVariable>(
  known: T,
  shape: readonly number[],
  dtype: DType,
): T {
  if (known.dtype !== dtype || known.shape.join() !== shape.join()) {
    throw new Error(
      `variable '${known.name}' is declared as ${known.dtype} [${known.shape.join(', ')}] ` +
        `and again as ${dtype} [${shape.join(', ')}]`,
    );
  }
  return known;
}
