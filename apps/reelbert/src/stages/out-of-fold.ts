import { join } from 'node:path';

import { categoriesFrom, loadCategories, meanF1, type Annotation } from '@reelbert/data';
import { argmax } from '@reelbert/ensemble';

import { finetuneSchema, type FinetuneConfig } from '../config/finetune-config.js';
import { validate } from '../config/validate.js';
import { readYaml } from '../config/yaml-document.js';
import { readClips } from '../dataset/clip-set.js';
import { inDataFolder } from '../dataset/data-folder.js';
import { splitFolds } from '../dataset/folds.js';
import { score } from '../terminal/table.js';
import { fingerprintFiles, fingerprintValue } from './fingerprint.js';
import { inFolder, type StageOutcome } from './in-stage-folder.js';
import { joinLogits } from './join-logits.js';
import { readLogits, writeLogits } from './logits-file.js';
import { writePredictions } from './predict.js';
import { logitsFile, predictInFolder, predictionsFile } from './prediction-stages.js';
import type { StageOptions } from './stage-options.js';

export interface HeldOutStage {
  /** The run of a model that was trained on all folds but one. */
  readonly model: string;
  /** The archive of features, if the model takes these. */
  readonly features?: string | undefined;
}

/** Predicts the clips of the fold that a run was not trained on. Results: `predictions`. */
export async function heldOutStage(stage: HeldOutStage, options: StageOptions): Promise<StageOutcome> {
  const { config, clips: all } = await readRun(stage.model);
  const { folder, frames, features } = config.data;
  const clips = (await splitFolds(config, all, undefined)).validation ?? [];
  const told = { ...stage, features: stage.features ?? features ?? undefined, folder, frames };
  return predictInFolder('held-out', told, clips, { clips: fingerprintValue(clips) }, options);
}

export interface OutOfFoldStage {
  /** Runs of the folds' models, in order. */
  readonly models: readonly string[];
  /** Folders of their held-out predictions. */
  readonly heldOut: readonly string[];
}

/**
 * Puts the held-out predictions of all folds together: logits of every labelled clip, in the order of the annotations,
 * each by the model that was not trained on it. Results: `logits`, `predictions` and their `scores`.
 */
export async function outOfFoldStage(config: OutOfFoldStage, options: StageOptions): Promise<StageOutcome> {
  const files = config.heldOut.map((folder) => join(folder, logitsFile));
  const inputs = await fingerprintFiles('logits', files);
  return inFolder('out-of-fold', config, inputs, options, async () => {
    const members = await Promise.all(files.map((file) => readLogits(file)));
    const { clips } = await readRun(config.models[0]!);
    const { origins, ...joined } = joinLogits(
      members,
      clips.map((clip) => clip.id),
    );
    const categories = categoriesFrom(joined.categories);
    const [predictions, logits] = [join(options.out, predictionsFile), join(options.out, logitsFile)];
    await writePredictions({ ...joined, categories }, { out: predictions });
    await writeLogits(logits, { ...joined, folds: origins.map((origin) => origin + 1) });
    const labels = clips.map((clip) => categories.indexOf(clip.category_id!)!);
    const scores = meanF1(labels, argmax(joined.logits), categories);
    options.reporter.say(
      `finetune: mean F1 ${score(scores.meanF1)} out of fold on ${labels.length} clips, ${files.length} folds -> ${logits}`,
    );
    return { logits, predictions, scores };
  });
}

/** What a finished fine-tuning run was told, and all of its labelled clips. */
async function readRun(run: string): Promise<{ config: FinetuneConfig; clips: readonly Annotation[] }> {
  const file = await readYaml(join(run, 'config.yaml'));
  const config = validate(finetuneSchema, file.value, file);
  const { folder, annotations, labels: table } = config.data;
  const labels = await loadCategories(await inDataFolder(folder, table, 'data.labels'));
  const { clips } = await readClips(folder, annotations, { labels });
  return { config, clips };
}
