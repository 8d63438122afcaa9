import type { NdArrays } from '@reelbert/data';
import type { ParameterStore } from '@reelbert/nn';

import type { Mode } from './bound-program.js';
import type { DigestTable } from './digest-tables.js';
import type { GoldenSet } from './golden-set.js';
import { digestPairs, type Pair, type Report } from './report.js';
import type { Digests } from './set-schema.js';
import type { Tolerance } from './tolerance.js';

/** What every family of comparisons gets. */
export interface CheckContext {
  readonly set: GoldenSet;
  readonly report: Report;
  readonly mode: Mode;
}

/** One family of comparisons: everything of one model or of one part of the pipeline. */
export type Check = (context: CheckContext) => Promise<void> | void;

/**
 * Compares tensors by parameter with what the set has of them, whole or as digests. What the set has and we lack, or
 * the other way round where the set says it is complete, is over any tolerance.
 */
export function compareByName(
  report: Report,
  [family, quantity]: readonly [string, string],
  tolerance: Tolerance,
  found: NdArrays,
  wanted: Stored,
  slackOf: (name: string) => ArrayLike<number> | undefined = () => undefined,
): void {
  const digests = Object.entries(wanted.digests).filter(([name]) => !(name in wanted.tensors));
  const names = [...Object.keys(wanted.tensors), ...digests.map(([name]) => name)];
  const absent = names.find((name) => !(name in found));
  if (absent !== undefined) return report.notRun(family, quantity, `nothing here is called ${absent}`);
  const pairs = Object.entries(wanted.tensors).map(([name, tensor]): Pair => {
    const slack = slackOf(name);
    return { name, found: found[name]!, wanted: tensor, ...(slack && { slack }) };
  });
  pairs.push(...digests.flatMap(([name, digest]) => digestPairs(name, found[name]!, digest, slackOf(name))));
  report.compare(family, quantity, tolerance, pairs);
}

/** What a set has of some gradients or states: the tensors, or digests of them. */
export interface Stored {
  readonly tensors: NdArrays;
  readonly digests: Digests;
}

/** Tensors of a file whose names begin with `prefix`, and the digests that stand for them. */
export function stored(
  set: GoldenSet,
  file: string,
  prefix: string,
  digests: (table: DigestTable) => boolean,
): Stored {
  return { tensors: set.file(file).group(prefix), digests: set.digests(digests) };
}

/**
 * Whether the weights hold what a model declares, in its shapes; reported. A second name's tensor must be the same.
 *
 * @param named the file's tensors under the model's names, where these differ
 */
export function fits(
  { set, report }: CheckContext,
  family: string,
  store: ParameterStore,
  file: string,
  named: NdArrays = set.file(file).all(),
): boolean {
  const declared = [...store.specs.values()];
  const known = declared.filter(({ name }) => name in named);
  const text = (name: string, shape: readonly number[]) => `${name} [${shape.join(', ')}]`;
  report.names(
    family,
    'parameters: names and shapes',
    declared.map(({ name, shape }) => text(name, shape)),
    known.map(({ name }) => text(name, named[name]!.shape)),
  );
  const aliases = [...store.aliases].filter(([alias, name]) => alias in named && name in named);
  const pairs = aliases.map(([alias, name]) => ({ name: alias, found: named[name]!, wanted: named[alias]! }));
  if (pairs.length > 0) report.compare(family, 'parameters of two names', { absolute: 0 }, pairs);
  const used = new Set([...known.map(({ name }) => named[name]), ...aliases.map(([alias]) => named[alias])]);
  const all = Object.entries(set.file(file).all());
  set.file(file).use(all.filter(([, tensor]) => used.has(tensor)).map(([name]) => name));
  return declared.every(({ name, shape }) => named[name]?.shape.join() === shape.join());
}

/** Whether a name is that of a bias that shifts all of a query's scores alike, so that its gradient is zero. */
export function isKeyBias(name: string): boolean {
  return /(\.key|\.k_proj)\.bias$/.test(name);
}
