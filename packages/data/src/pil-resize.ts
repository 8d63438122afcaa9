// Pillow's antialiased bilinear resize of 8-bit images, to the bit (src/libImaging/Resample.c, precompute_coeffs,
// ImagingResampleHorizontal_8bpc, ImagingResampleVertical_8bpc). Own code: sharp's kernels give other pixels, and
// features must not depend on the library that made them.

/** Fixed-point digits of a weight: 32 - 8 bits of a pixel - 2 of headroom. */
const precisionBits = 22;

/** An 8-bit RGB image, `[height, width, 3]`. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** `width` x `height` pixels of the whole image. The same size gives the same image. */
export function resizeBilinear(image: RgbImage, width: number, height: number): RgbImage {
  const wide = width === image.width ? image : resizeRows(image, width);
  return height === image.height ? wide : resizeColumns(wide, height);
}

interface Taps {
  /** The first input pixel of each output pixel. */
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `[outputs, most]` fixed-point weights. */
  readonly weights: Int32Array;
  readonly most: number;
}

/** Which input pixels make up each output pixel: a triangle as wide as the reduction, at least one pixel each way. */
function taps(inputs: number, outputs: number): Taps {
  const scale = inputs / outputs;
  const filterScale = Math.max(scale, 1);
  const support = filterScale; // the triangle's half width is 1 at scale 1
  const most = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(outputs);
  const count = new Int32Array(outputs);
  const weights = new Int32Array(outputs * most);
  for (let x = 0; x < outputs; x++) {
    const centre = (x + 0.5) * scale;
    const from = Math.max(0, Math.trunc(centre - support + 0.5));
    const to = Math.min(inputs, Math.trunc(centre + support + 0.5));
    const raw = Array.from({ length: to - from }, (_, i) => {
      return Math.max(0, 1 - Math.abs((from + i - centre + 0.5) / filterScale));
    });
    const sum = raw.reduce((total, weight) => total + weight, 0);
    raw.forEach((weight, i) => {
      weights[x * most + i] = Math.floor((weight / sum) * 2 ** precisionBits + 0.5);
    });
    first[x] = from;
    count[x] = to - from;
  }
  return { first, count, weights, most };
}

function resizeRows({ width: inputs, height, data }: RgbImage, width: number): RgbImage {
  const { first, count, weights, most } = taps(inputs, width);
  const out = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * inputs + first[x]!) * 3;
      sumTaps(data, at, 3, weights, x * most, count[x]!, out, (y * width + x) * 3);
    }
  }
  return { width, height, data: out };
}

function resizeColumns({ width, height: inputs, data }: RgbImage, height: number): RgbImage {
  const { first, count, weights, most } = taps(inputs, height);
  const out = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (first[y]! * width + x) * 3;
      sumTaps(data, at, width * 3, weights, y * most, count[y]!, out, (y * width + x) * 3);
    }
  }
  return { width, height, data: out };
}

/** One output pixel: the weighted sum of `count` input pixels, `stride` bytes apart, rounded and clipped. */
function sumTaps(
  data: Uint8Array,
  at: number,
  stride: number,
  weights: Int32Array,
  firstWeight: number,
  count: number,
  out: Uint8Array,
  outAt: number,
): void {
  const half = 1 << (precisionBits - 1);
  let red = half;
  let green = half;
  let blue = half;
  for (let i = 0; i < count; i++, at += stride) {
    const weight = weights[firstWeight + i]!;
    red += data[at]! * weight;
    green += data[at + 1]! * weight;
    blue += data[at + 2]! * weight;
  }
  out[outAt] = clip(red >> precisionBits);
  out[outAt + 1] = clip(green >> precisionBits);
  out[outAt + 2] = clip(blue >> precisionBits);
}

function clip(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}
