import type { Program } from '@reelbert/compiler';
import { loadCategories, meanF1, type Annotation } from '@reelbert/data';
import { argmax } from '@reelbert/ensemble';
import { evaluator, predictLogits, type TrainingSettings } from '@reelbert/trainer';

import { imagesOf } from '../config/data-config.js';
import type { FinetuneConfig } from '../config/finetune-config.js';
import { classificationBatchMaker, type ClassificationInputs } from '../dataset/classification-batches.js';
import { evaluationFrames, randomValidationFrames } from '../dataset/frame-source.js';
import { inDataFolder } from '../dataset/data-folder.js';
import { planPrediction, predictionBatches, predictionBatchSize } from '../dataset/prediction-batches.js';
import { trainingBatches } from '../dataset/training-batches.js';
import { buildClassifier, shapeOf, type Classifier } from './classifier.js';
import { writeExport } from './export-folder.js';
import { inStageFolder, type StageOutcome } from './in-stage-folder.js';
import { initialState } from './model-start.js';
import { openFinetuning, type OpenFinetuning } from './open-finetuning.js';
import { openRun } from './open-run.js';
import { Quarantine } from './quarantine.js';
import { runTraining } from './run-training.js';
import { openTrainingFrames } from './training-frames.js';
import { scoreTest } from './score-test.js';
import type { StageResults } from './stage-folder.js';
import type { StageOptions } from './stage-options.js';

const stage = 'finetune';

/** Trains a classifier on labelled clips. Results: `export`, and `test`, its scores on the test clips if there are any. */
export async function finetune(given: FinetuneConfig, options: StageOptions): Promise<StageOutcome> {
  const categories = await loadCategories(
    await inDataFolder(given.data.folder, given.data.labels, 'data.labels'),
  );
  const opened = await openFinetuning(given, categories, options);
  const { config, inputs } = opened;
  return inStageFolder({ stage, config, inputs }, options, (resume) => run(opened, options, resume));
}

async function run(opened: OpenFinetuning, options: StageOptions, resume: boolean): Promise<StageResults> {
  const { config, categories, tokenizer, validation, locations } = opened;
  const quarantine = new Quarantine();
  const all = [...opened.training, ...(validation ?? [])];
  quarantine.addUntitled(all);
  const model = buildClassifier(shapeOf(config), categories.ids.length, opened.frozenLayers);
  const initial = initialState(model.parameters, config.seed, opened.start);
  const source = await openTrainingFrames(opened, initial, quarantine, options);
  const clips = quarantine.without(opened.training);
  const labels = clips.map((clip) => categories.indexOf(clip.category_id!)!);
  const inputs: ClassificationInputs = { tokenizer, source, text: config.text, frames: config.frames };

  const settings = { ...config.training, seed: config.seed };
  const batches = trainingBatches({
    seed: config.seed,
    samples: clips.length,
    batchSize: settings.batchSize,
    ...classificationBatchMaker(clips, labels, inputs),
  });
  const run = await openRun({ config, quarantine, total: all.length, batches, resume }, options);
  const { state, weights } = await runTraining(
    {
      stage,
      run,
      resume,
      task: model,
      settings,
      ...batches,
      initial,
      evaluation:
        validation &&
        ((program) => scorer(program, model, settings, quarantine.without(validation), inputs, opened)),
    },
    options,
  ).finally(() => source.close?.());

  await writeExport(
    run.export,
    {
      kind: 'classifier',
      ...shapeOf(config),
      images: imagesOf(config.images),
      text: config.text,
      frames: { perClip: config.frames.perClip, sampling: config.frames.sampling },
    },
    weights,
    tokenizer,
    categories.ids,
  );
  const test = opened.test && (await scoreTest(run.path, opened.test, locations, options));
  return {
    export: run.export,
    steps: state.step,
    clips: clips.length,
    quarantined: quarantine.size,
    ...(opened.featureTower !== undefined && { tower: opened.featureTower }),
    ...(test && { test }),
  };
}

/** Scores the present weights (their averages, if there are any) on the validation clips. */
function scorer(
  program: Program,
  model: Classifier,
  settings: TrainingSettings,
  clips: readonly Annotation[],
  inputs: ClassificationInputs,
  { config, categories }: OpenFinetuning,
): () => Promise<Readonly<Record<string, number>>> {
  const predict = evaluator(program, model, { weights: settings.ema.enabled ? 'ema' : 'model', settings });
  const labels = clips.map((clip) => categories.indexOf(clip.category_id!)!);
  const framesOf =
    config.frames.validation === 'random' ? randomValidationFrames(config.seed) : evaluationFrames;
  const batchSize = predictionBatchSize(inputs.source.frameShape, inputs.frames.perClip);
  const plan = planPrediction(clips, inputs, batchSize);
  return async () => {
    const batches = predictionBatches(clips, plan, inputs, framesOf);
    const logits = await predictLogits(predict, batches);
    return { ...meanF1(labels, argmax(logits), categories) };
  };
}
