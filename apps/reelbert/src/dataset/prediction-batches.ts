import { batchesOf, type Annotation, type NdArray } from '@reelbert/data';
import type { PredictionBatch } from '@reelbert/trainer';

import type { FramesConfig } from '../config/data-config.js';
import { assembleSamples, layoutTexts, type ClassificationInputs } from './classification-batches.js';
import { evaluationFrames, type FrameSource } from './frame-source.js';

/** Which clips are predicted together: it follows from the texts alone. */
export interface PredictionPlan {
  /** Token rows of all clips, unpadded. */
  readonly texts: readonly (readonly number[])[];
  /** Numbers of clips, those with the longest texts first. */
  readonly batches: readonly (readonly number[])[];
  /** Rows of a batch; the last one may have fewer clips. */
  readonly batchSize: number;
}

/** Sorts clips by the length of their texts, so that a batch is filled up to about what each of its clips needs. */
export function planPrediction(
  clips: readonly Annotation[],
  inputs: Pick<ClassificationInputs, 'tokenizer' | 'text'>,
  batchSize: number,
): PredictionPlan {
  const texts = layoutTexts(clips, inputs);
  const order = texts.map((_, clip) => clip).sort((a, b) => texts[b]!.length - texts[a]!.length);
  return { texts, batches: batchesOf(order, batchSize), batchSize };
}

/** Clips in a batch for prediction, where their frames don't take too much. */
const mostClips = 64;
/** Bytes of frames in a batch: so a base model with its tower predicts within some 2 GB, its weights included. */
const frameBytes = 128 * 2 ** 20;

/** How many clips to predict together: 64, or fewer that fit into memory (13 at 16 frames of 224 pixels). */
export function predictionBatchSize(frameShape: readonly number[], perClip: number): number {
  const clipBytes = 4 * frameShape.reduce((product, extent) => product * extent, perClip);
  return Math.max(1, Math.min(mostClips, Math.floor(frameBytes / clipBytes)));
}

/** Chooses a clip's frames and reads them. */
export type FramesOf = (source: FrameSource, id: string, frames: FramesConfig) => Promise<NdArray>;

/** The plan's batches; their frames are read one batch at a time. */
export async function* predictionBatches(
  clips: readonly Annotation[],
  { texts, batches, batchSize }: PredictionPlan,
  inputs: ClassificationInputs,
  framesOf: FramesOf = evaluationFrames,
): AsyncGenerator<PredictionBatch> {
  for (const numbers of batches) {
    const samples = [];
    for (const clip of numbers) {
      const frames = await framesOf(inputs.source, clips[clip]!.id, inputs.frames);
      samples.push({ textIds: texts[clip]!, frames });
    }
    yield { batch: assembleSamples(samples, inputs, batchSize), samples: numbers };
  }
}
