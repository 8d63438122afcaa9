import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { PipelineConfig } from '../config/pipeline-config.js';
import type { PipelineScores } from './evaluation-stage.js';
import { checkReferences } from './pipeline-references.js';
import { prepareStage, type PipelineContext, type RunStage } from './pipeline-stage.js';
import type { StageOptions } from './stage-options.js';

/** What a pipeline did. */
export interface PipelineOutcome {
  /** Names of the stages whose earlier results were taken. */
  readonly reused: readonly string[];
  /** Names of the stages that ran. */
  readonly ran: readonly string[];
  /** The results of the `evaluate` stages: by stage, then by predictor. */
  readonly scores: Readonly<Record<string, PipelineScores>>;
  /** The last predictions, if any: DIR/predictions.csv. */
  readonly predictions: string | undefined;
}

/**
 * Runs the stages of a pipeline in order, each in a folder of its name; those of a model with folds have further folders
 * for these. A stage whose settings and inputs haven't changed since it finished is skipped; one that was interrupted
 * goes on.
 *
 * @throws InputError for what is wrong in the pipeline or in a stage's configuration, before any stage runs
 */
export async function pipeline(config: PipelineConfig, options: StageOptions): Promise<PipelineOutcome> {
  checkReferences(config);
  const folderOf = (name: string) => join(options.out, name);
  const optionsOf = (name: string) => ({ ...options, out: folderOf(name), replace: true });
  const context: PipelineContext = { config, folderOf, optionsOf };
  const prepared: RunStage[] = [];
  for (const stage of config.stages) prepared.push(await prepareStage(stage, context));

  const reused: string[] = [];
  const ran: string[] = [];
  const scores: Record<string, PipelineScores> = {};
  let predictions: string | undefined;
  for (const [i, { name, stage }] of config.stages.entries()) {
    const outcome = await prepared[i]!();
    (outcome.reused ? reused : ran).push(name);
    if (stage === 'evaluate') scores[name] = outcome.results.scores as PipelineScores;
    if (stage === 'predict' || stage === 'ensemble') {
      predictions = join(options.out, 'predictions.csv');
      await copyFile(String(outcome.results.predictions), predictions);
    }
  }
  return { reused, ran, scores, predictions };
}
