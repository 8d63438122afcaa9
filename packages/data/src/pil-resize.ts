// Pillow's antialiased bilinear resize of 8-bit images, to the bit (src/libImaging/Resample.c, precompute_coeffs,
// ImagingResampleHorizontal_8bpc, ImagingResampleVertical_8bpc). Own code: sharp's kernels give other pixels, and
// features must not depend on the library that made them.
//
// Only what a cut keeps is computed: of the horizontal pass the kept columns, on the rows that the vertical pass reads.

import { checkCut, cutImage, type Cut, type RgbImage } from './crop.js';
import { resizeTaps, tapPrecision, type ResizeTaps } from './resize-taps.js';

/** Half of the last fixed-point digit that is kept: sums are rounded. */
const half = 1 << (tapPrecision - 1);

/**
 * `width` x `height` pixels of the whole image; the same size gives the same image.
 *
 * @param cut the part of the result that is wanted; default all of it
 * @throws RangeError if the cut reaches outside
 */
export function resizeBilinear(
  image: RgbImage,
  width: number,
  height: number,
  cut: Cut = { left: 0, top: 0, width, height },
): RgbImage {
  checkCut(cut, width, height);
  if (width === image.width && height === image.height) return cutImage(image, cut);
  // A side that keeps its length is read through taps too; their weights are 0 and 1.
  const across = resizeTaps(image.width, width);
  const down = resizeTaps(image.height, height);
  const last = cut.top + cut.height - 1;
  const firstRow = down.first[cut.top]!;
  const rows = down.first[last]! + down.count[last]! - firstRow;
  const wide = resizeRows(image, across, cut, firstRow, rows);
  return { width: cut.width, height: cut.height, data: resizeColumns(wide, down, cut, firstRow) };
}

/** Rows `firstRow` to `firstRow + rows` of the image, their kept columns: `[rows, cut.width, 3]`. */
function resizeRows(
  { width: inputs, data }: RgbImage,
  { first, count, weights, most }: ResizeTaps,
  { left, width }: Cut,
  firstRow: number,
  rows: number,
): Uint8Array {
  const out = new Uint8ClampedArray(rows * width * 3);
  for (let y = 0, to = 0; y < rows; y++) {
    const row = (firstRow + y) * inputs;
    for (let x = left; x < left + width; x++, to += 3) {
      let at = (row + first[x]!) * 3;
      let red = half;
      let green = half;
      let blue = half;
      const end = x * most + count[x]!;
      for (let tap = x * most; tap < end; tap++, at += 3) {
        const weight = weights[tap]!;
        red = (red + Math.imul(data[at]!, weight)) | 0;
        green = (green + Math.imul(data[at + 1]!, weight)) | 0;
        blue = (blue + Math.imul(data[at + 2]!, weight)) | 0;
      }
      out[to] = red >> tapPrecision;
      out[to + 1] = green >> tapPrecision;
      out[to + 2] = blue >> tapPrecision;
    }
  }
  return new Uint8Array(out.buffer);
}

/** The cut's rows from the image's rows `firstRow` on, `[rows, cut.width, 3]`. */
function resizeColumns(
  data: Uint8Array,
  { first, count, weights, most }: ResizeTaps,
  { top, width, height }: Cut,
  firstRow: number,
): Uint8Array {
  const stride = width * 3;
  const out = new Uint8ClampedArray(height * stride);
  for (let y = top, to = 0; y < top + height; y++) {
    const from = (first[y]! - firstRow) * stride;
    const end = y * most + count[y]!;
    for (let x = 0; x < stride; x += 3, to += 3) {
      let red = half;
      let green = half;
      let blue = half;
      for (let tap = y * most, at = from + x; tap < end; tap++, at += stride) {
        const weight = weights[tap]!;
        red = (red + Math.imul(data[at]!, weight)) | 0;
        green = (green + Math.imul(data[at + 1]!, weight)) | 0;
        blue = (blue + Math.imul(data[at + 2]!, weight)) | 0;
      }
      out[to] = red >> tapPrecision;
      out[to + 1] = green >> tapPrecision;
      out[to + 2] = blue >> tapPrecision;
    }
  }
  return new Uint8Array(out.buffer);
}
