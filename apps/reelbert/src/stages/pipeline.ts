import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';

import { InputError } from '@reelbert/data';

import type { PipelineConfig, PipelineStage } from '../config/pipeline-config.js';
import { runPipelineStage } from './pipeline-stage.js';
import type { PipelineScores } from './prediction-stages.js';
import type { StageOptions } from './stage-options.js';

/** What a pipeline did. */
export interface PipelineOutcome {
  /** Names of the stages whose earlier results were taken. */
  readonly reused: readonly string[];
  /** Names of the stages that ran. */
  readonly ran: readonly string[];
  /** The last `evaluate` stage's results by predictor, if there is one. */
  readonly scores: PipelineScores | undefined;
  /** The last predictions, if any: DIR/predictions.csv. */
  readonly predictions: string | undefined;
}

/**
 * Runs the stages of a pipeline in order, each in a folder of its name. A stage whose settings and inputs haven't
 * changed since it finished is skipped; one that was interrupted goes on.
 */
export async function pipeline(config: PipelineConfig, options: StageOptions): Promise<PipelineOutcome> {
  checkReferences(config.stages);
  const folderOf = (name: string) => join(options.out, name);
  const reused: string[] = [];
  const ran: string[] = [];
  let scores: PipelineScores | undefined;
  let predictions: string | undefined;
  for (const stage of config.stages) {
    const stageOptions = { ...options, out: folderOf(stage.name), replace: true };
    const outcome = await runPipelineStage(stage, { folder: config.data, folderOf }, stageOptions);
    (outcome.reused ? reused : ran).push(stage.name);
    if (stage.stage === 'evaluate') scores = outcome.results.scores as PipelineScores;
    if (stage.stage === 'predict' || stage.stage === 'ensemble') {
      predictions = join(options.out, 'predictions.csv');
      await copyFile(String(outcome.results.predictions), predictions);
    }
  }
  return { reused, ran, scores, predictions };
}

/** Which kinds of stage a reference may name. */
const referable = {
  tower: ['clip-pretrain'],
  features: ['extract-features'],
  from: ['pretrain'],
  model: ['finetune'],
  members: ['predict'],
  predictions: ['predict', 'ensemble'],
} as const;

function checkReferences(stages: readonly PipelineStage[]): void {
  const kinds = new Map<string, string>();
  stages.forEach((stage, index) => {
    for (const [field, allowed] of Object.entries(referable)) {
      const value = (stage as unknown as Record<string, string | readonly string[] | undefined>)[field];
      for (const name of value === undefined ? [] : [value].flat()) {
        if ((allowed as readonly string[]).includes(kinds.get(name as string) ?? '')) continue;
        const candidates = [...kinds].filter(([, kind]) => (allowed as readonly string[]).includes(kind));
        throw new InputError({
          place: `stages.${index} (${stage.name})`,
          field,
          found: `'${String(name)}'`,
          expected: `the name of an earlier ${allowed.join(' or ')} stage${candidates.length > 0 ? `: ${candidates.map(([n]) => n).join(', ')}` : ''}`,
        });
      }
    }
    if (kinds.has(stage.name)) {
      throw new InputError({
        place: `stages.${index}`,
        field: 'name',
        found: `'${stage.name}' again`,
        expected: 'each name once',
      });
    }
    kinds.set(stage.name, stage.stage);
  });
}
