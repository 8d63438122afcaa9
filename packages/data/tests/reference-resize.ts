import type { RgbImage } from '../src/index.js';

const precision = 2 ** 22;

/**
 * Pillow's bilinear resize written down plainly: each output pixel by itself, over the whole image, horizontally and
 * then vertically, with the weights of its precompute_coeffs.
 */
export function referenceResize(image: RgbImage, width: number, height: number): RgbImage {
  const wide = width === image.width ? image : transposed(resizeColumns(transposed(image), width));
  return height === image.height ? wide : resizeColumns(wide, height);
}

function resizeColumns({ width, height: inputs, data }: RgbImage, height: number): RgbImage {
  const out = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const { from, weights } = weightsOf(y, inputs, height);
    for (let x = 0; x < width * 3; x++) {
      const sum = weights.reduce((total, weight, i) => total + data[(from + i) * width * 3 + x]! * weight, 0);
      out[y * width * 3 + x] = Math.min(255, Math.max(0, Math.floor((sum + precision / 2) / precision)));
    }
  }
  return { width, height, data: out };
}

function weightsOf(output: number, inputs: number, outputs: number): { from: number; weights: number[] } {
  const scale = inputs / outputs;
  const support = Math.max(scale, 1);
  const centre = (output + 0.5) * scale;
  const from = Math.max(0, Math.trunc(centre - support + 0.5));
  const to = Math.min(inputs, Math.trunc(centre + support + 0.5));
  const raw = Array.from({ length: to - from }, (_, i) =>
    Math.max(0, 1 - Math.abs((from + i - centre + 0.5) / support)),
  );
  const sum = raw.reduce((total, weight) => total + weight, 0);
  return { from, weights: raw.map((weight) => Math.floor((weight / sum) * precision + 0.5)) };
}

function transposed({ width, height, data }: RgbImage): RgbImage {
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 3;
      out.set(data.subarray(from, from + 3), (x * height + y) * 3);
    }
  }
  return { width: height, height: width, data: out };
}
