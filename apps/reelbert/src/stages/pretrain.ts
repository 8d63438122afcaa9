import { LxmertForPretraining } from '@reelbert/lxmert';
import { ParameterStore, type Task } from '@reelbert/nn';
import { VisualBertForPretraining } from '@reelbert/visual-bert';

import { modelChoice, withModel } from '../config/architecture.js';
import type { PretrainConfig } from '../config/pretrain-config.js';
import { openFeatures, type FeatureFrames } from '../dataset/feature-frames.js';
import { noFrames } from '../dataset/frame-source.js';
import { openData, type OpenData } from '../dataset/open-data.js';
import { pretrainingBatchMaker } from '../dataset/pretraining-batches.js';
import { trainingBatches } from '../dataset/training-batches.js';
import { tokenizerOf, writeExport } from './export-folder.js';
import { fingerprintFile, fingerprintWeights, type Fingerprints } from './fingerprint.js';
import { inStageFolder, type StageOutcome } from './in-stage-folder.js';
import { checkStart, initialState, readStart, startWeights, type StartFrom } from './model-start.js';
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
  const opened = await openPretraining(given);
  const { config, inputs, start } = opened;
  checkStart(stage, buildPretraining(config).parameters, start, options.reporter);
  await refuseOtherConfig(options, { ...config, model: { ...config.model, frameDim: undefined } });

  if (given.frames.perClip === 0) {
    return inStageFolder({ stage, config, inputs }, options, (resume) => run(opened, null, options, resume));
  }
  const prepared =
    given.data.features === null ? await prepareFeatures(given.data, given.featureTower, options) : undefined;
  const archive = prepared?.features ?? given.data.features!;
  const features = await openFeatures(archive);
  try {
    const complete = {
      ...opened,
      config: withModel(config, { frameDim: features.frameShape[0]! }),
      inputs: { ...inputs, features: await fingerprintFile(archive) },
    };
    return await inStageFolder({ stage, ...complete }, options, (resume) =>
      run(complete, features, options, resume).then((results) => ({ ...results, ...prepared })),
    );
  } finally {
    await features.close();
  }
}

interface OpenPretraining {
  /** With all that follows from the data filled in. */
  readonly config: PretrainConfig;
  readonly inputs: Fingerprints;
  readonly data: OpenData;
  /** Weights to start from. */
  readonly start: readonly StartFrom[];
}

async function openPretraining(given: PretrainConfig): Promise<OpenPretraining> {
  const data = await openData(given.data);
  const { initialWeights, architecture } = given;
  const start = initialWeights === 'none' ? undefined : await readStart(initialWeights);
  const tokenizer = start ? tokenizerOf(start.exported) : data.tokenizer;
  const { vocabularySize: vocabSize, specialIds } = tokenizer;
  return {
    config: withModel(given, {
      text: { ...given.model.text, vocabSize, padTokenId: specialIds.pad },
    }),
    inputs: { ...data.inputs, ...(start && { initialWeights: await fingerprintWeights(start.exported) }) },
    data: { ...data, tokenizer },
    start: start
      ? [{ field: 'initialWeights', path: start.path, weights: startWeights(start, architecture) }]
      : [],
  };
}

async function run(
  { config, data, start }: OpenPretraining,
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

  const task = buildPretraining(config);
  const settings = { ...config.training, seed: config.seed };
  const batches = trainingBatches({
    seed: config.seed,
    samples: clips.length,
    batchSize: settings.batchSize,
    groups: data.groups && clips.map((clip) => data.groups!.of(clip.id)),
    ...(await pretrainingBatchMaker(clips, source, data.tokenizer, config)),
  });
  const initial = initialState(task.parameters, config.seed, start);
  const run = await openRun({ config, quarantine, total: data.clips.length, batches, resume }, options);
  const { state, weights } = await runTraining(
    { stage, run, resume, task, settings, ...batches, initial },
    options,
  );
  const { text, frames } = config;
  const described = { kind: 'pretraining' as const, ...modelChoice(config), text, frames };
  await writeExport(run.export, described, weights, data.tokenizer);
  return {
    export: run.export,
    ...(features && { features: features.file }),
    steps: state.step,
    clips: clips.length,
    quarantined: quarantine.size,
  };
}

/** The model with the heads of its objectives, over a store of its own. */
function buildPretraining(config: PretrainConfig): Task {
  const store = new ParameterStore();
  return config.architecture === 'lxmert'
    ? new LxmertForPretraining(store, config.model)
    : new VisualBertForPretraining(store, config.model, config.objectives);
}
