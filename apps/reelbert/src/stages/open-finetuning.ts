import { join } from 'node:path';

import {
  InputError,
  loadAnnotations,
  type Annotation,
  type CategoryTable,
  type NdArrays,
} from '@reelbert/data';
import type { Tokenizer } from '@reelbert/tokenizer';

import type { FinetuneConfig } from '../config/finetune-config.js';
import type { FrameLocations } from '../dataset/classifier-frames.js';
import { inDataFolder } from '../dataset/data-folder.js';
import { splitFolds } from '../dataset/folds.js';
import { openData } from '../dataset/open-data.js';
import { towerPrefix } from './classifier.js';
import { readExport, type ModelExport } from './export-folder.js';
import { findFrames } from './find-frames.js';
import { fingerprintFile, fingerprintValue, type Fingerprints } from './fingerprint.js';
import { readDone, refuseOtherConfig } from './stage-folder.js';
import type { StageOptions } from './stage-options.js';

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
  /** Weights to start from, under the classifier's names. */
  readonly start: NdArrays;
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
  const tokenizer = start?.exported.tokenizer ?? data.tokenizer;
  const config = complete(given, tokenizer, start, tower);
  await refuseOtherConfig(options, {
    ...config,
    data: undefined,
    model: { ...config.model, frameDim: undefined },
  });

  const clips = [...data.clips, ...(validation ?? []), ...(test ?? [])];
  const frames = await findFrames(config, clips, start, options);
  return {
    config: {
      ...config,
      data: { ...config.data, features: frames.features },
      model: { ...config.model, frameDim: frames.frameDim },
    },
    inputs: {
      ...data.inputs,
      ...frames.inputs,
      ...(start && { initialWeights: await fingerprintWeights(start.exported) }),
      ...(tower && { tower: await fingerprintWeights(tower) }),
      ...(validation && { validation: fingerprintValue(validation) }),
      ...(test && { test: fingerprintValue(test) }),
      labels: fingerprintValue(categories.ids),
    },
    tokenizer,
    categories,
    ...split,
    test,
    locations: frames.locations,
    start: { ...start?.exported.weights, ...(tower && underClassifierNames(tower.weights)) },
  };
}

/** What follows from the vocabulary, the pretraining and the tower. */
function complete(
  given: FinetuneConfig,
  tokenizer: Tokenizer,
  start: Start | undefined,
  tower: ModelExport<'clip'> | undefined,
): FinetuneConfig {
  const { vocabularySize: vocabSize, specialIds } = tokenizer;
  return {
    ...given,
    initialWeights: start?.path ?? 'none',
    vision: tower?.config.model.vision ?? given.vision,
    images: tower?.config.images ?? given.images,
    model: { ...given.model, text: { ...given.model.text, vocabSize, padTokenId: specialIds.pad } },
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

/** The pretraining that fine-tuning starts from: its run or export. */
export interface Start {
  readonly path: string;
  readonly exported: ModelExport<'pretraining'>;
}

/** Where `nx run trainer:pretrain` and `reelbert pretrain` leave their run. */
const usualPretraining = 'runs/pretrain';

async function findStart(
  { initialWeights }: FinetuneConfig,
  { reporter }: StageOptions,
): Promise<Start | undefined> {
  if (initialWeights === 'none') return undefined;
  if (initialWeights !== 'auto')
    return { path: initialWeights, exported: await readExport(initialWeights, 'pretraining') };
  const done = await readDone(usualPretraining);
  if (done?.stage !== 'pretrain') {
    reporter.say(`finetune: starts from nothing (no finished pretraining in ${usualPretraining})`);
    return undefined;
  }
  reporter.say(`finetune: starts from ${usualPretraining}`);
  return { path: usualPretraining, exported: await readExport(usualPretraining, 'pretraining') };
}

async function findTower({
  input,
  tower,
  modality,
}: FinetuneConfig): Promise<ModelExport<'clip'> | undefined> {
  if (tower === null) return undefined;
  if (input !== 'pixels' || modality === 'text') {
    throw new InputError({
      field: 'tower',
      found: `'${tower}'`,
      expected: 'null, or input: pixels and frames to look at',
    });
  }
  return readExport(tower, 'clip');
}

/** The vision tower's weights of a contrastive model, as a classifier names them. */
function underClassifierNames(weights: NdArrays): NdArrays {
  const prefix = 'model_image.';
  const own = Object.entries(weights).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, value]) => [towerPrefix + name.slice(prefix.length), value]));
}

function fingerprintWeights(exported: { readonly folder: string }): Promise<string> {
  return fingerprintFile(join(exported.folder, 'model.safetensors'));
}
