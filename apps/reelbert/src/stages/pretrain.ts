import { ParameterStore } from '@reelbert/nn';
import { VisualBertForPretraining } from '@reelbert/visual-bert';

import type { PretrainConfig } from '../config/pretrain-config.js';
import { openFeatures, type FeatureFrames } from '../dataset/feature-frames.js';
import { noFrames } from '../dataset/frame-source.js';
import { openData, type OpenData } from '../dataset/open-data.js';
import { pretrainingBatchMaker } from '../dataset/pretraining-batches.js';
import { trainingBatches } from '../dataset/training-batches.js';
import { writeExport } from './export-folder.js';
import { fingerprintFile } from './fingerprint.js';
import { inStageFolder, type StageOutcome } from './in-stage-folder.js';
import { prepareFeatures } from './prerequisites.js';
import { openRun } from './open-run.js';
import { Quarantine } from './quarantine.js';
import { runTraining } from './run-training.js';
import { refuseOtherConfig, type StageResults } from './stage-folder.js';
import type { StageOptions } from './stage-options.js';

const stage = 'pretrain';

/**
 * Pretrains the video-text model on unlabelled clips. Results: `export`, the folder of the model, and `features`, the
 * archive that it was trained on, if it was on frames.
 */
export async function pretrain(given: PretrainConfig, options: StageOptions): Promise<StageOutcome> {
  const data = await openData(given.data);
  const { vocabularySize: vocabSize, specialIds } = data.tokenizer;
  const text = { ...given.model.text, vocabSize, padTokenId: specialIds.pad };
  const config = { ...given, model: { ...given.model, text } };
  await refuseOtherConfig(options, { ...config, model: { ...config.model, frameDim: undefined } });

  if (given.frames.perClip === 0) {
    return inStageFolder({ stage, config, inputs: data.inputs }, options, (resume) =>
      run(config, data, null, options, resume),
    );
  }
  const prepared =
    given.data.features === null
      ? await prepareFeatures(given.data, { preset: given.featureTower }, options)
      : undefined;
  const archive = prepared?.features ?? given.data.features!;
  const features = await openFeatures(archive);
  try {
    const complete = { ...config, model: { ...config.model, frameDim: features.frameShape[0]! } };
    const inputs = { ...data.inputs, features: await fingerprintFile(archive) };
    return await inStageFolder({ stage, config: complete, inputs }, options, (resume) =>
      run(complete, data, features, options, resume).then((results) => ({ ...results, ...prepared })),
    );
  } finally {
    await features.close();
  }
}

async function run(
  config: PretrainConfig,
  data: OpenData,
  features: FeatureFrames | null,
  options: StageOptions,
  resume: boolean,
): Promise<StageResults> {
  const quarantine = new Quarantine();
  quarantine.addUntitled(data.clips);
  const ids = data.clips.map((clip) => clip.id);
  if (features) quarantine.addWithoutFeatures(ids, features);
  const clips = quarantine.without(data.clips);
  const source = features ?? noFrames([config.model.frameDim]);

  const model = new VisualBertForPretraining(new ParameterStore(), config.model, config.objectives);
  const settings = { ...config.training, seed: config.seed };
  const batches = trainingBatches({
    seed: config.seed,
    samples: clips.length,
    batchSize: settings.batchSize,
    groups: data.groups && clips.map((clip) => data.groups!.of(clip.id)),
    make: await pretrainingBatchMaker(clips, source, data.tokenizer, config),
  });
  const run = await openRun({ config, quarantine, total: data.clips.length, batches, resume }, options);
  const { state, weights } = await runTraining(
    {
      stage,
      run,
      resume,
      task: model,
      settings,
      ...batches,
      initial: model.parameters.initialState(config.seed),
    },
    options,
  );
  const { model: modelConfig, text, frames } = config;
  await writeExport(
    run.export,
    { kind: 'pretraining', model: modelConfig, text, frames },
    weights,
    data.tokenizer,
  );
  return {
    export: run.export,
    ...(features && { features: features.file }),
    steps: state.step,
    clips: clips.length,
    quarantined: quarantine.size,
  };
}
