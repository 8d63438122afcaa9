// Where the sequences of a pretraining batch stand: in rows of one width, several a row, or one a row at full length.
import type { NdArrays } from './nd-array.js';
import { oneSequenceARow, packSequences, roundedRows } from './packing.js';
import { int32 } from './padding.js';

/** A text, and the frames of a video behind it. */
export interface Sequence {
  /** From 1, unique in the batch. */
  readonly number: number;
  readonly tokens: ArrayLike<number>;
  /** Row of the batch's `frames`; none for a text alone. */
  readonly video?: number;
}

/** Everything but the sequences that decides where they stand. */
export interface RowOptions {
  /** Most tokens T of a sequence. */
  readonly textLength: number;
  /** Frames F of a video. */
  readonly frames: number;
  readonly pad: number;
  readonly packing: 'packed' | 'one-a-row';
  /** Samples of the batch. */
  readonly samples: number;
  /** [videos * F] 1 = a real frame. */
  readonly frameMask: Int32Array;
  /** [videos * F] 1 = a position that an output is wanted of, whether or not a frame stands there. */
  readonly wanted: Uint8Array;
}

/** Rows of T + F slots, filled. */
export interface FilledRows {
  /** `tokenIds`, `tokenPositions`, `sequences`, `attended`, `slotSources`, int32 [R, T + F] (see pretraining-batch.ts). */
  readonly fields: NdArrays;
  /** The slot where each sequence, by its place in the list, begins, flat in R * (T + F). */
  readonly starts: Int32Array;
  /** [videos * F] the slot of each frame; 0 for one that stands nowhere. */
  readonly frameSlots: Int32Array;
}

/**
 * Puts sequences into rows. Packed, a sequence is its tokens (one pad where it has none), its real frames and those
 * wanted nonetheless. One a row, it is T tokens, padding included, and F frames, as the original has it.
 */
export function fillRows(sequences: readonly Sequence[], options: RowOptions): FilledRows {
  const { textLength, frames: perVideo, samples, frameMask, wanted } = options;
  const packed = options.packing === 'packed';
  const width = textLength + perVideo;
  const texts = sequences.map(({ tokens }) => (packed ? Math.max(tokens.length, 1) : textLength));
  const frames = sequences.map(({ video }) => {
    const all = Array.from({ length: video === undefined ? 0 : perVideo }, (_, f) => video! * perVideo + f);
    return packed ? all.filter((frame) => frameMask[frame] || wanted[frame]) : all;
  });
  const lengths = texts.map((length, i) => length + frames[i]!.length);
  const packing = packed ? packSequences(lengths, width) : oneSequenceARow(sequences.length, width);
  const rows = packed ? Math.min(roundedRows(packing.rows, samples), sequences.length) : packing.rows;

  const slots = rows * width;
  const tokenIds = new Int32Array(slots).fill(options.pad);
  const tokenPositions = new Int32Array(slots);
  const numbers = new Int32Array(slots);
  const attended = new Int32Array(slots);
  const sources = Int32Array.from({ length: slots }, (_, slot) => slot);
  const frameSlots = new Int32Array(frameMask.length);
  sequences.forEach(({ number, tokens }, i) => {
    const start = packing.starts[i]!;
    const firstFrame = start + texts[i]!;
    tokenIds.set(tokens, start);
    attended.fill(1, start, start + tokens.length);
    for (let slot = start; slot < firstFrame; slot++) tokenPositions[slot] = slot - start;
    numbers.fill(number, start, start + lengths[i]!);
    frames[i]!.forEach((frame, place) => {
      attended[firstFrame + place] = frameMask[frame]!;
      sources[firstFrame + place] = slots + frame;
      frameSlots[frame] = firstFrame + place;
    });
  });
  const field = (data: Int32Array) => int32([rows, width], data);
  return {
    fields: {
      tokenIds: field(tokenIds),
      tokenPositions: field(tokenPositions),
      sequences: field(numbers),
      attended: field(attended),
      slotSources: field(sources),
    },
    starts: packing.starts,
    frameSlots,
  };
}
