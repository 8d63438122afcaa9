import { join } from 'node:path';

import { categoriesFrom, loadAnnotations, type Annotation } from '@reelbert/data';
import { averageLogits, type CombineOptions } from '@reelbert/ensemble';

import { inDataFolder } from '../dataset/data-folder.js';
import { readExport } from './export-folder.js';
import { fingerprintFile, fingerprintFiles, fingerprintFrames, type Fingerprints } from './fingerprint.js';
import { inFolder, type StageOutcome } from './in-stage-folder.js';
import { readAlignedLogits } from './logits-file.js';
import { predictClips, writePredictions } from './predict.js';
import { Quarantine } from './quarantine.js';
import type { StageOptions } from './stage-options.js';

/** A stage's submission, in its folder. */
export const predictionsFile = 'predictions.csv';
/** A stage's logits, in its folder. */
export const logitsFile = 'logits.safetensors';

/** Where the frames of a prediction are. */
interface PredictionSources {
  /** The run of a fine-tuned model. */
  readonly model: string;
  /** The data set's folder; null is the sample. */
  readonly folder: string | null;
  /** Folder of zipped frames in that folder, for a model of pixels. */
  readonly frames: string;
  /** The archive of features, for a model of these. */
  readonly features?: string | undefined;
}

export interface PredictionStage extends PredictionSources {
  /** A file in the data set's folder. */
  readonly annotations: string;
}

/** Prediction as a stage with a folder of its own. Results: `predictions`, the submission. */
export async function predictionStage(config: PredictionStage, options: StageOptions): Promise<StageOutcome> {
  const file = await inDataFolder(config.folder, config.annotations, 'annotations');
  const inputs = { annotations: await fingerprintFile(file) };
  return predictInFolder('predict', config, await loadAnnotations(file), inputs, options);
}

/**
 * Predicts clips in a stage's folder.
 *
 * @param told fingerprints of what decides which clips these are
 */
export async function predictInFolder(
  stage: string,
  config: PredictionSources,
  clips: readonly Annotation[],
  told: Fingerprints,
  options: StageOptions,
): Promise<StageOutcome> {
  const { features } = config;
  const exported = await readExport(config.model, 'classifier');
  const pixels = exported.config.input === 'pixels' && exported.config.modality !== 'text';
  const frames = pixels ? await inDataFolder(config.folder, config.frames, 'frames') : undefined;
  const ids = clips.map((clip) => clip.id);
  const inputs = {
    model: await fingerprintFile(join(exported.folder, 'model.safetensors')),
    ...told,
    ...(features !== undefined && { features: await fingerprintFile(features) }),
    ...(frames !== undefined && { frames: await fingerprintFrames(frames, ids) }),
  };
  return inFolder(stage, config, inputs, options, async () => {
    const quarantine = new Quarantine();
    const job = { model: config.model, clips, features, frames };
    const predictions = await predictClips(job, quarantine, options);
    const list = join(options.out, 'quarantine.json');
    await quarantine.report(list, clips.length, options.reporter, 'predicted from what they have');
    const out = join(options.out, predictionsFile);
    await writePredictions(predictions, { out, logits: join(options.out, logitsFile) });
    options.reporter.say(`predict: ${clips.length} clips -> ${out}`);
    return { predictions: out, clips: clips.length };
  });
}

export interface AverageStage {
  /** Folders of the predictions of models that differ in their folds only. */
  readonly members: readonly string[];
  readonly of: NonNullable<CombineOptions['of']>;
}

/** The average of several models' predictions as one model's. Results: `predictions`, the submission. */
export async function averageStage(config: AverageStage, options: StageOptions): Promise<StageOutcome> {
  const files = config.members.map((folder) => join(folder, logitsFile));
  return inFolder('average', config, await fingerprintFiles('logits', files), options, async () => {
    const members = await readAlignedLogits(files);
    const { ids, categories } = members[0]!;
    const logits = averageLogits(
      members.map((member) => member.logits),
      config.of,
    );
    const out = join(options.out, predictionsFile);
    const averaged = { ids, logits, categories: categoriesFrom(categories) };
    await writePredictions(averaged, { out, logits: join(options.out, logitsFile) });
    options.reporter.say(`predict: average of ${files.length} folds' models -> ${out}`);
    return { predictions: out, clips: ids.length };
  });
}
