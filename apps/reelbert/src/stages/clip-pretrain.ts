import { ContrastiveModel } from '@reelbert/clip-features';
import { ParameterStore } from '@reelbert/nn';
import type { Tokenizer } from '@reelbert/tokenizer';

import type { ClipPretrainConfig } from '../config/clip-pretrain-config.js';
import { contrastiveBatchMaker } from '../dataset/contrastive-batches.js';
import { inDataFolder } from '../dataset/data-folder.js';
import { openData, type OpenData } from '../dataset/open-data.js';
import { loadPixels } from '../dataset/pixel-frames.js';
import { trainingBatches } from '../dataset/training-batches.js';
import { writeExport } from './export-folder.js';
import { fingerprintFrames } from './fingerprint.js';
import { inStageFolder, type StageOutcome } from './in-stage-folder.js';
import { openRun } from './open-run.js';
import { Quarantine } from './quarantine.js';
import { runTraining } from './run-training.js';
import type { StageResults } from './stage-folder.js';
import type { StageOptions } from './stage-options.js';

const stage = 'clip-pretrain';

/** Trains a CLIP frame tower from clips and their titles. Results: `export`, the folder of the tower. */
export async function clipPretrain(given: ClipPretrainConfig, options: StageOptions): Promise<StageOutcome> {
  const data = await openData(given.data);
  const framesFolder = await inDataFolder(given.data.folder, given.data.frames, 'data.frames');
  const ids = data.clips.map((clip) => clip.id);
  const config = withVocabulary(given, data.tokenizer);
  const inputs = { ...data.inputs, frames: await fingerprintFrames(framesFolder, ids) };
  return inStageFolder({ stage, config, inputs }, options, (resume) =>
    run(config, data, framesFolder, options, resume),
  );
}

async function run(
  config: ClipPretrainConfig,
  data: OpenData,
  framesFolder: string,
  options: StageOptions,
  resume: boolean,
): Promise<StageResults> {
  const quarantine = new Quarantine();
  quarantine.addUntitled(data.clips);
  const images = { ...config.images, imageSize: config.model.vision.imageSize };
  const pixels = await loadPixels(framesFolder, data.clips, images, quarantine, options);
  const clips = quarantine.without(data.clips);

  const model = new ContrastiveModel(new ParameterStore(), config.model);
  const settings = { ...config.training, seed: config.seed };
  const batches = trainingBatches({
    seed: config.seed,
    samples: clips.length,
    batchSize: settings.batchSize,
    groups: data.groups && clips.map((clip) => data.groups!.of(clip.id)),
    make: contrastiveBatchMaker(clips, pixels, data.tokenizer, config),
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
  const described = { kind: 'clip' as const, model: modelConfig, text, frames, images: config.images };
  await writeExport(run.export, described, weights, data.tokenizer);
  return { export: run.export, steps: state.step, clips: clips.length, quarantined: quarantine.size };
}

function withVocabulary(config: ClipPretrainConfig, tokenizer: Tokenizer): ClipPretrainConfig {
  const text = {
    ...config.model.text,
    vocabSize: tokenizer.vocabularySize,
    padTokenId: tokenizer.specialIds.pad,
  };
  return { ...config, model: { ...config.model, text } };
}
