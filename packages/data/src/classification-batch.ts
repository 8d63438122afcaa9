import { InputError } from './input-error.js';
import type { NdArray, NdArrays } from './nd-array.js';
import { float32, int32, padFrames, padText } from './padding.js';

/** One video to classify, tokenised and laid out. */
export interface ClassificationSample {
  /** Text with [CLS] and [SEP], unpadded. */
  readonly textIds: ArrayLike<number>;
  /**
   * Frame features [n, D]; or in end-to-end training pixels [n, S, S, 3], or states [n, tokens, hidden] of a tower's
   * lower layers; float32, n from 0 to F.
   */
  readonly frames: NdArray;
  /** Level-2 class index; absent in prediction. */
  readonly label?: number;
}

/** What fixes a classification batch's shapes. */
export interface ClassificationBatchOptions {
  /** Text width T. */
  readonly textLength: number;
  /** Frames F of a row. */
  readonly frames: number;
  /** Shape of one frame: [D] for features, [tokens, hidden] for states, [S, S, 3] for pixels. */
  readonly frameShape: readonly number[];
  /** What fills up frames, of that shape; zeros where absent. Zero pixels aren't zero states. */
  readonly filler?: Float32Array | undefined;
  /** Token id that fills texts. */
  readonly pad: number;
  /** Rows B; a smaller last batch is filled up. As many as samples where absent. */
  readonly batchSize?: number;
}

/** What a batch's frames are called, by how many axes a frame has. */
const frameFields = ['frames', 'frameStates', 'pixels'];

/**
 * Makes a classification batch: `inputIds`, `textMask` [B, T]; `frames` [B, F, D], `frameStates`
 * [B, F, tokens, hidden] or `pixels` [B, F, S, S, 3];
 * `frameMask` [B, F]; `labels` [B], there only if every sample has one; `rowMask` [B], 0 for rows that fill up a
 * last batch (they repeat its last sample).
 *
 * @throws InputError for no samples, more than the batch holds, or a sample of another shape
 */
export function assembleClassificationBatch(
  samples: readonly ClassificationSample[],
  options: ClassificationBatchOptions,
): NdArrays {
  const rows = options.batchSize ?? samples.length;
  if (samples.length === 0 || samples.length > rows) {
    throw new InputError({
      field: 'samples',
      found: String(samples.length),
      expected: `1 to ${rows} samples in a batch of ${rows}`,
    });
  }
  const filled = Array.from({ length: rows }, (_, row) => samples[Math.min(row, samples.length - 1)]!);
  const texts = filled.map((sample) => sample.textIds);
  const text = padText(texts, options.textLength, options.pad, 'textIds');
  const videos = filled.map((sample) => sample.frames);
  const name = frameFields[options.frameShape.length - 1]!;
  const frames = padFrames(videos, options.frames, options.frameShape, name, options.filler);
  const rowMask = Int32Array.from(filled, (_, row) => (row < samples.length ? 1 : 0));
  const labels = filled.map((sample) => sample.label);
  return {
    inputIds: int32([rows, options.textLength], text.ids),
    textMask: int32([rows, options.textLength], text.mask),
    [name]: float32([rows, options.frames, ...options.frameShape], frames.values),
    frameMask: int32([rows, options.frames], frames.mask),
    ...(labels.every((label) => label !== undefined) && { labels: int32([rows], Int32Array.from(labels)) }),
    rowMask: int32([rows], rowMask),
  };
}
