// Collation for pretraining: samples and choices in, one plain record of arrays out (all objectives on one encoder
// pass, and two unmasked passes for ICT). Shapes: B rows, T text positions, F frames of D values.
import { InputError } from './input-error.js';
import {
  matchingPermutation,
  rowParts,
  type PretrainingChoices,
  type PretrainingOptions,
  type PretrainingSample,
  type RowParts,
} from './masking.js';
import type { NdArray, NdArrays } from './nd-array.js';
import { float32, int32, padFrames, padText, type PaddedFrames } from './padding.js';
import { pretrainingCapacity } from './pretraining-capacity.js';

/** A collated batch and how many chosen positions exceeded its capacities: these were left unmasked. */
export interface PretrainingBatch {
  readonly batch: NdArrays;
  readonly dropped: number;
}

/** A frame of the batch, in the original order of rows. */
interface ChosenFrame {
  readonly row: number;
  readonly frame: number;
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

function hideFrames(
  samples: readonly PretrainingSample[],
  choices: PretrainingChoices,
  parts: RowParts,
  options: PretrainingOptions,
): { fields: NdArrays; dropped: number; original: PaddedFrames } {
  const { objectives, frames: length, frameDim } = options;
  const rows = samples.length;
  const capacity = pretrainingCapacity(rows, options);
  const features = samples.map((sample) => sample.frames);
  const original = padFrames(features, length, [frameDim], 'frames');
  const lost = framesWhere(0, parts.frameless, length, (at) => original.mask[at] === 1);
  const all = objectives.mfm
    ? framesWhere(parts.masked, rows, length, (at) => choices.mfmSelected[at - parts.masked * length] === 1)
    : [];
  const chosen = all.slice(0, capacity.mfm);

  const visible = original.values.slice();
  for (const { row, frame } of [...lost, ...chosen]) {
    visible.fill(0, (row * length + frame) * frameDim, (row * length + frame + 1) * frameDim);
  }
  const source = videoSources(parts, objectives.itm);
  const frameMask = permuteRows(original.mask, source, length);
  const moveTargets = options.permuteTargets ?? true;
  const fields: Record<string, NdArray> = {
    frames: float32([rows, length, frameDim], permuteRows(visible, source, length * frameDim)),
    frameMask: int32([rows, length], frameMask),
  };
  if (objectives.mfm || objectives.mmm) {
    const targets = moveTargets ? permuteRows(original.values, source, length * frameDim) : original.values;
    fields.frameTargets = float32([rows, length, frameDim], targets);
  }
  if (objectives.mfm) {
    // The row a video went to; permutations that reverse are their own inverse.
    const moved = chosen.map(({ row, frame }) => ({ row: moveTargets ? source[row]! : row, frame }));
    Object.assign(fields, frameFields('mfm', moved, capacity.mfm, [parts.masked, rows], frameMask, length));
  }
  if (objectives.mmm) {
    Object.assign(
      fields,
      frameFields('mmmFrame', lost, capacity.mmmFrame, [0, parts.frameless], frameMask, length),
    );
  }
  if (objectives.itm) Object.assign(fields, matchingFields(source, parts));
  return { fields, dropped: all.length - chosen.length, original };
}

function framesWhere(
  first: number,
  end: number,
  length: number,
  holds: (at: number) => boolean,
): ChosenFrame[] {
  const found: ChosenFrame[] = [];
  for (let at = first * length; at < end * length; at++) {
    if (holds(at)) found.push({ row: Math.floor(at / length), frame: at % length });
  }
  return found;
}

// The row that each row's video comes from.
function videoSources(parts: RowParts, itm: boolean): Int32Array {
  const matching = matchingPermutation(parts.left);
  return Int32Array.from({ length: parts.masked + parts.left }, (_, row) =>
    itm && row >= parts.masked ? parts.masked + matching[row - parts.masked]! : row,
  );
}

function permuteRows<T extends Float32Array | Int32Array>(values: T, source: Int32Array, size: number): T {
  const permuted = values.slice() as T;
  source.forEach((from, row) => {
    if (from !== row) permuted.set(values.subarray(from * size, (from + 1) * size), row * size);
  });
  return permuted;
}

/**
 * The fields of one frame objective: outputs at `queries` are scored against the frames of rows `first`..`end`-1.
 * `mask` is the batch's frame mask; a query or candidate outside it is handed on as such, the loss deals with it.
 */
function frameFields(
  name: 'mfm' | 'mmmFrame',
  queries: readonly ChosenFrame[],
  capacity: number,
  [first, end]: readonly [number, number],
  mask: Int32Array,
  length: number,
): NdArrays {
  const positions = new Int32Array(capacity);
  const weights = new Float32Array(capacity);
  const queryMask = new Float32Array(capacity);
  const targets = new Int32Array(capacity);
  // Fillers look at the first candidate, with weight 0.
  positions.fill(first * length);
  queries.forEach(({ row, frame }, slot) => {
    const at = row * length + frame;
    positions[slot] = at;
    weights[slot] = 1;
    queryMask[slot] = mask[at]!;
    targets[slot] = at - first * length;
  });
  const candidates = Int32Array.from({ length: (end - first) * length }, (_, i) => first * length + i);
  return {
    [`${name}Queries`]: int32([capacity], positions),
    [`${name}QueryWeights`]: float32([capacity], weights),
    [`${name}QueryMask`]: float32([capacity], queryMask),
    [`${name}Targets`]: int32([capacity], targets),
    [`${name}Candidates`]: int32([candidates.length], candidates),
    [`${name}CandidateMask`]: float32(
      [candidates.length],
      Float32Array.from(candidates, (at) => mask[at]!),
    ),
  };
}

function matchingFields(source: Int32Array, parts: RowParts): NdArrays {
  const labels = source.map((from, row) => (row >= parts.masked && from === row ? 1 : 0));
  const weights = Float32Array.from(source, (_, row) => (row >= parts.masked ? 1 : 0));
  return { itmLabels: int32([source.length], labels), itmWeights: float32([source.length], weights) };
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
