// Collation for masked language modelling that may look at frames: texts and frames padded, each in an array of its own.
import {
  rowParts,
  type PretrainingChoices,
  type PretrainingOptions,
  type PretrainingSample,
} from './masking.js';
import { filledTo, float32, int32, padFrames } from './padding.js';
import type { PretrainingBatch } from './pretraining-batch.js';
import { pretrainingCapacity } from './pretraining-capacity.js';
import { hideText } from './pretraining-text.js';

/**
 * Makes a batch of B rows: `inputIds`, `textMask` int32 [B, T], `frames` [B, F, D], `frameMask` int32 [B, F], and
 * `textPositions` (flat in B * T), `textLabels`, `mlmWeights` [C]: the hidden tokens. Hidden tokens are still attended.
 *
 * @param options with no objective but `mlm`
 * @throws InputError for samples of other shapes than the options say
 */
export function assembleMaskedLanguageBatch(
  samples: readonly PretrainingSample[],
  choices: Pick<PretrainingChoices, 'mlmSelected' | 'mlmReplacement'>,
  options: PretrainingOptions,
): PretrainingBatch {
  const { textLength, frames: length, frameDim } = options;
  const rows = samples.length;
  const {
    text,
    positions = [],
    fields,
    dropped,
  } = hideText(samples, choices, rowParts(rows, options), options);
  const frames = padFrames(
    samples.map((sample) => sample.frames),
    length,
    [frameDim],
    'frames',
  );
  const batch = {
    inputIds: int32([rows, textLength], text.ids),
    textMask: int32([rows, textLength], text.mask),
    frames: float32([rows, length, frameDim], frames.values),
    frameMask: int32([rows, length], frames.mask),
    textPositions: filledTo(pretrainingCapacity(rows, options).text, positions),
    ...fields,
  };
  return { batch, dropped };
}
