import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { InputError, type Annotation } from '@reelbert/data';

import { openClassifierFrames, type FrameLocations } from '../dataset/classifier-frames.js';
import type { FrameSource } from '../dataset/frame-source.js';
import type { ModelExport } from './export-folder.js';
import { extractFeatures } from './extract-features.js';
import type { Quarantine } from './quarantine.js';
import { readDone } from './stage-folder.js';
import type { StageOptions } from './stage-options.js';

/** Where a prediction's frames come from. */
export interface PredictionFrames extends FrameLocations {
  /** The tower that makes features of frames, for a model of features; default: the one that the model's run names. */
  readonly tower?: string | undefined;
}

/**
 * Opens the frames that a model looks at. For a model of features that is given frames, their features are made first.
 *
 * @throws InputError if what the model takes isn't given, or no tower is known
 */
export async function openPredictionFrames(
  exported: ModelExport<'classifier'>,
  clips: readonly Annotation[],
  { features, frames, tower: named }: PredictionFrames,
  quarantine: Quarantine,
  options: Omit<StageOptions, 'out'>,
): Promise<FrameSource> {
  const { config, folder: file } = exported;
  const open = (locations: FrameLocations) =>
    openClassifierFrames(config, clips, locations, quarantine, options);
  if (config.modality === 'text') return open({});
  if (config.input === 'pixels') {
    if (frames !== undefined) return open({ frames });
    throw new InputError({ file, found: 'a model of frames as pixels', expected: '--frames DIR' });
  }
  if (features !== undefined) return open({ features });
  const tower = named ?? (await towerOfRun(file));
  if (frames === undefined || tower === undefined) {
    const expected = '--features F.zip; or --frames DIR and the tower of the features, --tower DIR';
    throw new InputError({ file, found: 'a model of frame features', expected });
  }
  const made = await mkdtemp(join(tmpdir(), 'reelbert-features-'));
  try {
    const out = join(made, 'features.zip');
    const { stored } = await extractFeatures({ tower, clips, frames, out }, quarantine, options);
    if (stored > 0) return await open({ features: out });
    const found = `usable frames of none of ${clips.length} clips`;
    throw new InputError({ file: frames, found, expected: 'some' });
  } finally {
    await rm(made, { recursive: true, force: true }); // stays readable to who has opened it
  }
}

/** The tower that the run of this export says its features are from. */
async function towerOfRun(folder: string): Promise<string | undefined> {
  const tower = (await readDone(dirname(folder)))?.results.tower;
  return typeof tower === 'string' ? tower : undefined;
}
