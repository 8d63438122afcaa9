import { InputError } from './input-error.js';
import type { NdArray } from './nd-array.js';

/** Token rows of one width: `ids` and `mask`, both [rows, width] int32. */
export interface PaddedText {
  readonly ids: Int32Array;
  readonly mask: Int32Array;
}

/** Frame rows of one length: `values` [rows, frames, ...frame], `mask` [rows, frames]. */
export interface PaddedFrames {
  readonly values: Float32Array;
  readonly mask: Int32Array;
}

/** An int32 array of this shape. */
export function int32(shape: readonly number[], data: Int32Array): NdArray {
  return { dtype: 'int32', shape, data };
}

/** A float32 array of this shape. */
export function float32(shape: readonly number[], data: Float32Array): NdArray {
  return { dtype: 'float32', shape, data };
}

/** An int32 array [length] of these values, then zeros. */
export function filledTo(length: number, values: readonly number[]): NdArray {
  return int32(
    [length],
    Int32Array.from({ length }, (_, i) => values[i] ?? 0),
  );
}

/**
 * Fills rows of token ids up to `width`; the mask is 1 on what was there.
 *
 * @throws InputError for a row that is longer (texts are cut when laid out, not here)
 */
export function padText(
  rows: readonly ArrayLike<number>[],
  width: number,
  pad: number,
  field: string,
): PaddedText {
  checkTextWidth(rows, width, field);
  const ids = new Int32Array(rows.length * width).fill(pad);
  const mask = new Int32Array(rows.length * width);
  rows.forEach((row, r) => {
    ids.set(row, r * width);
    mask.fill(1, r * width, r * width + row.length);
  });
  return { ids, mask };
}

/** Refuses rows of token ids that are longer than `width`. */
export function checkTextWidth(rows: readonly ArrayLike<number>[], width: number, field: string): void {
  rows.forEach((row, r) => {
    if (row.length > width) {
      throw new InputError({
        field,
        place: `row ${r}`,
        found: `${row.length} tokens`,
        expected: `at most ${width} tokens`,
      });
    }
  });
}

/**
 * Fills each row's frames up to `length` with zeros, or with a frame `filler`; the mask is 1 on what was there.
 *
 * @param rows float32 arrays [n, ...frameShape], n from 0 to `length`
 * @throws InputError for another shape
 */
export function padFrames(
  rows: readonly NdArray[],
  length: number,
  frameShape: readonly number[],
  field: string,
  filler?: Float32Array,
): PaddedFrames {
  const size = frameShape.reduce((product, n) => product * n, 1);
  const values = new Float32Array(rows.length * length * size);
  const mask = new Int32Array(rows.length * length);
  rows.forEach((row, r) => {
    const [n = -1, ...rest] = row.shape;
    const fits = rest.length === frameShape.length && rest.every((d, i) => d === frameShape[i]);
    if (!fits || n < 0 || n > length || row.data.length !== n * size) {
      throw new InputError({
        field,
        place: `row ${r}`,
        found: `shape [${row.shape.join(', ')}]`,
        expected: `shape [n, ${frameShape.join(', ')}] with n from 0 to ${length}`,
      });
    }
    values.set(row.data, r * length * size);
    for (let f = n; filler && f < length; f++) values.set(filler, (r * length + f) * size);
    mask.fill(1, r * length, r * length + n);
  });
  return { values, mask };
}
