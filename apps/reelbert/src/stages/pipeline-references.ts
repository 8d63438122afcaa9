import { InputError } from '@reelbert/data';

import { foldsOf, type PipelineConfig, type PipelineStage, type StageOf } from '../config/pipeline-config.js';

/** What a reference may name. A `folded` stage is a finetune stage with folds. */
type Kind = PipelineStage['stage'] | 'folded';

const referable: Readonly<Record<string, readonly Kind[]>> = {
  tower: ['clip-pretrain'],
  features: ['extract-features'],
  from: ['pretrain'],
  model: ['finetune', 'folded'],
  members: ['predict'],
  outOfFold: ['folded'],
  predictions: ['predict', 'ensemble', 'folded'],
};

// Fields that may hold a path instead.
const pathFields = new Set(['tower', 'features', 'from', 'model']);

/** Whether a reference is a path: to something that was made outside of the pipeline. */
export function isPath(reference: string): boolean {
  return reference.includes('/');
}

/**
 * Checks that names are used once, that every reference names an earlier stage of a fitting kind and isn't contradicted
 * by settings, and that an ensemble has what it is to fit on.
 *
 * @throws InputError naming stage and field
 */
export function checkReferences(config: PipelineConfig): void {
  const kinds = new Map<string, Kind>();
  const folders = new Map<string, string>();
  config.stages.forEach((stage, index) => {
    const place = `stages.${index} (${stage.name})`;
    for (const field of Object.keys(referable)) checkField(stage, field, kinds, place);
    if (stage.stage === 'finetune') checkStart(stage, place);
    if (stage.stage === 'ensemble') checkEnsemble(stage, config, place);
    for (const folder of foldersOf(stage, config)) {
      const owner = folders.get(folder);
      if (owner !== undefined) throw usedTwice(folder, owner, stage.name, index);
      folders.set(folder, stage.name);
    }
    kinds.set(
      stage.name,
      stage.stage === 'finetune' && foldsOf(stage, config) !== null ? 'folded' : stage.stage,
    );
  });
}

function checkField(
  stage: PipelineStage,
  field: string,
  kinds: ReadonlyMap<string, Kind>,
  place: string,
): void {
  const value = (stage as unknown as Record<string, string | readonly string[] | undefined>)[field];
  const allowed = referable[field]!;
  for (const name of value === undefined ? [] : [value].flat()) {
    if (allowed.includes(kinds.get(name)!) || (pathFields.has(field) && isPath(name))) continue;
    const candidates = [...kinds].filter(([, kind]) => allowed.includes(kind)).map(([known]) => known);
    const wanted = [...new Set(allowed.map((kind) => (kind === 'folded' ? 'folded finetune' : kind)))];
    const among = candidates.length > 0 ? `: ${candidates.join(', ')}` : '';
    const path = pathFields.has(field) ? '; or a path with a / in it' : '';
    throw new InputError({
      place,
      field,
      found: `'${name}'`,
      expected: `the name of an earlier ${wanted.join(' or ')} stage${among}${path}`,
    });
  }
}

// Settings win over what the stage's references say: unseen, a model would not start from its pretraining.
function checkStart({ from, settings }: StageOf<'finetune'>, place: string): void {
  if (from === undefined || settings.initialWeights === undefined) return;
  throw new InputError({
    place,
    field: 'settings.initialWeights',
    found: `${JSON.stringify(settings.initialWeights)}, and from: ${from}`,
    expected: 'one of the two',
  });
}

function checkEnsemble(stage: StageOf<'ensemble'>, config: PipelineConfig, place: string): void {
  const { members, weights, outOfFold } = stage;
  const one = (field: string, values: readonly unknown[]) => {
    if (values.length === members.length) return;
    const expected = `${members.length}, one a member`;
    throw new InputError({ place, field, found: `${values.length} (${values.join(', ')})`, expected });
  };
  if (Array.isArray(weights)) one('weights', weights);
  if (outOfFold) one('outOfFold', outOfFold);
  if (weights !== 'search' && weights !== 'stack') return;
  const without = outOfFold ? [] : members.filter((member) => outOfFoldOf(member, config) === undefined);
  if (without.length === 0) return;
  throw new InputError({
    place,
    field: 'weights',
    found: `${weights}, but ${without.join(', ')} predicts with a model of all labelled clips`,
    expected: 'finetune stages with folds, or outOfFold: names of finetune stages with folds',
  });
}

/** The finetune stage with folds that a predict stage's models come from, if it is one. */
export function outOfFoldOf(member: string, config: PipelineConfig): string | undefined {
  const prediction = config.stages.find((stage) => stage.name === member);
  if (prediction?.stage !== 'predict') return undefined;
  return modelFolds(prediction.model, config) === null ? undefined : prediction.model;
}

/** Of how many folds a model is; null for a path or a single model. */
export function modelFolds(model: string, config: PipelineConfig): number | null {
  const stage = config.stages.find(({ name }) => name === model);
  return stage?.stage === 'finetune' ? foldsOf(stage, config) : null;
}

/** The names of the folders that a stage makes. */
export function foldersOf(stage: PipelineStage, config: PipelineConfig): string[] {
  const { name } = stage;
  if (stage.stage === 'finetune') {
    return [
      name,
      ...foldNumbers(foldsOf(stage, config)).flatMap((k) => [foldFolder(name, k), heldOutFolder(name, k)]),
    ];
  }
  if (stage.stage === 'predict') {
    return [name, ...foldNumbers(modelFolds(stage.model, config)).map((k) => foldFolder(name, k))];
  }
  return [name];
}

/** 1 to the number of folds; nothing for a single model. */
export function foldNumbers(count: number | null): number[] {
  return Array.from({ length: count ?? 0 }, (_, i) => i + 1);
}

/** The folder of one fold's model or predictions. */
export function foldFolder(stage: string, fold: number): string {
  return `${stage}-fold-${fold}`;
}

/** The folder of a fold's model's predictions for the clips that it was not trained on. */
export function heldOutFolder(stage: string, fold: number): string {
  return `${foldFolder(stage, fold)}-held-out`;
}

function usedTwice(folder: string, owner: string, name: string, index: number): InputError {
  return new InputError({
    place: `stages.${index}`,
    field: 'name',
    found:
      owner === name ? `'${name}' again` : `'${name}', whose folder ${folder} is one of stage '${owner}'`,
    expected: 'each name once',
  });
}
