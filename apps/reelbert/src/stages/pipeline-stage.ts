import { join } from 'node:path';

import type { z } from 'zod';

import { clipPretrainSchema } from '../config/clip-pretrain-config.js';
import { finetuneSchema, type FinetuneConfig } from '../config/finetune-config.js';
import { merge, type Mapping } from '../config/merge.js';
import { foldsOf, type PipelineConfig, type PipelineStage, type StageOf } from '../config/pipeline-config.js';
import { readConfig } from '../config/presets.js';
import { pretrainSchema } from '../config/pretrain-config.js';
import { validate } from '../config/validate.js';
import { clipPretrain } from './clip-pretrain.js';
import { ensembleStage } from './ensemble-stage.js';
import { evaluationStage } from './evaluation-stage.js';
import { extractionStage } from './extract-features.js';
import { finetune } from './finetune.js';
import { finetuneFolds, predictFolds } from './folded-stages.js';
import type { StageOutcome } from './in-stage-folder.js';
import { isPath, modelFolds, outOfFoldOf } from './pipeline-references.js';
import { predictionStage } from './prediction-stages.js';
import { pretrain } from './pretrain.js';
import type { StageOptions } from './stage-options.js';

/** What a stage of a pipeline knows of the others. */
export interface PipelineContext {
  readonly config: PipelineConfig;
  /** The folder of a stage. */
  readonly folderOf: (stage: string) => string;
  /** What a stage with this folder's name is told. */
  readonly optionsOf: (folder: string) => StageOptions;
}

/** A stage that is ready to run. */
export type RunStage = () => Promise<StageOutcome>;

/**
 * Resolves a stage's references and completes its configuration, so that mistakes show before any stage runs.
 *
 * @throws InputError for a wrong configuration
 */
export async function prepareStage(stage: PipelineStage, context: PipelineContext): Promise<RunStage> {
  const { config, folderOf } = context;
  const { data: folder } = config;
  const options = context.optionsOf(stage.name);
  const located = locate(stage, folderOf);
  switch (stage.stage) {
    case 'clip-pretrain': {
      const complete = await configOf(clipPretrainSchema, stage, config, {
        data: { folder },
        ...start(located),
      });
      return () => clipPretrain(complete, options);
    }
    case 'extract-features': {
      const { annotations, frames } = stage;
      return () => extractionStage({ tower: located.tower!, folder, annotations, frames }, options);
    }
    case 'pretrain': {
      const data = { folder, ...(located.features !== undefined && { features: located.features }) };
      const complete = await configOf(pretrainSchema, stage, config, { data, ...start(located) });
      return () => pretrain(complete, options);
    }
    case 'finetune':
      return prepareFinetuning(stage, located, context);
    case 'predict': {
      const { annotations, frames, model, of } = stage;
      const { features } = located;
      const folds = modelFolds(model, config);
      if (folds === null)
        return () =>
          predictionStage({ model: located.model!, folder, annotations, frames, features }, options);
      const predict = { folder, annotations, frames, features };
      return () => predictFolds({ name: stage.name, model, folds, predict, of }, context);
    }
    case 'ensemble':
      return prepareEnsemble(stage, context);
    case 'evaluate': {
      const predictions = stage.predictions.map((name) => ({ name, folder: folderOf(name) }));
      return () => evaluationStage({ predictions, folder, annotations: stage.annotations }, options);
    }
  }
}

async function prepareFinetuning(
  stage: StageOf<'finetune'>,
  located: Located,
  context: PipelineContext,
): Promise<RunStage> {
  const { config, optionsOf } = context;
  const { features } = located;
  const data = { folder: config.data, ...(features !== undefined && { features }) };
  const decided = { data, initialWeights: 'none', ...start(located) };
  const count = foldsOf(stage, config);
  if (count === null) {
    const complete = await configOf(finetuneSchema, stage, config, { ...decided, folds: null });
    return () => finetune(complete, optionsOf(stage.name));
  }
  const configs: FinetuneConfig[] = [];
  for (let fold = 1; fold <= count; fold++) {
    // The held-out clips choose nothing, so that their logits can be fitted on.
    const folded = { ...decided, folds: { count, fold }, training: { evaluateEvery: 0 } };
    configs.push(await configOf(finetuneSchema, stage, config, folded));
  }
  return () => finetuneFolds({ name: stage.name, configs, features }, context);
}

function prepareEnsemble(
  stage: StageOf<'ensemble'>,
  { config, folderOf, optionsOf }: PipelineContext,
): RunStage {
  const { members, weights, of } = stage;
  const fitted = weights === 'search' || weights === 'stack';
  const outOfFold = fitted
    ? members.map((member, i) => folderOf(stage.outOfFold?.[i] ?? outOfFoldOf(member, config)!))
    : undefined;
  const predicted = config.stages.flatMap((other) =>
    other.stage === 'predict' && members.includes(other.name) ? [other.annotations] : [],
  );
  const annotations = [...new Set([...(fitted ? stage.labelled : []), ...predicted])];
  const folders = members.map(folderOf);
  return () =>
    ensembleStage(
      { members: folders, names: members, weights, of, outOfFold, folder: config.data, annotations },
      optionsOf(stage.name),
    );
}

/** Where training starts from, as far as the stage says. */
function start({ from, tower }: Located): Mapping {
  return { ...(from !== undefined && { initialWeights: from }), ...(tower !== undefined && { tower }) };
}

/** References of a stage as paths. */
type Located = Partial<Record<'tower' | 'features' | 'from' | 'model', string>>;

function locate(stage: PipelineStage, folderOf: (stage: string) => string): Located {
  const { tower, features, from, model } = stage as Located;
  const folder = (value: string) => (isPath(value) ? value : folderOf(value));
  return {
    ...(tower !== undefined && { tower: folder(tower) }),
    ...(from !== undefined && { from: folder(from) }),
    ...(model !== undefined && { model: folder(model) }),
    ...(features !== undefined && {
      features: isPath(features) ? features : join(folderOf(features), 'features.zip'),
    }),
  };
}

/**
 * A stage's configuration: the preset, what the pipeline decides, the stage's own settings, and those of all stages of
 * its kind, in this order.
 */
async function configOf<S extends z.ZodType>(
  schema: S,
  stage: StageOf<'clip-pretrain' | 'pretrain' | 'finetune'>,
  { settings }: PipelineConfig,
  decided: Mapping,
): Promise<z.output<S>> {
  const raw = await readConfig(stage.config);
  const value = [decided, stage.settings, settings[stage.stage]].reduce(merge, raw.value);
  return validate(schema, value, { file: `${raw.file} with the settings of stage '${stage.name}'` });
}
