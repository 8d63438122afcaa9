import { basename } from 'node:path';

import { categoriesFrom, InputError, type CategoryTable } from '@reelbert/data';
import { argmax, combine, writeSubmission, type CombineOptions } from '@reelbert/ensemble';

import { score } from '../terminal/table.js';
import { labelsOf, readClipLabels } from './clip-labels.js';
import { compareEnsemble, type EnsembleComparison } from './ensemble-comparison.js';
import { checkWeightCount, fitEnsemble, type EnsembleFit, type WeightsChoice } from './ensemble-fit.js';
import { checkCategories, readAlignedLogits, type LogitsFile } from './logits-file.js';

export interface EnsembleConfig {
  /** Files of logits of the clips to predict, as predict writes them, one a member. */
  readonly logits: readonly string[];
  /** What messages and tables call the members; their files' names where absent. */
  readonly names?: readonly string[] | undefined;
  /** All 1 where absent. */
  readonly weights?: WeightsChoice | undefined;
  /** What is summed; probabilities where absent. Stacking sums log probabilities whatever stands here. */
  readonly of?: CombineOptions['of'];
  /** Logits of labelled clips that each member was not trained on, to fit on; `logits` where absent. */
  readonly outOfFold?: readonly string[] | undefined;
  /** Annotation files with the categories of the clips that are fitted on, or scored. */
  readonly annotations?: readonly string[] | undefined;
  /** The submission. */
  readonly out: string;
}

export interface EnsembleOutcome {
  readonly names: readonly string[];
  readonly of: NonNullable<CombineOptions['of']>;
  /** One a member; absent for stacking. */
  readonly weights?: readonly number[];
  readonly fit?: EnsembleFit;
  /** On the predicted clips. */
  readonly predicted: EnsembleComparison;
  /** On the out-of-fold clips, each scored by a fit on the other folds. */
  readonly outOfFold?: EnsembleComparison;
  /** What the figures must not be taken for. */
  readonly warnings: readonly string[];
}

/** Combines several models' predictions, with weights that are given or fitted. Writes a submission. */
export async function ensemble(config: EnsembleConfig): Promise<EnsembleOutcome> {
  const { weights = config.logits.map(() => 1), of = 'probabilities' } = config;
  const members = await readAlignedLogits(config.logits);
  const names = config.names ?? memberNames(config.logits);
  const table = categoriesFrom(members[0]!.categories);
  const known = await readClipLabels(config.annotations ?? [], table);
  const logits = members.map((member) => member.logits);
  const { ids } = members[0]!;
  const labels = labelsOf(ids, known);

  if (weights !== 'search' && weights !== 'stack') {
    checkWeightCount(weights, members.length, 'weights');
    const chosen = argmax(combine(logits, { weights, of }));
    await write(config.out, ids, chosen, table);
    const predicted = compareEnsemble(members, names, chosen, labels, table);
    return { names, of, weights, predicted, warnings: [] };
  }

  const fitted = config.outOfFold ? await readOutOfFold(config.outOfFold, members) : members;
  const truth = requireLabels(fitted[0]!, known, config.annotations ?? []);
  const fit = fitEnsemble(fitted, truth, table, weights, of);
  const chosen = argmax(fit.combiner(logits));
  await write(config.out, ids, chosen, table);
  return {
    names,
    of,
    ...(fit.weights && { weights: fit.weights }),
    fit,
    predicted: compareEnsemble(members, names, chosen, labels, table),
    ...(config.outOfFold &&
      fit.crossFitted && { outOfFold: compareEnsemble(fitted, names, fit.crossFitted, truth, table) }),
    warnings: overlapWarnings(fitted[0]!.ids, ids, config.outOfFold !== undefined, fit),
  };
}

async function write(
  out: string,
  ids: readonly string[],
  chosen: Int32Array,
  table: CategoryTable,
): Promise<void> {
  await writeSubmission(
    out,
    ids.map((id, row) => ({ id, categoryId: table.ids[chosen[row]!]! })),
  );
}

async function readOutOfFold(
  files: readonly string[],
  members: readonly LogitsFile[],
): Promise<LogitsFile[]> {
  if (files.length !== members.length) {
    throw new InputError({
      field: 'out-of-fold logits',
      found: `${files.length} files`,
      expected: `${members.length}, one a member in the same order`,
    });
  }
  const fitted = await readAlignedLogits(files);
  checkCategories([members[0]!, ...fitted]);
  return fitted;
}

function requireLabels(
  { name, ids }: LogitsFile,
  known: ReadonlyMap<string, number>,
  annotations: readonly string[],
): Int32Array {
  const missing = ids.filter((id) => !known.has(id));
  if (missing.length === 0) return labelsOf(ids, known)!;
  throw new InputError({
    file: annotations.join(', ') || name,
    found: `no category for ${missing.length} of ${ids.length} clips, such as '${missing[0]!}'`,
    expected: `one for each clip of ${name}`,
  });
}

/** Says where clips are both fitted on and scored. */
function overlapWarnings(
  fitted: readonly string[],
  predicted: readonly string[],
  apart: boolean,
  fit: EnsembleFit,
): string[] {
  const seen = new Set(fitted);
  const both = predicted.filter((id) => seen.has(id)).length;
  if (both === 0) return [];
  const honest =
    fit.crossFittedMeanF1 === undefined
      ? ''
      : `; fitted on other clips than it is scored on, it reaches ${score(fit.crossFittedMeanF1)}`;
  const advice = apart ? '' : '; give logits of other labelled clips with --oof';
  return [
    `${both} of ${predicted.length} predicted clips were fitted on, so their score flatters (mean F1 ${score(fit.fittedMeanF1)} on the clips of the fit${honest})${advice}`,
  ];
}

/** Files' names without folder and ending, where these tell them apart; else the whole paths. */
function memberNames(files: readonly string[]): string[] {
  const short = files.map((file) => basename(file).replace(/\.safetensors$/, ''));
  return new Set(short).size === files.length ? short : [...files];
}
