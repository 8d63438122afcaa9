import { join } from 'node:path';

import type { z } from 'zod';

import { clipPretrainSchema } from '../config/clip-pretrain-config.js';
import { finetuneSchema } from '../config/finetune-config.js';
import { merge, type Mapping } from '../config/merge.js';
import type { PipelineStage } from '../config/pipeline-config.js';
import { readConfig } from '../config/presets.js';
import { pretrainSchema } from '../config/pretrain-config.js';
import { validate } from '../config/validate.js';
import { clipPretrain } from './clip-pretrain.js';
import { extractionStage } from './extract-features.js';
import { finetune } from './finetune.js';
import type { StageOutcome } from './in-stage-folder.js';
import { ensembleStage, evaluationStage, predictionStage } from './prediction-stages.js';
import { pretrain } from './pretrain.js';
import type { StageOptions } from './stage-options.js';

/** What a stage of a pipeline knows of the others. */
export interface PipelineContext {
  /** The data set's folder; null is the sample. */
  readonly folder: string | null;
  /** The folder of a stage. */
  readonly folderOf: (stage: string) => string;
}

/** Runs one stage of a pipeline, its references resolved. */
export async function runPipelineStage(
  stage: PipelineStage,
  context: PipelineContext,
  options: StageOptions,
): Promise<StageOutcome> {
  const { folder, folderOf } = context;
  const archiveOf = (name: string) => join(folderOf(name), 'features.zip');
  switch (stage.stage) {
    case 'clip-pretrain':
      return clipPretrain(await configOf(clipPretrainSchema, stage, { data: { folder } }), options);
    case 'extract-features': {
      const { annotations, frames } = stage;
      return extractionStage({ tower: folderOf(stage.tower), folder, annotations, frames }, options);
    }
    case 'pretrain': {
      const data = { folder, ...(stage.features !== undefined && { features: archiveOf(stage.features) }) };
      return pretrain(await configOf(pretrainSchema, stage, { data }), options);
    }
    case 'finetune': {
      const data = { folder, ...(stage.features !== undefined && { features: archiveOf(stage.features) }) };
      const initialWeights = stage.from === undefined ? 'none' : folderOf(stage.from);
      const tower = stage.tower === undefined ? {} : { tower: folderOf(stage.tower) };
      return finetune(await configOf(finetuneSchema, stage, { data, initialWeights, ...tower }), options);
    }
    case 'predict': {
      const features = stage.features === undefined ? undefined : archiveOf(stage.features);
      const { annotations, frames } = stage;
      return predictionStage(
        { model: folderOf(stage.model), folder, annotations, frames, features },
        options,
      );
    }
    case 'ensemble':
      return ensembleStage({ members: stage.members.map(folderOf), weights: stage.weights }, options);
    case 'evaluate': {
      const predictions = stage.predictions.map((name) => ({ name, folder: folderOf(name) }));
      return evaluationStage({ predictions, folder, annotations: stage.annotations }, options);
    }
  }
}

/** A stage's configuration: the preset, what the pipeline decides, and the stage's own settings, in this order. */
async function configOf<S extends z.ZodType>(
  schema: S,
  stage: { readonly name: string; readonly config: string; readonly settings: Mapping },
  decided: Mapping,
): Promise<z.output<S>> {
  const raw = await readConfig(stage.config);
  const value = merge(merge(raw.value, decided), stage.settings);
  return validate(schema, value, { file: `${raw.file}, with the settings of stage '${stage.name}'` });
}
