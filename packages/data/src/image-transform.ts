import sharp from 'sharp';

import { onDecodingThread } from './decoding-threads.js';
import { FrameError, frameArchivePath, readChosenFrames, type EncodedFrame } from './frame-archive.js';
import { resizeBilinear, type RgbImage } from './pil-resize.js';

/** Mean and standard deviation of each colour, for values in [0, 1]. */
export interface Normalisation {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** ImageNet's: what the reference uses, for CLIP's tower too. */
export const imageNetNormalisation: Normalisation = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

/** CLIP's own (Radford et al. 2021). */
export const clipNormalisation: Normalisation = {
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
};

/** Larger images (an 8K frame has 33 million pixels) are refused before they are decoded. */
const mostPixels = 2 ** 26;

/**
 * Decodes an image file to RGB, to the bit as Pillow does: orientation tags and colour profiles are passed over.
 * Transparency is put on white. CMYK images are converted by libvips, which gives other colours than Pillow.
 *
 * @throws Error for what is no image, is cut off, or has more than 2^26 pixels
 */
export async function decodeImage(bytes: Uint8Array): Promise<RgbImage> {
  const image = sharp(bytes, { failOn: 'truncated', ignoreIcc: true, limitInputPixels: mostPixels })
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .raw();
  const { data, info } = await onDecodingThread(() => image.toBuffer({ resolveWithObject: true }));
  return { width: info.width, height: info.height, data: rgb(data, info.channels) };
}

function rgb(data: Buffer, channels: number): Uint8Array {
  if (channels === 3) return data;
  const pixels = data.length / channels;
  const out = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels * 3; i++) out[i] = data[channels * Math.floor(i / 3)]!; // grey
  return out;
}

/** The short side to `size`, the long side in proportion, truncated (torchvision's Resize, Pillow's bilinear). */
export function resizeShortSide(image: RgbImage, size: number): RgbImage {
  const { width, height } = image;
  return width <= height
    ? resizeBilinear(image, size, Math.trunc((size * height) / width))
    : resizeBilinear(image, Math.trunc((size * width) / height), size);
}

/** The middle `size` x `size` pixels; an offset that ends in a half is rounded to even, as torchvision's. */
export function centreCrop(image: RgbImage, size: number): RgbImage {
  const { width, height } = image;
  return cropAt(image, size, roundHalfEven((height - size) / 2), roundHalfEven((width - size) / 2));
}

/** `size` x `size` pixels from a row and a column on. Throws if the image is smaller. */
export function cropAt({ width, height, data }: RgbImage, size: number, top: number, left: number): RgbImage {
  if (width < size || height < size) {
    throw new RangeError(`a crop of ${size} x ${size} needs an image as large, found ${width} x ${height}`);
  }
  const out = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y++) {
    const from = ((top + y) * width + left) * 3;
    out.set(data.subarray(from, from + size * 3), y * size * 3);
  }
  return { width: size, height: size, data: out };
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Bytes `[..., 3]` to float32: scaled to [0, 1], less the mean, by the deviation. */
export function normalisePixels(pixels: Uint8Array, { mean, std }: Normalisation): Float32Array {
  const table = mean.map((m, c) => Float32Array.from({ length: 256 }, (_, v) => (v / 255 - m) / std[c]!));
  const out = new Float32Array(pixels.length);
  for (let i = 0; i < pixels.length; i += 3) {
    out[i] = table[0]![pixels[i]!]!;
    out[i + 1] = table[1]![pixels[i + 1]!]!;
    out[i + 2] = table[2]![pixels[i + 2]!]!;
  }
  return out;
}

export interface LoadFramesOptions {
  /** The short side before cropping. */
  readonly size: number;
  /** Height and width of the crop; default `size`. */
  readonly crop?: number;
  /** Which of a video's `count` frames; default: all. */
  readonly indices?: (count: number) => readonly number[];
}

export interface FramePixels {
  /** How many frames the video has in all. */
  readonly count: number;
  /** Height and width. */
  readonly size: number;
  /** `[frames, size, size, 3]` bytes, RGB. */
  readonly data: Uint8Array;
}

/** A video's frames, resized and cropped. Throws `FrameError`, naming the zip and the image. */
export async function loadFrames(
  folder: string,
  id: string,
  options: LoadFramesOptions,
): Promise<FramePixels> {
  const { crop = options.size } = options;
  const { count, images } = await loadImages(folder, id, options, (image) => centreCrop(image, crop));
  const data = new Uint8Array(images.length * crop * crop * 3);
  images.forEach((image, i) => data.set(image.data, i * crop * crop * 3));
  return { count, size: crop, data };
}

/**
 * A video's frames as images of their own sizes, the short side resized; `keep` makes of each what is kept.
 * Throws `FrameError`, naming the zip and the image.
 */
export async function loadImages(
  folder: string,
  id: string,
  { size, indices }: Pick<LoadFramesOptions, 'size' | 'indices'>,
  keep: (resized: RgbImage) => RgbImage = (image) => image,
): Promise<{ readonly count: number; readonly images: readonly RgbImage[] }> {
  const all = (count: number) => Array.from({ length: count }, (_, i) => i);
  const { count, frames } = await readChosenFrames(folder, id, indices ?? all);
  const images = await Promise.all(
    frames.map(async (frame) => keep(resizeShortSide(await decodeFrame(folder, id, frame), size))),
  );
  return { count, images };
}

async function decodeFrame(folder: string, id: string, frame: EncodedFrame): Promise<RgbImage> {
  try {
    return await decodeImage(frame.bytes);
  } catch (error) {
    throw new FrameError('broken-image', {
      file: frameArchivePath(folder, id),
      place: frame.name,
      found: (error as Error).message.split('\n')[0],
      expected: 'a whole image',
    });
  }
}
