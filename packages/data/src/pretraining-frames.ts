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

/**
 * The frame fields of a batch, how many chosen frames its capacity left unmasked, and the frames before hiding,
 * in the original order of rows.
 */
export function hideFrames(
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
