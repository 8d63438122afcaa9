import {
  InputError,
  meanF1,
  Random,
  stratifiedFolds,
  type CategoryTable,
  type NdArray,
} from '@reelbert/data';
import {
  argmax,
  combine,
  crossFit,
  fitStacking,
  searchCombiner,
  searchWeights,
  stack,
  stackingCombiner,
  type Combiner,
  type CombineOptions,
  type LabelledMembers,
  type Stacking,
} from '@reelbert/ensemble';

import type { LogitsFile } from './logits-file.js';

/** How the members' weights come about: given, searched for the best mean F1, or learned for each class. */
export type WeightsChoice = readonly number[] | 'search' | 'stack';

/** A combination that was fitted on labelled clips. */
export interface EnsembleFit {
  readonly combiner: Combiner;
  /** Searched weights, one a member. */
  readonly weights?: readonly number[];
  readonly stacking?: Stacking;
  readonly clips: number;
  readonly folds: number;
  /** Mean F1 on the clips it was fitted on: what it was made for. */
  readonly fittedMeanF1: number;
  /** Mean F1 where each clip is scored by a fit on the other folds. Absent with a single fold. */
  readonly crossFittedMeanF1?: number;
  /** Mean F1 of equal weights on these clips. */
  readonly equalMeanF1: number;
  /** The classes that the cross-fitted combinations choose. */
  readonly crossFitted?: Int32Array;
}

// Folds of clips whose logits don't tell in which fold they were held out.
const foldsOfTheFit = 5;

/**
 * Fits a combination on labelled clips that no member was trained on.
 *
 * @param members logits, aligned
 * @param labels class of each clip, [clips]
 */
export function fitEnsemble(
  members: readonly LogitsFile[],
  labels: Int32Array,
  table: CategoryTable,
  choice: 'search' | 'stack',
  of: NonNullable<CombineOptions['of']>,
): EnsembleFit {
  const rows: LabelledMembers = {
    members: members.map((member) => member.logits),
    labels,
    foldOf: foldsOf(members, labels),
  };
  const score = (scores: NdArray) => meanF1(labels, argmax(scores), table).meanF1;
  const folds = new Set(rows.foldOf).size;
  const fit = choice === 'search' ? searchCombiner(table, { of }) : stackingCombiner;
  const honest = folds > 1 ? crossFit(rows, fit) : undefined;
  const found = choice === 'search' ? searched(rows, table, of) : stacked(rows);
  return {
    ...found,
    clips: labels.length,
    folds,
    fittedMeanF1: score(found.combiner(rows.members)),
    equalMeanF1: score(combine(rows.members, { of })),
    ...(honest && { crossFittedMeanF1: score(honest), crossFitted: argmax(honest) }),
  };
}

function searched(rows: LabelledMembers, table: CategoryTable, of: NonNullable<CombineOptions['of']>) {
  const { weights } = searchWeights(rows.members, rows.labels, table, { of });
  return { weights, combiner: (members: readonly NdArray[]) => combine(members, { weights, of }) };
}

function stacked(rows: LabelledMembers) {
  const stacking = fitStacking(rows);
  return { stacking, combiner: (members: readonly NdArray[]) => stack(members, stacking) };
}

/** The fold of each clip: as the members' files agree, else drawn anew with the classes spread evenly. */
function foldsOf(members: readonly LogitsFile[], labels: Int32Array): Int32Array {
  const [first] = members;
  if (first?.folds && members.every((member) => member.folds?.join() === first.folds!.join())) {
    return Int32Array.from(first.folds);
  }
  const foldOf = new Int32Array(labels.length);
  const count = Math.min(foldsOfTheFit, labels.length);
  if (count < 2) return foldOf;
  stratifiedFolds(labels, count, new Random('ensemble folds')).forEach(({ validation }, fold) => {
    for (const row of validation) foldOf[row] = fold;
  });
  return foldOf;
}

/** @throws InputError unless there is one finite weight, 0 or more, for each member */
export function checkWeightCount(weights: readonly number[], members: number, field: string): void {
  if (weights.length === members) return;
  throw new InputError({
    field,
    found: `${weights.length} (${weights.join(', ')})`,
    expected: `${members} numbers, one a member`,
  });
}
