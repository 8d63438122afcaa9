import { ContrastiveModel } from '@reelbert/clip-features';
import type { NdArrays } from '@reelbert/data';
import { ParameterStore } from '@reelbert/nn';
import type { Tokenizer } from '@reelbert/tokenizer';

import { completeImages, imagesOf, trainingPixels } from '../config/data-config.js';
import type { ClipPretrainConfig } from '../config/clip-pretrain-config.js';
import { contrastiveBatchMaker } from '../dataset/contrastive-batches.js';
import { inDataFolder } from '../dataset/data-folder.js';
import { openData, type OpenData } from '../dataset/open-data.js';
import { loadPixels } from '../dataset/pixel-frames.js';
import { trainingBatches } from '../dataset/training-batches.js';
import { readExport, tokenizerOf, writeExport, type ModelExport } from './export-folder.js';
import { fingerprintFrames, fingerprintWeights, type Fingerprints } from './fingerprint.js';
import { inStageFolder, type StageOutcome } from './in-stage-folder.js';
import { bertWeights, checkStart, initialState, renamed, type StartFrom } from './model-start.js';
import { openRun } from './open-run.js';
import { Quarantine } from './quarantine.js';
import { runTraining } from './run-training.js';
import type { StageResults } from './stage-folder.js';
import type { StageOptions } from './stage-options.js';
import { readTower, type TowerExport } from './tower-export.js';

const stage = 'clip-pretrain';

/** Trains a CLIP frame tower from clips and their titles. Results: `export`, the folder of the tower. */
export async function clipPretrain(given: ClipPretrainConfig, options: StageOptions): Promise<StageOutcome> {
  const { data, start, config, inputs: startInputs } = await openStart(given);
  checkStart(
    stage,
    new ContrastiveModel(new ParameterStore(), config.model).parameters,
    start,
    options.reporter,
  );
  const framesFolder = await inDataFolder(given.data.folder, given.data.frames, 'data.frames');
  const ids = data.clips.map((clip) => clip.id);
  const inputs = { ...data.inputs, ...startInputs, frames: await fingerprintFrames(framesFolder, ids) };
  return inStageFolder({ stage, config, inputs }, options, (resume) =>
    run(config, data, start, framesFolder, options, resume),
  );
}

async function run(
  config: ClipPretrainConfig,
  data: OpenData,
  start: readonly StartFrom[],
  framesFolder: string,
  options: StageOptions,
  resume: boolean,
): Promise<StageResults> {
  const quarantine = new Quarantine();
  quarantine.addUntitled(data.clips);
  const images = { ...trainingPixels(config.images), imageSize: config.model.vision.imageSize };
  const pixels = await loadPixels(framesFolder, data.clips, images, quarantine, options);
  const clips = quarantine.without(data.clips);

  const model = new ContrastiveModel(new ParameterStore(), config.model);
  const settings = { ...config.training, seed: config.seed };
  const batches = trainingBatches({
    seed: config.seed,
    samples: clips.length,
    batchSize: settings.batchSize,
    groups: data.groups && clips.map((clip) => data.groups!.of(clip.id)),
    ...contrastiveBatchMaker(clips, pixels, data.tokenizer, config),
  });
  const initial = initialState(model.parameters, config.seed, start);
  const run = await openRun({ config, quarantine, total: data.clips.length, batches, resume }, options);
  const { state, weights } = await runTraining(
    {
      stage,
      run,
      resume,
      task: model,
      settings,
      ...batches,
      initial,
    },
    options,
  ).finally(() => pixels.close?.());
  const { model: modelConfig, text, frames } = config;
  const described = {
    kind: 'clip' as const,
    model: modelConfig,
    text,
    frames,
    images: imagesOf(config.images),
  };
  await writeExport(run.export, described, weights, data.tokenizer);
  return { export: run.export, steps: state.step, clips: clips.length, quarantined: quarantine.size };
}

interface OpenContrast {
  /** With all that follows from the vocabulary and the tower filled in. */
  readonly config: ClipPretrainConfig;
  readonly data: OpenData;
  readonly start: readonly StartFrom[];
  readonly inputs: Fingerprints;
}

/** Reads the data, and what text encoder and tower start from. */
async function openStart(given: ClipPretrainConfig): Promise<OpenContrast> {
  const opened = await openData(given.data);
  const tower = given.tower === null ? undefined : await readTower(given.tower);
  const textPath = given.initialWeights === 'auto' ? trainedWith(given.tower, tower) : given.initialWeights;
  const text = textPath === 'none' ? undefined : await readExport(textPath, 'bert', 'clip');
  const data = text ? { ...opened, tokenizer: tokenizerOf(text) } : opened;
  const start: StartFrom[] = [];
  if (text) start.push({ field: 'initialWeights', path: textPath, weights: textWeights(text) });
  if (tower) {
    const weights = renamed(tower.weights, { '': 'model_image.' });
    start.push({ field: 'tower', path: given.tower!, weights });
  }
  const vision = tower?.vision ?? given.model.vision;
  const images = completeImages(given.images, tower?.images);
  const config = withVocabulary({ ...given, images, model: { ...given.model, vision } }, data.tokenizer);
  const inputs = {
    ...(text && { initialWeights: await fingerprintWeights(text) }),
    ...(tower && { tower: await fingerprintWeights(tower) }),
  };
  return { config, data, start, inputs };
}

// The contrastive model that a tower comes from, if it comes from one.
function trainedWith(path: string | null, tower: TowerExport | undefined): string {
  return path !== null && tower?.kind === 'clip' ? path : 'none';
}

/** A text encoder, and the scale that it was trained with if there is one, under the contrastive model's names. */
function textWeights({ config, weights }: ModelExport<'bert' | 'clip'>): NdArrays {
  return config.kind === 'bert'
    ? bertWeights(weights, 'model_text.')
    : renamed(weights, { 'model_text.': 'model_text.', 'model_clip.': 'model_clip.' });
}

function withVocabulary(config: ClipPretrainConfig, tokenizer: Tokenizer): ClipPretrainConfig {
  const text = {
    ...config.model.text,
    vocabSize: tokenizer.vocabularySize,
    padTokenId: tokenizer.specialIds.pad,
  };
  return { ...config, model: { ...config.model, text } };
}
