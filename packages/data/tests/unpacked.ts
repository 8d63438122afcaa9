// A pretraining batch's rows read back as padded arrays, one sequence a row, whatever rows they stand in.
import type { NdArrays } from '../src/nd-array.js';

/** What a sequence shows: text [T], frames [F, D]; 0 where nothing stands. */
export interface ShownSequence {
  readonly ids: number[];
  readonly textMask: number[];
  readonly frames: number[];
  readonly frameMask: number[];
}

export function unpacked(batch: NdArrays) {
  const { tokenIds, tokenPositions, sequences, attended, slotSources, frames } = batch as Record<
    'tokenIds' | 'tokenPositions' | 'sequences' | 'attended' | 'slotSources' | 'frames',
    NdArrays[string]
  >;
  const [, length, size] = frames.shape as [number, number, number];
  const [rows, slots] = tokenIds.shape as [number, number];
  const width = slots - length;
  const isFrame = (slot: number) => slotSources.data[slot]! >= rows * slots;
  const frameAt = (slot: number) => slotSources.data[slot]! - rows * slots;

  /** The sequence of this number. */
  const sequence = (number: number): ShownSequence => {
    const shown: ShownSequence = {
      ids: new Array<number>(width).fill(0),
      textMask: new Array<number>(width).fill(0),
      frames: new Array<number>(length * size).fill(0),
      frameMask: new Array<number>(length).fill(0),
    };
    sequences.data.forEach((other, slot) => {
      if (other !== number) return;
      if (isFrame(slot)) {
        const frame = frameAt(slot);
        shown.frameMask[frame % length] = attended.data[slot]!;
        for (let d = 0; d < size; d++)
          shown.frames[(frame % length) * size + d] = frames.data[frame * size + d]!;
      } else {
        shown.ids[tokenPositions.data[slot]!] = tokenIds.data[slot]!;
        shown.textMask[tokenPositions.data[slot]!] = attended.data[slot]!;
      }
    });
    return shown;
  };
  return {
    width: slots,
    /** Some sequences' arrays of one kind, joined. */
    all: (kind: keyof ShownSequence, first: number, count: number) =>
      Array.from({ length: count }, (_, i) => sequence(first + i)[kind]).flat(),
    /** A position of a token as a place in [sequences, T], sequence 1 first. */
    textPlace: (slot: number) => (sequences.data[slot]! - 1) * width + tokenPositions.data[slot]!,
    /** A position of a frame as a place in [videos, F]; -1 if no frame stands there. */
    framePlace: (slot: number) => (isFrame(slot) ? frameAt(slot) : -1),
  };
}
