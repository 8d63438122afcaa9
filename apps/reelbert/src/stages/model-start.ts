import { InputError, type NdArrays } from '@reelbert/data';
import type { ParameterStore } from '@reelbert/nn';
import { loadInitialState } from '@reelbert/trainer';

import type { Architecture } from '../config/architecture.js';
import type { Reporter } from '../terminal/reporter.js';
import { readExport, type ModelExport } from './export-folder.js';

/** Where a model's weights come from: a pretraining, or an imported BERT. */
export interface Start {
  readonly path: string;
  readonly exported: ModelExport<'pretraining' | 'bert'>;
}

/**
 * Reads the weights to start from.
 *
 * @throws InputError if there are none
 */
export async function readStart(path: string): Promise<Start> {
  return { path, exported: await readExport(path, 'pretraining', 'bert') };
}

/** A start's weights as a model of this architecture names them. */
export function startWeights({ exported }: Start, architecture: Architecture): NdArrays {
  if (exported.config.kind !== 'bert') return exported.weights;
  return bertWeights(exported.weights, architecture === 'lxmert' ? 'roberta.' : 'roberta.bert.', {
    'cls.': architecture === 'lxmert' ? 'cls.' : 'roberta.cls.',
  });
}

/**
 * An imported BERT's weights under another prefix than `bert.`.
 *
 * @param others prefixes for weights beside the encoder; those without one are left out
 */
export function bertWeights(
  weights: NdArrays,
  prefix: string,
  others: Readonly<Record<string, string>> = {},
): NdArrays {
  const prefixes = {
    'bert.': prefix,
    'embeddings.': `${prefix}embeddings.`,
    'encoder.': `${prefix}encoder.`,
    ...others,
  };
  return renamed(weights, prefixes);
}

/** The weights whose names begin with one of these prefixes, with the prefix replaced. */
export function renamed(weights: NdArrays, prefixes: Readonly<Record<string, string>>): NdArrays {
  return Object.fromEntries(
    Object.entries(weights).flatMap(([name, value]) => {
      const prefix = Object.keys(prefixes).find((candidate) => name.startsWith(candidate));
      return prefix === undefined ? [] : [[prefixes[prefix]! + name.slice(prefix.length), value] as const];
    }),
  );
}

/** Weights that a model starts from. */
export interface StartFrom {
  /** The field that names them. */
  readonly field: string;
  readonly path: string;
  /** Under the model's names. */
  readonly weights: NdArrays;
}

/** A model's first weights: those of the sources where they have a parameter (the last that has it), else drawn anew. */
export function initialState(
  parameters: ParameterStore,
  seed: number,
  sources: readonly StartFrom[],
): NdArrays {
  const weights = Object.assign({}, ...sources.map((source) => source.weights)) as NdArrays;
  return loadInitialState(parameters, weights, { strict: false, seed }).state;
}

/**
 * Checks by names that each source has something for a model, and says how much.
 *
 * @throws InputError for a source that no parameter's name fits
 */
export function checkStart(
  stage: string,
  parameters: ParameterStore,
  sources: readonly StartFrom[],
  reporter: Reporter,
): void {
  for (const source of sources) {
    const names = Object.keys(source.weights).map((name) => parameters.aliases.get(name) ?? name);
    const taken = new Set(names.filter((name) => parameters.specs.has(name))).size;
    if (taken === 0) throw nothingFits(source, parameters);
    reporter.say(`${stage}: ${taken} of ${parameters.specs.size} parameters start from ${source.path}`);
  }
}

function nothingFits({ field, path, weights }: StartFrom, parameters: ParameterStore): InputError {
  const [first = 'nothing at all'] = Object.keys(weights);
  const [wanted] = parameters.specs.keys();
  return new InputError({
    file: path,
    field,
    found: `no weight that this model has (${first}, ...)`,
    expected: `weights of parameters such as ${wanted}`,
  });
}
