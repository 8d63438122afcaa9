import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { InputError, type Annotation } from '@reelbert/data';

import type { FrameLocations } from '../dataset/classifier-frames.js';
import type { ModelExport } from './export-folder.js';
import { extractFeatures } from './extract-features.js';
import type { Quarantine } from './quarantine.js';
import { readDone } from './stage-folder.js';
import type { StageOptions } from './stage-options.js';

export interface PredictionFrames extends FrameLocations {
  /** The tower whose features the model takes, where these are to be made; default: what the model's run says. */
  readonly tower?: string | undefined;
}

/** Where a prediction's frames lie, and what is to be removed after it. */
interface ReadyFrames {
  readonly locations: FrameLocations;
  remove(): Promise<void>;
}

/**
 * The frames that a model takes. For a model of features that is given frames, their features are made in a temporary
 * folder.
 *
 * @throws InputError if the model takes what isn't given, or no tower is known
 */
export async function framesForPrediction(
  exported: ModelExport<'classifier'>,
  clips: readonly Annotation[],
  given: PredictionFrames,
  quarantine: Quarantine,
  options: Omit<StageOptions, 'out'>,
): Promise<ReadyFrames> {
  const { config, folder: file } = exported;
  const { features, frames } = given;
  const ready = { locations: { features, frames }, remove: async () => undefined };
  if (config.modality === 'text') return ready;
  if (config.input === 'pixels') {
    if (frames !== undefined) return ready;
    throw new InputError({ file, found: 'a model of frames as pixels', expected: '--frames DIR' });
  }
  if (features !== undefined) return ready;
  const tower = given.tower ?? (await towerOfRun(file));
  if (frames === undefined || tower === undefined) {
    const expected = '--features F.zip; or --frames DIR and the tower that made them, --tower DIR';
    throw new InputError({ file, found: 'a model of frame features', expected });
  }
  const made = await mkdtemp(join(tmpdir(), 'reelbert-features-'));
  const remove = () => rm(made, { recursive: true, force: true });
  try {
    const out = join(made, 'features.zip');
    const { stored } = await extractFeatures({ tower, clips, frames, out }, quarantine, options);
    if (stored > 0) return { locations: { features: out }, remove };
    throw new InputError({
      file: frames,
      found: `usable frames of none of ${clips.length} clips`,
      expected: 'some',
    });
  } catch (error) {
    await remove();
    throw error;
  }
}

/** The tower that the run of this export says its features are from. */
async function towerOfRun(folder: string): Promise<string | undefined> {
  const tower = (await readDone(dirname(folder)))?.results.tower;
  return typeof tower === 'string' ? tower : undefined;
}
