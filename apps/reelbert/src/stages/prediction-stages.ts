import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { loadAnnotations, type MeanF1 } from '@reelbert/data';

import { inDataFolder } from '../dataset/data-folder.js';
import { ensemble } from './ensemble.js';
import { evaluate, largestClassScores } from './evaluate.js';
import { readExport } from './export-folder.js';
import { fingerprintFile, fingerprintFiles, fingerprintFrames, type Fingerprints } from './fingerprint.js';
import { inStageFolder, type StageOutcome } from './in-stage-folder.js';
import { predictClips, writePredictions } from './predict.js';
import { Quarantine } from './quarantine.js';
import { configText, type StageResults } from './stage-folder.js';
import type { StageOptions } from './stage-options.js';

const predictionsFile = 'predictions.csv';
const logitsFile = 'logits.safetensors';

export interface PredictionStage {
  /** The run of a fine-tuned model. */
  readonly model: string;
  /** The data set's folder; null is the sample. */
  readonly folder: string | null;
  readonly annotations: string;
  readonly frames: string;
  readonly features?: string | undefined;
}

/** Prediction as a stage with a folder of its own. Results: `predictions`, the submission. */
export async function predictionStage(config: PredictionStage, options: StageOptions): Promise<StageOutcome> {
  const { folder, features } = config;
  const annotations = await inDataFolder(folder, config.annotations, 'annotations');
  const clips = await loadAnnotations(annotations);
  const exported = await readExport(config.model, 'classifier');
  const pixels = exported.config.input === 'pixels' && exported.config.modality !== 'text';
  const frames = pixels ? await inDataFolder(folder, config.frames, 'frames') : undefined;
  const inputs = {
    model: await fingerprintFile(join(exported.folder, 'model.safetensors')),
    annotations: await fingerprintFile(annotations),
    ...(features !== undefined && { features: await fingerprintFile(features) }),
    ...(frames !== undefined && {
      frames: await fingerprintFrames(
        frames,
        clips.map((clip) => clip.id),
      ),
    }),
  };
  return inFolder('predict', config, inputs, options, async () => {
    const quarantine = new Quarantine();
    const predictions = await predictClips(
      { model: config.model, clips, features, frames },
      quarantine,
      options,
    );
    const list = join(options.out, 'quarantine.json');
    await quarantine.report(list, clips.length, options.reporter, 'predicted from what they have');
    const out = join(options.out, predictionsFile);
    await writePredictions(predictions, { out, logits: join(options.out, logitsFile) });
    options.reporter.say(`predict: ${clips.length} clips -> ${out}`);
    return { predictions: out, clips: clips.length };
  });
}

export interface EnsembleStage {
  /** Folders of prediction stages. */
  readonly members: readonly string[];
  readonly weights?: readonly number[] | undefined;
}

/** An ensemble as a stage with a folder of its own. Results: `predictions`, the submission. */
export async function ensembleStage(config: EnsembleStage, options: StageOptions): Promise<StageOutcome> {
  const logits = config.members.map((folder) => join(folder, logitsFile));
  return inFolder('ensemble', config, await fingerprintFiles('logits', logits), options, async () => {
    const out = join(options.out, predictionsFile);
    await ensemble({ logits, weights: config.weights, out });
    options.reporter.say(`ensemble: ${logits.length} models -> ${out}`);
    return { predictions: out };
  });
}

export interface EvaluationStage {
  readonly predictions: readonly { readonly name: string; readonly folder: string }[];
  readonly folder: string | null;
  readonly annotations: string;
}

/** The scores of a pipeline's predictors, by name. */
export type PipelineScores = Readonly<Record<string, MeanF1>>;

/** What the scores of always predicting the most frequent category are called. */
export const baselineName = 'largest class';

/** Scores of several predictions, as a stage. Results: `scores` by name, that of the largest class among them. */
export async function evaluationStage(config: EvaluationStage, options: StageOptions): Promise<StageOutcome> {
  const annotations = await inDataFolder(config.folder, config.annotations, 'annotations');
  const files = config.predictions.map(({ folder }) => join(folder, predictionsFile));
  const inputs = {
    annotations: await fingerprintFile(annotations),
    ...(await fingerprintFiles('predictions', files)),
  };
  return inFolder('evaluate', config, inputs, options, async () => {
    const scores: Record<string, MeanF1> = { [baselineName]: await largestClassScores(annotations) };
    for (const [i, { name }] of config.predictions.entries()) {
      const { meanF1, lv1Micro, lv1Macro, lv2Micro, lv2Macro } = await evaluate({
        predictions: files[i]!,
        annotations,
      });
      scores[name] = { meanF1, lv1Micro, lv1Macro, lv2Micro, lv2Macro };
    }
    await writeFile(join(options.out, 'scores.json'), JSON.stringify(scores, null, 2) + '\n');
    return { scores };
  });
}

function inFolder(
  stage: string,
  config: unknown,
  inputs: Fingerprints,
  options: StageOptions,
  body: () => Promise<StageResults>,
): Promise<StageOutcome> {
  return inStageFolder({ stage, config, inputs }, options, async () => {
    await mkdir(options.out, { recursive: true });
    await writeFile(join(options.out, 'config.yaml'), configText(config));
    return body();
  });
}
