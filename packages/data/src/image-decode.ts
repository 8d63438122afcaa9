import sharp, { type Sharp } from 'sharp';

import type { RgbImage } from './crop.js';
import { resizedTo } from './image-transform.js';

/** Larger images (an 8K frame has 33 million pixels) are refused before they are decoded. */
const mostPixels = 2 ** 26;

/**
 * Decodes an image file to RGB, to the bit as Pillow does: orientation tags and colour profiles are passed over.
 * Transparency is put on white. CMYK images are converted by libvips, which gives other colours than Pillow.
 *
 * @throws Error for what is no image, is cut off, or has more than 2^26 pixels
 */
export async function decodeImage(bytes: Uint8Array): Promise<RgbImage> {
  return decode(open(bytes));
}

/** A JPEG is read at a fraction from so many times the wanted size on: below, libvips reads all of it. */
const leastReduction = 3;

/**
 * Decodes an image file to RGB with its short side at `size`, or whole. A JPEG at least three times as large is read
 * at a half to an eighth and resized by libvips's bilinear filter: in half the time, to other pixels than Pillow's, by
 * about a grey level in smooth places, and moved by up to a fifth of a pixel where a side is odd. The others are
 * `decodeImage`'s.
 *
 * @throws Error as `decodeImage`
 */
export async function decodeShrunk(bytes: Uint8Array, size: number): Promise<RgbImage> {
  const { format, width, height } = await open(bytes).metadata();
  if (format !== 'jpeg' || Math.min(width, height) < leastReduction * size) return decodeImage(bytes);
  const [wide, high] = resizedTo({ width, height }, size);
  return decode(open(bytes).resize(wide, high, { fit: 'fill', kernel: 'linear' }));
}

function open(bytes: Uint8Array): Sharp {
  return sharp(bytes, { failOn: 'truncated', ignoreIcc: true, limitInputPixels: mostPixels });
}

async function decode(image: Sharp): Promise<RgbImage> {
  const { data, info } = await image
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: rgb(data, info.channels) };
}

function rgb(data: Buffer, channels: number): Uint8Array {
  if (channels === 3) return data;
  const pixels = data.length / channels;
  const out = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels * 3; i++) out[i] = data[channels * Math.floor(i / 3)]!; // grey
  return out;
}
