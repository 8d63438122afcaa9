import { InputError, loadAnnotations, type Annotation, type CategoryTable } from '@reelbert/data';
import type { Tokenizer } from '@reelbert/tokenizer';

import { withModel } from '../config/architecture.js';
import { completeImages } from '../config/data-config.js';
import type { FinetuneConfig } from '../config/finetune-config.js';
import type { FrameLocations } from '../dataset/classifier-frames.js';
import { inDataFolder } from '../dataset/data-folder.js';
import { splitFolds } from '../dataset/folds.js';
import { openData } from '../dataset/open-data.js';
import { buildClassifier, shapeOf, towerPrefix } from './classifier.js';
import { tokenizerOf } from './export-folder.js';
import { findFrames } from './find-frames.js';
import { fingerprintValue, fingerprintWeights, type Fingerprints } from './fingerprint.js';
import { frozenLayers } from './frozen-layers.js';
import { checkStart, readStart, renamed, startWeights, type Start, type StartFrom } from './model-start.js';
import { readDone, refuseOtherConfig } from './stage-folder.js';
import type { StageOptions } from './stage-options.js';
import { readTower, type TowerExport } from './tower-export.js';

/** Everything that fine-tuning reads but the frames, found and checked. */
export interface OpenFinetuning {
  /** With all that follows from the data filled in. */
  readonly config: FinetuneConfig;
  readonly inputs: Fingerprints;
  readonly tokenizer: Tokenizer;
  readonly categories: CategoryTable;
  readonly training: readonly Annotation[];
  /** Clips by which the best weights are chosen, if any. */
  readonly validation: readonly Annotation[] | undefined;
  /** Clips that the finished model is scored on, if any. */
  readonly test: readonly Annotation[] | undefined;
  readonly locations: FrameLocations;
  /** The tower that made the features, where that is known. */
  readonly featureTower: string | undefined;
  /** Layers of the tower that the cache stands for; 0 without one. */
  readonly frozenLayers: number;
  /** Weights to start from, under the classifier's names. */
  readonly start: readonly StartFrom[];
}

/**
 * Finds and checks what fine-tuning needs: annotations, the weights to start from, features or frames.
 *
 * @throws InputError for whatever is missing or doesn't fit
 */
export async function openFinetuning(
  given: FinetuneConfig,
  categories: CategoryTable,
  options: StageOptions,
): Promise<OpenFinetuning> {
  const data = await openData(given.data, categories);
  const validation = await readLabelled(given, 'validation', categories);
  const test = await readLabelled(given, 'test', categories);
  const split = await splitFolds(given, data.clips, validation);
  const start = await findStart(given, options);
  const tower = await findTower(given);
  const tokenizer = start ? tokenizerOf(start.exported) : data.tokenizer;
  const config = complete(given, tokenizer, start, tower);
  await refuseOtherConfig(options, {
    ...config,
    data: undefined,
    model: { ...config.model, frameDim: undefined },
  });

  const frozen = config.visionCache === false ? 0 : frozenLayers(config.vision, config.training.optimizer);
  const from = startingPoints(config, start, tower);
  checkStart('finetune', buildClassifier(shapeOf(config), 1).parameters, from, options.reporter);
  const clips = [...data.clips, ...(validation ?? []), ...(test ?? [])];
  const frames = await findFrames(config, clips, start, options);
  return {
    config: {
      ...withModel(config, { frameDim: frames.frameDim }),
      data: { ...config.data, features: frames.features },
    },
    inputs: {
      ...data.inputs,
      ...frames.inputs,
      ...(start && { initialWeights: await fingerprintWeights(start.exported) }),
      ...(tower && { tower: await fingerprintWeights(tower) }),
      ...(split.validation && { validation: fingerprintValue(split.validation) }),
      ...(test && { test: fingerprintValue(test) }),
      labels: fingerprintValue(categories.ids),
    },
    tokenizer,
    categories,
    ...split,
    test,
    locations: frames.locations,
    featureTower: frames.tower,
    frozenLayers: frozen,
    start: from,
  };
}

/** What the classifier's weights come from. */
function startingPoints(
  { architecture, tower: towerPath }: FinetuneConfig,
  start: Start | undefined,
  tower: TowerExport | undefined,
): StartFrom[] {
  const points: StartFrom[] = [];
  if (start) {
    const weights = startWeights(start, architecture);
    points.push({ field: 'initialWeights', path: start.path, weights });
  }
  if (tower) {
    const weights = renamed(tower.weights, { '': towerPrefix });
    points.push({ field: 'tower', path: towerPath!, weights });
  }
  return points;
}

/** What follows from the vocabulary, the pretraining and the tower. */
function complete(
  given: FinetuneConfig,
  tokenizer: Tokenizer,
  start: Start | undefined,
  tower: TowerExport | undefined,
): FinetuneConfig {
  const { vocabularySize: vocabSize, specialIds } = tokenizer;
  const vision = tower?.vision ?? given.vision;
  const pretrained = start?.exported.config;
  const model = {
    text: { ...given.model.text, vocabSize, padTokenId: specialIds.pad },
    ...(pretrained?.kind === 'pretraining' && { frameDim: pretrained.model.frameDim }),
    ...(given.input === 'pixels' && { frameDim: vision.hiddenSize }),
  };
  return {
    ...withModel(given, model),
    initialWeights: start?.path ?? 'none',
    vision,
    images: completeImages(given.images, tower?.images),
  };
}

async function readLabelled(
  { data }: FinetuneConfig,
  part: 'validation' | 'test',
  labels: CategoryTable,
): Promise<Annotation[] | undefined> {
  const name = data[part];
  if (name === null) return undefined;
  return loadAnnotations(await inDataFolder(data.folder, name, `data.${part}`), {
    labels,
    requireCategory: true,
  });
}

/** Where `nx run trainer:pretrain` and `reelbert pretrain` leave their run. */
const usualPretraining = 'runs/pretrain';

async function findStart(
  { initialWeights }: FinetuneConfig,
  { reporter }: StageOptions,
): Promise<Start | undefined> {
  if (initialWeights === 'none') return undefined;
  if (initialWeights !== 'auto') return readStart(initialWeights);
  const done = await readDone(usualPretraining);
  if (done?.stage !== 'pretrain') {
    reporter.say(`finetune: starts from nothing (no finished pretraining in ${usualPretraining})`);
    return undefined;
  }
  reporter.say(`finetune: starts from ${usualPretraining}`);
  return readStart(usualPretraining);
}

async function findTower({ input, tower, modality }: FinetuneConfig): Promise<TowerExport | undefined> {
  if (tower === null) return undefined;
  if (input !== 'pixels' || modality === 'text') {
    throw new InputError({
      field: 'tower',
      found: `'${tower}'`,
      expected: 'null, or input: pixels and frames to look at',
    });
  }
  return readTower(tower);
}
