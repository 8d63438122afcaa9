import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

import { shardOf, type Shard } from '@reelbert/clip-features';
import { createProgram } from '@reelbert/compiler';
import { InputError, type Annotation, type CategoryTable, type NdArray } from '@reelbert/data';
import { argmax, writeSubmission } from '@reelbert/ensemble';
import { declareParameters, evaluator, loadInitialState, predictLogits } from '@reelbert/trainer';

import { frameShapeOf } from '../dataset/classifier-frames.js';
import {
  planPrediction,
  predictionBatches,
  predictionBatchSize,
  type PredictionPlan,
} from '../dataset/prediction-batches.js';
import { Interrupted } from '../exit-status.js';
import { useBackend } from './backend.js';
import { buildClassifier } from './classifier.js';
import { readExport, tokenizerOf } from './export-folder.js';
import { writeLogits } from './logits-file.js';
import { openPredictionFrames, type PredictionFrames } from './prediction-frames.js';
import { Quarantine } from './quarantine.js';
import type { StageOptions } from './stage-options.js';

const stage = 'predict';

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
  /** Only this part of the batches: the parts' logits are those that all of it would have. */
  readonly shard?: Shard | undefined;
}

/**
 * Predicts the category of each clip, or of those in a shard, in their order. A clip whose frames can't be used goes to
 * the quarantine and is predicted from its texts alone.
 */
export async function predictClips(
  config: PredictionConfig,
  quarantine: Quarantine,
  options: Omit<StageOptions, 'out'>,
): Promise<ClipPredictions> {
  const exported = await readExport(config.model, 'classifier');
  const { config: settings } = exported;
  const inputs = { tokenizer: tokenizerOf(exported), text: settings.text, frames: settings.frames };
  const plan = planShard(config, inputs, predictionBatchSize(frameShapeOf(settings), inputs.frames.perClip));
  const clips = plan.batches
    .flat()
    .sort((a, b) => a - b)
    .map((number) => config.clips[number]!);
  quarantine.addUntitled(clips);
  await useBackend(options);
  const source = await openPredictionFrames(exported, clips, config, quarantine, options);
  const program = createProgram(options.eager ? { mode: 'eager' } : {});
  const bar = options.reporter.progress(stage, clips.length, 'clips');
  try {
    const model = buildClassifier(settings, exported.categories!.ids.length);
    const { state } = loadInitialState(model.parameters, exported.weights, { strict: true, seed: 0 });
    declareParameters(program, model.parameters);
    await program.write(state);
    const predict = evaluator(program, model, { weights: 'model' });
    const batches = predictionBatches(config.clips, plan, { ...inputs, source });
    let done = 0;
    const logits = await predictLogits(async (batch) => {
      if (options.signal?.aborted) throw new Interrupted(stage, done, 'clip');
      const result = await predict(batch);
      bar.update((done = Math.min(done + plan.batchSize, clips.length)));
      return result;
    }, batches);
    return { ids: clips.map((clip) => clip.id), logits, categories: exported.categories! };
  } finally {
    bar.stop();
    program.dispose();
    await source.close?.();
  }
}

/** The batches of the shard: every so many-th of all. So they hold the same clips as without shards. */
function planShard(
  { clips, shard }: PredictionConfig,
  inputs: Parameters<typeof planPrediction>[1],
  batchSize: number,
): PredictionPlan {
  const plan = planPrediction(clips, inputs, batchSize);
  if (!shard) return plan;
  const count = plan.batches.length;
  if (shard.count > count) {
    throw new InputError({
      field: 'shard',
      found: `${shard.index}/${shard.count}`,
      expected: `at most ${count} parts: ${clips.length} clips make ${count} batches of ${batchSize}`,
    });
  }
  return { ...plan, batches: shardOf(plan.batches, shard) };
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
