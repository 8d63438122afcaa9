// The frame side of a pretraining batch: MFM and MMM hide frames, matching (ITM) moves videos between rows.
import {
  matchingPermutation,
  type PretrainingChoices,
  type PretrainingOptions,
  type PretrainingSample,
  type RowParts,
} from './masking.js';
import type { NdArray, NdArrays } from './nd-array.js';
import { float32, int32, padFrames, type PaddedFrames } from './padding.js';
import { pretrainingCapacity } from './pretraining-capacity.js';

/** A frame of the batch, in the original order of rows. */
interface ChosenFrame {
  readonly row: number;
  readonly frame: number;
}

/** The frames of a batch after hiding and matching. */
export interface HiddenFrames {
  /** [samples, F, D] and [samples, F], as the encoder sees them. */
  readonly visible: PaddedFrames;
  /** The same before hiding, in the original order of rows. */
  readonly original: PaddedFrames;
  /** The hidden frames that each frame objective asks for, flat in samples * F; an objective that is off has none. */
  readonly queries: { readonly mfm?: readonly number[]; readonly mmmFrame?: readonly number[] };
  /** The other fields of the frame objectives and of matching. */
  readonly fields: NdArrays;
  /** How many chosen frames the capacity left unmasked. */
  readonly dropped: number;
}

/** Hides frames, then exchanges videos between rows where matching is on. */
export function hideFrames(
  samples: readonly PretrainingSample[],
  choices: Pick<PretrainingChoices, 'mfmSelected'>,
  parts: RowParts,
  options: PretrainingOptions,
): HiddenFrames {
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

  const values = original.values.slice();
  for (const { row, frame } of [...lost, ...chosen]) {
    values.fill(0, (row * length + frame) * frameDim, (row * length + frame + 1) * frameDim);
  }
  const source = videoSources(parts, objectives.itm);
  const visible = {
    values: permuteRows(values, source, length * frameDim),
    mask: permuteRows(original.mask, source, length),
  };
  const moveTargets = options.permuteTargets ?? true;
  const fields: Record<string, NdArray> = {};
  const queries: { mfm?: number[]; mmmFrame?: number[] } = {};
  const ask = (name: 'mfm' | 'mmmFrame', frames: readonly ChosenFrame[], of: readonly [number, number]) => {
    const asked = frames.map(({ row, frame }) => row * length + frame);
    queries[name] = asked;
    Object.assign(fields, frameFields(name, asked, capacity[name], of, visible.mask, length));
  };
  if (objectives.mfm || objectives.mmm) {
    const targets = moveTargets ? permuteRows(original.values, source, length * frameDim) : original.values;
    fields.frameTargets = float32([rows, length, frameDim], targets);
  }
  if (objectives.mfm) {
    // The row a video went to; permutations that reverse are their own inverse.
    const moved = chosen.map(({ row, frame }) => ({ row: moveTargets ? source[row]! : row, frame }));
    ask('mfm', moved, [parts.masked, rows]);
  }
  if (objectives.mmm) ask('mmmFrame', lost, [0, parts.frameless]);
  if (objectives.itm) Object.assign(fields, matchingFields(source, parts));
  return { visible, original, queries, fields, dropped: all.length - chosen.length };
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
 * The fields of one frame objective but for where its queries stand: outputs at the queries are scored against the
 * frames of rows `first`..`end`-1. `mask` is the batch's frame mask; a query or candidate outside it is handed on as
 * such, the loss deals with it. Fillers have weight 0.
 */
function frameFields(
  name: 'mfm' | 'mmmFrame',
  queries: readonly number[],
  capacity: number,
  [first, end]: readonly [number, number],
  mask: Int32Array,
  length: number,
): NdArrays {
  const weights = new Float32Array(capacity);
  const queryMask = new Float32Array(capacity);
  const targets = new Int32Array(capacity);
  queries.forEach((at, slot) => {
    weights[slot] = 1;
    queryMask[slot] = mask[at]!;
    targets[slot] = at - first * length;
  });
  const candidates = Int32Array.from({ length: (end - first) * length }, (_, i) => first * length + i);
  return {
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
