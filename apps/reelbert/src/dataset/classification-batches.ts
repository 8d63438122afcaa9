import {
  assembleClassificationBatch,
  type Annotation,
  type ClassificationSample,
  type NdArray,
  type NdArrays,
  type Random,
} from '@reelbert/data';
import type { Tokenizer } from '@reelbert/tokenizer';

import type { FramesConfig, TextConfig } from '../config/data-config.js';
import { encodeClip, layoutClip, widthOf } from './clip-texts.js';
import { evaluationFrames, trainingFrames, type FrameSource } from './frame-source.js';

/** What decides a classification batch beside its clips. */
export interface ClassificationInputs {
  readonly tokenizer: Tokenizer;
  readonly source: FrameSource;
  readonly text: TextConfig;
  readonly frames: FramesConfig;
}

/** Makes training batches of labelled clips: rows are numbers of clips, `labels` their classes. */
export function classificationBatchMaker(
  clips: readonly Annotation[],
  labels: ArrayLike<number>,
  inputs: ClassificationInputs,
): (rows: readonly number[], random: Random) => Promise<NdArrays> {
  const texts = layout(clips, inputs);
  return async (rows, random) => {
    const samples = [];
    for (const row of rows) {
      const frames = await trainingFrames(inputs.source, clips[row]!.id, inputs.frames, random);
      samples.push({ textIds: texts[row]!, frames, label: labels[row]! });
    }
    return assemble(samples, inputs);
  };
}

/** Chooses a clip's frames and reads them. */
export type FramesOf = (source: FrameSource, id: string, frames: FramesConfig) => Promise<NdArray>;

/** All clips in order, in batches for prediction; the last one is filled up. */
export async function* predictionBatches(
  clips: readonly Annotation[],
  batchSize: number,
  inputs: ClassificationInputs,
  framesOf: FramesOf = evaluationFrames,
): AsyncGenerator<NdArrays> {
  const texts = layout(clips, inputs);
  for (let first = 0; first < clips.length; first += batchSize) {
    const samples = [];
    for (let row = first; row < Math.min(first + batchSize, clips.length); row++) {
      samples.push({
        textIds: texts[row]!,
        frames: await framesOf(inputs.source, clips[row]!.id, inputs.frames),
      });
    }
    yield assemble(samples, inputs, batchSize);
  }
}

function layout(clips: readonly Annotation[], { tokenizer, text }: ClassificationInputs): number[][] {
  return clips.map((clip) => layoutClip(encodeClip(clip, tokenizer), text, tokenizer.specialIds));
}

function assemble(
  samples: readonly (ClassificationSample & { readonly frames: NdArray })[],
  { tokenizer, source, text, frames }: ClassificationInputs,
  batchSize = samples.length,
): NdArrays {
  return assembleClassificationBatch(samples, {
    textLength: widthOf(
      samples.map((sample) => sample.textIds),
      text,
    ),
    frames: frames.perClip,
    frameShape: source.frameShape,
    filler: source.filler,
    pad: tokenizer.specialIds.pad,
    batchSize,
  });
}
