import { assembleContrastiveBatch, type Annotation } from '@reelbert/data';
import type { Tokenizer } from '@reelbert/tokenizer';

import type { ClipPretrainConfig } from '../config/clip-pretrain-config.js';
import { encodeClip, layoutClip, widthOf } from './clip-texts.js';
import { trainingFrames, type FrameSource } from './frame-source.js';
import { sameText } from './same-text.js';
import type { BatchMaker } from './training-batches.js';

/** Makes batches of clips with their texts: rows are numbers of clips. */
export function contrastiveBatchMaker(
  clips: readonly Annotation[],
  source: FrameSource,
  tokenizer: Tokenizer,
  config: ClipPretrainConfig,
): BatchMaker {
  const texts = clips.map((clip) =>
    layoutClip(encodeClip(clip, tokenizer), config.text, tokenizer.specialIds),
  );
  const titleNumbers = sameText(clips.map((clip) => clip.title));
  const options = {
    frames: config.frames.perClip,
    imageSize: config.model.vision.imageSize,
    pad: tokenizer.specialIds.pad,
  };
  return {
    widths: texts.map((text) => widthOf([text], config.text)),
    async make(rows, random) {
      const samples = [];
      for (const row of rows) {
        const pixels = await trainingFrames(source, clips[row]!.id, config.frames, random);
        samples.push({ textIds: texts[row]!, pixels });
      }
      const textLength = widthOf(
        samples.map((sample) => sample.textIds),
        config.text,
      );
      const batch = assembleContrastiveBatch(samples, { ...options, textLength });
      return { ...batch, groups: { dtype: 'int32', shape: [rows.length], data: titleNumbers(rows) } };
    },
  };
}
