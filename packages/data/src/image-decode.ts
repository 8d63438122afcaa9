import sharp from 'sharp';

import type { RgbImage } from './crop.js';

/** Larger images (an 8K frame has 33 million pixels) are refused before they are decoded. */
const mostPixels = 2 ** 26;

/**
 * Decodes an image file to RGB, to the bit as Pillow does: orientation tags and colour profiles are passed over.
 * Transparency is put on white. CMYK images are converted by libvips, which gives other colours than Pillow.
 *
 * @throws Error for what is no image, is cut off, or has more than 2^26 pixels
 */
export async function decodeImage(bytes: Uint8Array): Promise<RgbImage> {
  const { data, info } = await sharp(bytes, {
    failOn: 'truncated',
    ignoreIcc: true,
    limitInputPixels: mostPixels,
  })
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
