import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

import { createProgram } from '@reelbert/compiler';
import type { Annotation, CategoryTable, NdArray } from '@reelbert/data';
import { argmax, writeSubmission } from '@reelbert/ensemble';
import { declareParameters, evaluator, loadInitialState, predictLogits } from '@reelbert/trainer';

import { openClassifierFrames, type FrameLocations } from '../dataset/classifier-frames.js';
import { predictionBatches } from '../dataset/classification-batches.js';
import { Interrupted } from '../exit-status.js';
import { useBackend } from './backend.js';
import { buildClassifier } from './classifier.js';
import { readExport, tokenizerOf, type ModelExport } from './export-folder.js';
import { framesForPrediction, type PredictionFrames } from './features-for-prediction.js';
import { writeLogits } from './logits-file.js';
import { Quarantine } from './quarantine.js';
import type { StageOptions } from './stage-options.js';

const stage = 'predict';
const batchSize = 64;

export interface ClipPredictions {
  readonly ids: readonly string[];
  /** [clips, classes] float32. */
  readonly logits: NdArray;
  readonly categories: CategoryTable;
}

export interface PredictionConfig extends PredictionFrames {
  /** Export of a finetuned model, or its run. */
  readonly model: string;
  readonly clips: readonly Annotation[];
}

/**
 * Predicts the category of each clip. A clip whose frames can't be used goes to the quarantine and is predicted from
 * its texts alone.
 */
export async function predictClips(
  config: PredictionConfig,
  quarantine: Quarantine,
  options: Omit<StageOptions, 'out'>,
): Promise<ClipPredictions> {
  const exported = await readExport(config.model, 'classifier');
  const { clips } = config;
  quarantine.addUntitled(clips);
  const ready = await framesForPrediction(exported, clips, config, quarantine, options);
  try {
    return await predictWith(exported, clips, ready.locations, quarantine, options);
  } finally {
    await ready.remove();
  }
}

async function predictWith(
  exported: ModelExport<'classifier'>,
  clips: readonly Annotation[],
  locations: FrameLocations,
  quarantine: Quarantine,
  options: Omit<StageOptions, 'out'>,
): Promise<ClipPredictions> {
  const source = await openClassifierFrames(exported.config, clips, locations, quarantine, options);
  await useBackend(options.reporter);
  const program = createProgram(options.eager ? { mode: 'eager' } : {});
  const bar = options.reporter.progress(stage, clips.length, 'clips');
  try {
    const model = buildClassifier(exported.config, exported.categories!.ids.length);
    const { state } = loadInitialState(model.parameters, exported.weights, { strict: true, seed: 0 });
    declareParameters(program, model.parameters);
    await program.write(state);
    const predict = evaluator(program, model, { weights: 'model' });
    const { config: settings } = exported;
    const batches = predictionBatches(clips, batchSize, {
      tokenizer: tokenizerOf(exported),
      source,
      text: settings.text,
      frames: settings.frames,
    });
    let done = 0;
    const logits = await predictLogits(async (batch) => {
      if (options.signal?.aborted) throw new Interrupted(stage, done, 'clip');
      const result = await predict(batch);
      bar.update((done = Math.min(done + batchSize, clips.length)));
      return result;
    }, batches);
    return { ids: clips.map((clip) => clip.id), logits, categories: exported.categories! };
  } finally {
    bar.stop();
    program.dispose();
    await source.close?.();
  }
}

/** Writes the submission and, if asked for, the logits. */
export async function writePredictions(
  { ids, logits, categories }: ClipPredictions,
  files: { readonly out: string; readonly logits?: string | undefined },
): Promise<void> {
  const chosen = argmax(logits);
  await mkdir(dirname(files.out), { recursive: true });
  await writeSubmission(
    files.out,
    ids.map((id, row) => ({ id, categoryId: categories.ids[chosen[row]!]! })),
  );
  if (files.logits !== undefined)
    await writeLogits(files.logits, { ids, logits, categories: categories.ids });
}
