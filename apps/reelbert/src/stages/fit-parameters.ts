import { InputError, type NdArrays } from '@reelbert/data';
import type { ParameterStore } from '@reelbert/nn';

/** Weights of another's model, laid over the parameters of ours. */
export interface Fitted {
  /** Under our names; exactly the parameters. */
  readonly weights: NdArrays;
  /** Weights that the model has no parameter for. */
  readonly unused: readonly string[];
}

/**
 * Takes weights one to one; a parameter's second name will do.
 *
 * @throws InputError listing parameters without weight, or naming one of another shape
 */
export function fitParameters(store: ParameterStore, weights: NdArrays, folder: string): Fitted {
  const names = new Map<string, string>(); // ours -> in the file
  for (const name of Object.keys(weights)) {
    const own = store.aliases.get(name) ?? name;
    if (!names.has(own) || own === name) names.set(own, name);
  }
  const missing = [...store.specs.keys()].filter((name) => !names.has(name));
  if (missing.length > 0) {
    const found = `no ${some(missing)}`;
    throw new InputError({
      file: folder,
      found,
      expected: `all ${store.specs.size} parameters of the model`,
    });
  }
  for (const [name, { shape }] of store.specs) {
    const found = weights[names.get(name)!]!.shape;
    if (found.join() === shape.join()) continue;
    throw new InputError({
      file: folder,
      place: `tensor '${name}'`,
      field: 'shape',
      found: `[${found.join(', ')}]`,
      expected: `[${shape.join(', ')}] by config.json`,
    });
  }
  const own = [...store.specs.keys()].map((name) => [name, weights[names.get(name)!]!] as const);
  const unused = Object.keys(weights).filter((name) => !store.specs.has(name) && !store.aliases.has(name));
  return { weights: Object.fromEntries(own), unused };
}

/** @throws InputError listing weights that the model has no parameter for and that aren't known to be left out */
export function refuseUnused(unused: readonly string[], known: RegExp, folder: string): void {
  const unknown = unused.filter((name) => !known.test(name));
  if (unknown.length === 0) return;
  throw new InputError({ file: folder, found: some(unknown), expected: "only the model's parameters" });
}

/** Some names, and how many more there are. */
export function some(names: readonly string[]): string {
  const shown = names.slice(0, 8).map((name) => `'${name}'`);
  return shown.join(', ') + (names.length > 8 ? ` and ${names.length - 8} more` : '');
}
