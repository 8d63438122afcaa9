/** Where sequences lie in rows of one width. */
export interface Packing {
  readonly rows: number;
  /** For each sequence the slot where it begins, flat in rows * width. */
  readonly starts: Int32Array;
}

/**
 * Packs sequences into rows of `width` slots, none crossing a row: best fit decreasing (Johnson 1973), the longest first,
 * each into the fullest row that has room. What is equal goes by number, so the packing follows from the lengths alone.
 *
 * @param lengths at most `width` each
 */
export function packSequences(lengths: readonly number[], width: number): Packing {
  const order = [...lengths.keys()].sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  const starts = new Int32Array(lengths.length);
  const room: number[] = [];
  for (const sequence of order) {
    const length = lengths[sequence]!;
    let best = -1;
    room.forEach((left, row) => {
      if (left >= length && (best < 0 || left < room[best]!)) best = row;
    });
    if (best < 0) best = room.push(width) - 1;
    starts[sequence] = best * width + width - room[best]!;
    room[best]! -= length;
  }
  return { rows: room.length, starts };
}

/** One sequence a row, in their order. */
export function oneSequenceARow(sequences: number, width: number): Packing {
  return { rows: sequences, starts: Int32Array.from({ length: sequences }, (_, row) => row * width) };
}

/**
 * So many rows that batches of one size differ in few numbers of them, each of which is recorded once: the rows of a
 * packing rounded up, to steps that grow as their spread does, with the root of the number of samples.
 */
export function roundedRows(rows: number, samples: number): number {
  const step = Math.ceil(Math.sqrt(samples / 8));
  return Math.ceil(rows / step) * step;
}
