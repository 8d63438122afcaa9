import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { InputError } from '@reelbert/data';

import { clipPretrainSchema } from '../config/clip-pretrain-config.js';
import { loadConfig } from '../config/presets.js';
import { dataFolder } from '../dataset/data-folder.js';
import { clipPretrain } from './clip-pretrain.js';
import { isExport } from './export-folder.js';
import { extractionStage } from './extract-features.js';
import type { StageOptions } from './stage-options.js';

/** Features that a run made for itself. */
export interface PreparedFeatures {
  /** The archive. */
  readonly features: string;
  /** The tower that made it: its export. */
  readonly tower: string;
  /** The data set's folder, all of whose clips are in the archive. */
  readonly preparedFrom: string;
}

/** Part of a stage's data configuration. */
export interface PrerequisiteData {
  readonly folder: string | null;
  readonly annotations: readonly string[];
  readonly frames: string;
  readonly vocabulary: string;
}

/**
 * Makes the features that a run lacks, in RUN/prerequisites, of all clips of the data set.
 *
 * @param tower run or export of a tower; or a configuration by which one is trained first
 */
export async function prepareFeatures(
  data: PrerequisiteData,
  tower: string,
  options: StageOptions,
): Promise<PreparedFeatures> {
  const out = join(options.out, 'prerequisites');
  const within = (name: string): StageOptions => ({ ...options, out: join(out, name), replace: true });
  options.reporter.say(`no features given: making them in ${out}`);
  const towerFolder = isExport(tower) ? tower : await trainTower(data, tower, within('tower'));
  const folder = await dataFolder(data.folder);
  const usual = ['unlabelled.json', 'labelled.json', 'test.json'].filter((name) =>
    existsSync(join(folder, name)),
  );
  const { results } = await extractionStage(
    {
      tower: towerFolder,
      folder: data.folder,
      annotations: [...new Set([...data.annotations, ...usual])],
      frames: data.frames,
    },
    within('features'),
  );
  return { features: String(results.features), tower: towerFolder, preparedFrom: folder };
}

async function trainTower(data: PrerequisiteData, preset: string, options: StageOptions): Promise<string> {
  const config = await loadConfig(clipPretrainSchema, preset);
  const { folder, frames, vocabulary } = data;
  const { results } = await clipPretrain(
    { ...config, data: { ...config.data, folder, frames, vocabulary } },
    options,
  ).catch((error: unknown) => {
    throw ofTower(error, preset);
  });
  return String(results.export);
}

/** A wrong setting of the tower's training is none of the stage that the user configured: says whose it is. */
function ofTower(error: unknown, preset: string): unknown {
  if (!(error instanceof InputError) || error.details.file !== undefined) return error;
  return new InputError({
    ...error.details,
    file: `${preset}, by which a frame tower is trained first`,
    expected: `${error.details.expected}; or data.features, or a tower as featureTower`,
  });
}
