import { InputError } from './input-error.js';
import type { NdArray, NdArrays } from './nd-array.js';
import { float32, int32, padFrames, padText } from './padding.js';

/** A text and frames of the same video. */
export interface ContrastiveSample {
  /** Text with [CLS] and [SEP], unpadded. */
  readonly textIds: ArrayLike<number>;
  /** Pixels [n, S, S, 3] float32, n from 0 to N. */
  readonly pixels: NdArray;
}

/** What fixes a contrastive batch's shapes. */
export interface ContrastiveBatchOptions {
  /** Text width T. */
  readonly textLength: number;
  /** Frames N of a row. */
  readonly frames: number;
  /** Height and width S of a frame. */
  readonly imageSize: number;
  /** Token id that fills texts. */
  readonly pad: number;
}

/**
 * Makes a batch of matching pairs for video-text contrast: `inputIds`, `textMask` [B, T]; `pixels` [B, N, S, S, 3],
 * `frameMask` [B, N]. Every other row is a negative, so a batch needs two.
 *
 * @throws InputError for fewer than two samples or a sample of another shape
 */
export function assembleContrastiveBatch(
  samples: readonly ContrastiveSample[],
  options: ContrastiveBatchOptions,
): NdArrays {
  const rows = samples.length;
  if (rows < 2) {
    throw new InputError({
      field: 'batchSize',
      found: String(rows),
      expected: 'at least 2 rows for contrast',
    });
  }
  const { textLength, frames: length, imageSize } = options;
  const texts = samples.map((sample) => sample.textIds);
  const text = padText(texts, textLength, options.pad, 'textIds');
  const frameShape = [imageSize, imageSize, 3];
  const videos = samples.map((sample) => sample.pixels);
  const frames = padFrames(videos, length, frameShape, 'pixels');
  return {
    inputIds: int32([rows, textLength], text.ids),
    textMask: int32([rows, textLength], text.mask),
    pixels: float32([rows, length, ...frameShape], frames.values),
    frameMask: int32([rows, length], frames.mask),
  };
}
