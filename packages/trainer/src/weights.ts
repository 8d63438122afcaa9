import { access } from 'node:fs/promises';
import { join } from 'node:path';

import { InputError, readSafetensors, type NdArrays } from '@reelbert/data';
import type { ParameterStore } from '@reelbert/nn';

import { checkpointFolders } from './checkpoint.js';
import { manifestProblem } from './manifest.js';
import type { RunFolder } from './run-folder.js';

/** What became of each name when weights were laid over a model's initial ones. */
export interface LoadReport {
  /** Parameters that start from the weights given. */
  readonly taken: readonly string[];
  /** Parameters that the weights lack: they start from their initializers. */
  readonly missing: readonly string[];
  /** Weights that the model has no parameter for. */
  readonly unused: readonly string[];
}

export interface LoadOptions {
  /** Throw if a parameter is missing or a weight unused. */
  readonly strict: boolean;
  /** Seeds the initializers of missing parameters. */
  readonly seed: number;
}

/**
 * Initial values of all of a store's parameters: from a file's weights where it has the name (or an alias of it), else
 * from the initializers.
 * Throws `InputError` where a shape differs, and if `strict` where a name does. `position_ids` are no weights.
 */
export function loadInitialState(
  store: ParameterStore,
  file: NdArrays,
  { strict, seed }: LoadOptions,
): { state: NdArrays; report: LoadReport } {
  const weights = withoutAliases(store, file);
  const names = [...store.specs.keys()];
  const taken = names.filter((name) => name in weights);
  const missing = names.filter((name) => !(name in weights));
  const unused = Object.keys(weights).filter(
    (name) => !store.specs.has(name) && !name.endsWith('position_ids'),
  );
  if (strict && missing.length + unused.length > 0) {
    throw new InputError({
      field: [...missing, ...unused][0]!,
      found: `${missing.length} parameters without weights, ${unused.length} weights without parameter`,
      expected: "exactly the model's parameters",
    });
  }
  for (const name of taken) {
    const [expected, found] = [store.specs.get(name)!.shape.join(', '), weights[name]!.shape.join(', ')];
    if (expected !== found)
      throw new InputError({ field: name, found: `[${found}]`, expected: `[${expected}]` });
  }
  const state = { ...store.initialState(seed) };
  for (const name of taken) state[name] = weights[name]!;
  return { state, report: { taken, missing, unused } };
}

/** The weights under the parameters' own names; where a file holds both names, the alias repeats the parameter. */
function withoutAliases(store: ParameterStore, weights: NdArrays): NdArrays {
  const named = Object.entries(weights).flatMap(([name, value]) => {
    const parameter = store.aliases.get(name);
    if (parameter === undefined) return [[name, value] as const];
    return parameter in weights ? [] : [[parameter, value] as const];
  });
  return Object.fromEntries(named);
}

/** A run's resulting weights: RUN/best if there is one, else the newest complete checkpoint's (averaged if it can). */
export async function loadRunWeights(run: RunFolder): Promise<{ weights: NdArrays; from: string }> {
  for (const folder of [run.best, ...(await checkpointFolders(run))]) {
    if ((await manifestProblem(folder)) !== undefined) continue;
    const averaged = join(folder, 'ema.safetensors');
    const model = join(folder, 'model.safetensors');
    const hasAverages = await access(averaged).then(
      () => true,
      () => false,
    );
    const weights = hasAverages
      ? { ...(await readSafetensors(model)), ...(await readSafetensors(averaged)) }
      : await readSafetensors(model);
    return { weights, from: folder };
  }
  throw new InputError({
    file: run.path,
    found: 'no complete checkpoint',
    expected: 'the folder of a training run',
  });
}
