import { existsSync } from 'node:fs';

import type { Annotation } from '@reelbert/data';

import type { FinetuneConfig } from '../config/finetune-config.js';
import type { FrameLocations } from '../dataset/classifier-frames.js';
import { dataFolder, inDataFolder } from '../dataset/data-folder.js';
import { openFeatures } from '../dataset/feature-frames.js';
import { fingerprintFile, fingerprintFrames, type Fingerprints } from './fingerprint.js';
import type { Start } from './model-start.js';
import { prepareFeatures } from './prerequisites.js';
import { readDone, type StageResults } from './stage-folder.js';
import type { StageOptions } from './stage-options.js';

/** Where a classifier's frames lie. */
export interface FoundFrames {
  readonly locations: FrameLocations;
  readonly inputs: Fingerprints;
  readonly frameDim: number;
  /** The archive as the configuration should name it: null where it is made by this run. */
  readonly features: string | null;
  /** The tower that made the features, where that is known. */
  readonly tower?: string;
}

/**
 * Finds the frames that a classifier learns from. Features that the configuration doesn't name are those of the
 * pretraining it starts from, or are made, by that pretraining's tower if it is known.
 */
export async function findFrames(
  config: FinetuneConfig,
  clips: readonly Annotation[],
  start: Start | undefined,
  options: StageOptions,
): Promise<FoundFrames> {
  const { data, input, modality, vision, model } = config;
  const ids = clips.map((clip) => clip.id);
  if (modality === 'text') {
    const pretrained = start?.exported.config;
    const frameDim = pretrained?.kind === 'pretraining' ? pretrained.model.frameDim : model.frameDim;
    return { locations: {}, inputs: {}, frameDim, features: null };
  }
  if (input === 'pixels') {
    const frames = await inDataFolder(data.folder, data.frames, 'data.frames');
    const inputs = { frames: await fingerprintFrames(frames, ids) };
    return { locations: { frames }, inputs, frameDim: vision.hiddenSize, features: null };
  }
  const results = start && (await readDone(start.path))?.results;
  const named = data.features ?? (await archiveOf(results, await dataFolder(data.folder), ids));
  const pretrainedTower = typeof results?.tower === 'string' ? results.tower : undefined;
  const prepared =
    named === null ? await prepareFeatures(data, pretrainedTower ?? config.featureTower, options) : undefined;
  const archive = named ?? prepared!.features;
  const tower = prepared?.tower ?? (data.features === null ? pretrainedTower : undefined);
  const opened = await openFeatures(archive);
  await opened.close();
  return {
    locations: { features: archive },
    inputs: { features: await fingerprintFile(archive) },
    frameDim: opened.frameShape[0]!,
    features: named,
    ...(tower !== undefined && { tower }),
  };
}

/** The pretraining's archive, if it was made from the same folder or has every clip. */
async function archiveOf(
  results: StageResults | undefined,
  folder: string,
  ids: readonly string[],
): Promise<string | null> {
  const archive = results?.features;
  if (typeof archive !== 'string' || !existsSync(archive)) return null;
  if (results?.preparedFrom === folder) return archive;
  const features = await openFeatures(archive);
  await features.close();
  return ids.every((id) => features.has(id)) ? archive : null;
}
