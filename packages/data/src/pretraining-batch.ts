// Collation for pretraining: samples and choices in, one plain record of arrays out. All sequences of the batch stand in
// rows of one encoder pass. Shapes: B samples, T text positions, F frames of D values; R rows of T + F slots.
import { InputError } from './input-error.js';
import {
  rowParts,
  type PretrainingChoices,
  type PretrainingObjectives,
  type PretrainingOptions,
  type PretrainingSample,
  type RowParts,
} from './masking.js';
import type { NdArray, NdArrays } from './nd-array.js';
import { checkTextWidth, filledTo, float32, int32 } from './padding.js';
import { pretrainingCapacity } from './pretraining-capacity.js';
import { hideFrames, type HiddenFrames } from './pretraining-frames.js';
import { fillRows, type FilledRows, type Sequence } from './pretraining-rows.js';
import { hideText, type HiddenText } from './pretraining-text.js';

/** A collated batch and how many chosen positions exceeded its capacities: these were left unmasked. */
export interface PretrainingBatch {
  readonly batch: NdArrays;
  readonly dropped: number;
}

/**
 * Makes a pretraining batch. The first samples hide one modality (`rowParts`), the others do MLM, MFM and ITM. Masks
 * stay as they were: hidden tokens and frames are still attended. Samples and choices are not changed.
 *
 * Sequences are numbered from 1: each sample's text with its frames, hidden as chosen (1 to B; left out with ICT alone);
 * with ICT, unmasked, each sample's title (B + 1 to 2B) and its body text with its frames (2B + 1 to 3B).
 *
 * Fields, an objective's own ones absent where it is off:
 * - `tokenIds`, `tokenPositions` (within the text), `sequences` (0 = empty), `attended` (1 = real) [R, T + F]: the slots
 * - `frames` [V, F, D]: of the hidden sequences, then of ICT's; `slotSources` [R, T + F]: what stands in a slot, itself as
 *   a token (its own number, flat) or a frame (R * (T + F) and the frame's number, flat in V * F)
 * - `firstPositions` [B]: the slot where each sample's first sequence begins. All positions are flat in R * (T + F)
 * - `textPositions`, `textLabels`, `mlmWeights`, `mmmTextWeights` [C]: hidden tokens
 * - `mfmQueries`, `...QueryWeights`, `...QueryMask`, `...Targets` [Q]: positions of hidden frames, against
 *   `mfmCandidates`, `mfmCandidateMask` [N]: all frames of the same samples, flat in `frameTargets` [B, F, D];
 *   `mmmFrame...` likewise
 * - `itmLabels`, `itmWeights` [B]; `ictWeights` [B]
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
  const rows = fillRows(sequencesOf(samples, text.text.ids, options), {
    ...videoMasks(frames, options.objectives),
    textLength: options.textLength,
    frames: options.frames,
    pad: options.special.pad,
    packing: options.packing ?? 'packed',
    samples: samples.length,
  });
  const batch = {
    ...rows.fields,
    frames: videoValues(frames, samples.length, options),
    firstPositions: int32([samples.length], rows.starts.slice(0, samples.length)),
    ...textFields(text, rows, samples.length, options),
    ...frameFields(frames, rows, samples.length, options),
    ...(options.objectives.ict && {
      ictWeights: float32([samples.length], new Float32Array(samples.length).fill(1)),
    }),
  };
  return { batch, dropped: text.dropped + frames.dropped };
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

// Whether the batch has sequences that an objective hides something of, or exchanges videos of.
function hasHidden({ ict, ...others }: PretrainingObjectives): boolean {
  return !ict || Object.values(others).includes(true);
}

function sequencesOf(
  samples: readonly PretrainingSample[],
  ids: Int32Array,
  options: PretrainingOptions,
): Sequence[] {
  const { textLength: width, objectives } = options;
  const count = samples.length;
  const hidden = (hasHidden(objectives) ? samples : []).map(({ textIds }, row) => ({
    number: row + 1,
    tokens: ids.subarray(row * width, row * width + textIds.length),
    video: row,
  }));
  if (!objectives.ict) return hidden;
  const titles = contrastTexts(samples, 'titleIds', width);
  const bodies = contrastTexts(samples, 'bodyIds', width);
  return [
    ...hidden,
    ...titles.map((tokens, row) => ({ number: count + row + 1, tokens })),
    ...bodies.map((tokens, row) => ({ number: 2 * count + row + 1, tokens, video: hidden.length + row })),
  ];
}

function contrastTexts(
  samples: readonly PretrainingSample[],
  field: 'titleIds' | 'bodyIds',
  width: number,
): ArrayLike<number>[] {
  const texts = samples.map((sample, row) => {
    const ids = sample[field];
    if (!ids)
      throw new InputError({ field, place: `row ${row}`, expected: 'token ids for image-text contrast' });
    return ids;
  });
  checkTextWidth(texts, width, field);
  return texts;
}

// The videos that sequences show, as they stand in the batch's `frames`.
function videosOf({ visible, original }: HiddenFrames, objectives: PretrainingObjectives) {
  return [...(hasHidden(objectives) ? [visible] : []), ...(objectives.ict ? [original] : [])];
}

function videoValues(frames: HiddenFrames, count: number, options: PretrainingOptions): NdArray {
  const videos = videosOf(frames, options.objectives);
  const size = count * options.frames * options.frameDim;
  const values = new Float32Array(videos.length * size);
  videos.forEach((video, i) => values.set(video.values, i * size));
  return float32([videos.length * count, options.frames, options.frameDim], values);
}

function videoMasks(frames: HiddenFrames, objectives: PretrainingObjectives) {
  const masks = videosOf(frames, objectives).map(({ mask }) => mask);
  const frameMask = Int32Array.from(masks.flatMap((mask) => [...mask]));
  const wanted = new Uint8Array(frameMask.length);
  for (const query of Object.values(frames.queries).flat()) wanted[query] = 1;
  return { frameMask, wanted };
}

function textFields(
  text: HiddenText,
  rows: FilledRows,
  count: number,
  options: PretrainingOptions,
): NdArrays {
  if (!text.positions) return {};
  const width = options.textLength;
  const positions = text.positions.map((at) => rows.starts[Math.floor(at / width)]! + (at % width));
  return { textPositions: filledTo(pretrainingCapacity(count, options).text, positions), ...text.fields };
}

function frameFields(
  { queries, fields }: HiddenFrames,
  rows: FilledRows,
  count: number,
  options: PretrainingOptions,
): NdArrays {
  const capacity = pretrainingCapacity(count, options);
  const positions = (['mfm', 'mmmFrame'] as const).flatMap((name) => {
    const slots = queries[name]?.map((frame) => rows.frameSlots[frame]!);
    return slots ? [[`${name}Queries`, filledTo(capacity[name], slots)] as const] : [];
  });
  return { ...fields, ...Object.fromEntries(positions) };
}
