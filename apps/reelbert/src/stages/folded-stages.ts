import type { CombineOptions } from '@reelbert/ensemble';

import type { FinetuneConfig } from '../config/finetune-config.js';
import { finetune } from './finetune.js';
import type { StageOutcome } from './in-stage-folder.js';
import { heldOutStage, outOfFoldStage } from './out-of-fold.js';
import { foldFolder, foldNumbers, heldOutFolder } from './pipeline-references.js';
import type { PipelineContext } from './pipeline-stage.js';
import { averageStage, predictionStage, type PredictionStage } from './prediction-stages.js';

export interface FoldedFinetuning {
  readonly name: string;
  /** One a fold. */
  readonly configs: readonly FinetuneConfig[];
  readonly features: string | undefined;
}

/**
 * Fine-tunes one model a fold, each in a folder of its own; the stage's folder gets the out-of-fold logits of all
 * labelled clips. Every part is skipped that is done, and an interrupted run goes on.
 */
export async function finetuneFolds(
  { name, configs, features }: FoldedFinetuning,
  { folderOf, optionsOf }: PipelineContext,
): Promise<StageOutcome> {
  const parts: StageOutcome[] = [];
  const models: string[] = [];
  const heldOut: string[] = [];
  for (const [i, config] of configs.entries()) {
    const model = foldFolder(name, i + 1);
    const predictions = heldOutFolder(name, i + 1);
    parts.push(await finetune(config, optionsOf(model)));
    parts.push(await heldOutStage({ model: folderOf(model), features }, optionsOf(predictions)));
    models.push(folderOf(model));
    heldOut.push(folderOf(predictions));
  }
  return whole(parts, await outOfFoldStage({ models, heldOut }, optionsOf(name)));
}

export interface FoldedPrediction {
  readonly name: string;
  /** The finetune stage. */
  readonly model: string;
  readonly folds: number;
  readonly predict: Omit<PredictionStage, 'model'>;
  readonly of: NonNullable<CombineOptions['of']>;
}

/** Predicts with the model of every fold, each in a folder of its own; the stage's folder gets their average. */
export async function predictFolds(
  { name, model, folds, predict, of }: FoldedPrediction,
  { folderOf, optionsOf }: PipelineContext,
): Promise<StageOutcome> {
  const parts: StageOutcome[] = [];
  const members: string[] = [];
  for (const fold of foldNumbers(folds)) {
    const folder = foldFolder(name, fold);
    const stage = { model: folderOf(foldFolder(model, fold)), ...predict };
    parts.push(await predictionStage(stage, optionsOf(folder)));
    members.push(folderOf(folder));
  }
  return whole(parts, await averageStage({ members, of }, optionsOf(name)));
}

/** Reused is what is reused in all its parts. */
function whole(parts: readonly StageOutcome[], last: StageOutcome): StageOutcome {
  return { ...last, reused: last.reused && parts.every((part) => part.reused) };
}
