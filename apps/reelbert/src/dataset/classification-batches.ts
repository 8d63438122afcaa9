import {
  assembleClassificationBatch,
  type Annotation,
  type ClassificationSample,
  type NdArray,
  type NdArrays,
} from '@reelbert/data';
import type { Tokenizer } from '@reelbert/tokenizer';

import type { FramesConfig, TextConfig } from '../config/data-config.js';
import { encodeClip, layoutClip, widthOf } from './clip-texts.js';
import { trainingFrames, type FrameSource } from './frame-source.js';
import type { BatchMaker } from './training-batches.js';

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
): BatchMaker {
  const texts = layoutTexts(clips, inputs);
  return {
    widths: texts.map((text) => widthOf([text], inputs.text)),
    async make(rows, random) {
      const samples = [];
      for (const row of rows) {
        const frames = await trainingFrames(inputs.source, clips[row]!.id, inputs.frames, random);
        samples.push({ textIds: texts[row]!, frames, label: labels[row]! });
      }
      return assembleSamples(samples, inputs);
    },
  };
}

/** The clips' texts as rows of tokens, unpadded. */
export function layoutTexts(
  clips: readonly Annotation[],
  { tokenizer, text }: Pick<ClassificationInputs, 'tokenizer' | 'text'>,
): number[][] {
  return clips.map((clip) => layoutClip(encodeClip(clip, tokenizer), text, tokenizer.specialIds));
}

/** A batch as wide as its longest text needs; of fewer samples than `batchSize` it is filled up. */
export function assembleSamples(
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
