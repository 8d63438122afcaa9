// Collation for pretraining: samples and choices in, one plain record of arrays out (all objectives on one encoder
// pass, and two unmasked passes for ICT). Shapes: B rows, T text positions, F frames of D values.
import { InputError } from './input-error.js';
import {
  rowParts,
  type PretrainingChoices,
  type PretrainingOptions,
  type PretrainingSample,
  type RowParts,
} from './masking.js';
import type { NdArrays } from './nd-array.js';
import { float32, int32, padText, type PaddedFrames } from './padding.js';
import { pretrainingCapacity } from './pretraining-capacity.js';
import { hideFrames } from './pretraining-frames.js';

/** A collated batch and how many chosen positions exceeded its capacities: these were left unmasked. */
export interface PretrainingBatch {
  readonly batch: NdArrays;
  readonly dropped: number;
}

/**
 * Makes a pretraining batch. The first rows hide one modality (`rowParts`), the others do MLM, MFM and ITM. Masks
 * stay as they were: hidden tokens and frames are still attended. Samples and choices are not changed.
 *
 * Fields, an objective's own ones absent where it is off:
 * - `inputIds`, `textMask` [B, T]; `frames` [B, F, D], `frameMask` [B, F]: what the encoder sees
 * - `textPositions`, `textLabels`, `mlmWeights`, `mmmTextWeights` [C]: hidden tokens, flat in B * T
 * - `frameTargets` [B, F, D]; `mfmQueries`, `...QueryWeights`, `...QueryMask`, `...Targets` [Q],
 *   `mfmCandidates`, `mfmCandidateMask` [N]: hidden frames against all frames of the same rows; `mmmFrame...` likewise
 * - `itmLabels`, `itmWeights` [B]
 * - `titleIds`, `titleMask`, `bodyIds`, `bodyMask`, `ictFrames`, `ictFrameMask`, `ictWeights`
 *
 * @throws InputError for a batch too small for MMM, or samples and choices of other shapes than the options say
 */
export function assemblePretrainingBatch(
  samples: readonly PretrainingSample[],
  choices: PretrainingChoices,
  options: PretrainingOptions,
): PretrainingBatch {
  const parts = rowParts(samples.length, options);
  checkChoices(choices, parts, options);
  const text = hideText(samples, choices, parts, options);
  const frames = hideFrames(samples, choices, parts, options);
  return {
    batch: { ...text.fields, ...frames.fields, ...contrastFields(samples, frames.original, options) },
    dropped: text.dropped + frames.dropped,
  };
}

function checkChoices(choices: PretrainingChoices, parts: RowParts, options: PretrainingOptions): void {
  const expected = {
    mlmSelected: parts.left * options.textLength,
    mlmReplacement: parts.left * options.textLength,
    mfmSelected: parts.left * options.frames,
  };
  for (const field of ['mlmSelected', 'mlmReplacement', 'mfmSelected'] as const) {
    if (choices[field].length !== expected[field]) {
      throw new InputError({
        field,
        found: `${choices[field].length} values`,
        expected: `${expected[field]} values for ${parts.left} rows`,
      });
    }
  }
}

function hideText(
  samples: readonly PretrainingSample[],
  choices: PretrainingChoices,
  parts: RowParts,
  options: PretrainingOptions,
): { fields: NdArrays; dropped: number } {
  const { objectives, textLength: width, special } = options;
  const texts = samples.map((sample) => sample.textIds);
  const { ids, mask } = padText(texts, width, special.pad, 'textIds');
  const fields = {
    inputIds: int32([samples.length, width], ids),
    textMask: int32([samples.length, width], mask),
  };
  if (!objectives.mlm && !objectives.mmm) return { fields, dropped: 0 };

  const firstLeft = parts.masked * width;
  const hidden: number[] = [];
  for (let at = parts.frameless * width; at < firstLeft; at++) if (mask[at]) hidden.push(at);
  const mmmText = hidden.length;
  for (let at = firstLeft; objectives.mlm && at < ids.length; at++) {
    if (choices.mlmSelected[at - firstLeft]) hidden.push(at);
  }

  const capacity = pretrainingCapacity(samples.length, options).text;
  const textPositions = new Int32Array(capacity);
  const textLabels = new Int32Array(capacity);
  const mlmWeights = new Float32Array(capacity);
  const mmmTextWeights = new Float32Array(capacity);
  hidden.slice(0, capacity).forEach((at, slot) => {
    textPositions[slot] = at;
    textLabels[slot] = ids[at]!;
    (slot < mmmText ? mmmTextWeights : mlmWeights)[slot] = 1;
    ids[at] = slot < mmmText ? special.mask : choices.mlmReplacement[at - firstLeft]!;
  });
  return {
    fields: {
      ...fields,
      textPositions: int32([capacity], textPositions),
      textLabels: int32([capacity], textLabels),
      ...(objectives.mlm && { mlmWeights: float32([capacity], mlmWeights) }),
      ...(objectives.mmm && { mmmTextWeights: float32([capacity], mmmTextWeights) }),
    },
    dropped: Math.max(0, hidden.length - capacity),
  };
}

function contrastFields(
  samples: readonly PretrainingSample[],
  frames: PaddedFrames,
  options: PretrainingOptions,
): NdArrays {
  if (!options.objectives.ict) return {};
  const rows = samples.length;
  const widths = { titleIds: options.titleLength, bodyIds: options.bodyLength };
  const texts = (field: 'titleIds' | 'bodyIds') => {
    const width = widths[field] ?? options.textLength;
    const found = samples.map((sample, row) => {
      const ids = sample[field];
      if (!ids)
        throw new InputError({ field, place: `row ${row}`, expected: 'token ids for image-text contrast' });
      return ids;
    });
    const { ids, mask } = padText(found, width, options.special.pad, field);
    return { ids: int32([rows, width], ids), mask: int32([rows, width], mask) };
  };
  const title = texts('titleIds');
  const body = texts('bodyIds');
  return {
    titleIds: title.ids,
    titleMask: title.mask,
    bodyIds: body.ids,
    bodyMask: body.mask,
    ictFrames: float32([rows, options.frames, options.frameDim], frames.values),
    ictFrameMask: int32([rows, options.frames], frames.mask),
    ictWeights: float32([rows], new Float32Array(rows).fill(1)),
  };
}
