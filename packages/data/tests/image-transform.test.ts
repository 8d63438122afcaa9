import { fileURLToPath } from 'node:url';

import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';

import {
  centreCrop,
  decodeImage,
  decodeShrunk,
  imageNetNormalisation,
  normalisePixels,
  readSafetensors,
  resizeShortSide,
  type NdArray,
  type RgbImage,
} from '../src/index.js';

// Pillow and torchvision on three images: short side to `short`, centre crop, ImageNet's mean and deviation.
let golden: Record<string, NdArray>;
beforeAll(async () => {
  const folder = process.env.GOLDEN_DIR ?? fileURLToPath(new URL('./fixtures/golden', import.meta.url));
  golden = await readSafetensors(`${folder}/preprocess.safetensors`);
});

function image(name: string): RgbImage {
  const { shape, data } = golden[`${name}.image`]!;
  return { height: shape[0]!, width: shape[1]!, data: Uint8Array.from(data) };
}

const grey = (width: number, height: number): RgbImage => ({
  width,
  height,
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => Math.floor(i / (3 * width))),
});

describe.each(['landscape', 'portrait', 'upscaled'])('the transform of the %s image', (name) => {
  it("resizes to Pillow's pixels", () => {
    const expected = golden[`${name}.resized`]!;
    const [height, width] = expected.shape as [number, number];
    const resized = resizeShortSide(image(name), Math.min(height, width));
    expect([resized.height, resized.width]).toEqual([height, width]);
    expect([...resized.data]).toEqual([...expected.data]);
  });

  it("crops and normalises to torchvision's numbers", () => {
    const resized = golden[`${name}.resized`]!;
    const expected = golden[`${name}.tensor`]!; // [3, size, size]
    const size = expected.shape[1]!;
    const cropped = centreCrop(resizeShortSide(image(name), Math.min(...resized.shape.slice(0, 2))), size);
    const normalised = normalisePixels(cropped.data, imageNetNormalisation);
    expected.data.forEach((value, i) => {
      const [channel, pixel] = [Math.floor(i / (size * size)), i % (size * size)];
      expect(normalised[pixel * 3 + channel]).toBeCloseTo(value, 5);
    });
  });
});

describe('the centre crop', () => {
  it('rounds an offset that ends in a half to even', () => {
    expect(centreCrop(grey(224, 257), 224).data[0]).toBe(16);
    expect(centreCrop(grey(224, 259), 224).data[0]).toBe(18);
  });

  it('refuses an image that is too small', () => {
    expect(() => centreCrop(grey(10, 20), 16)).toThrow(/needs an image as large, found 10 x 20/);
  });
});

describe('decoding', () => {
  it('puts transparency on white', async () => {
    const png = await sharp({
      create: { width: 2, height: 2, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
    })
      .png()
      .toBuffer();
    expect([...(await decodeImage(png)).data]).toEqual(Array(12).fill(255));
  });

  it('gives grey images three equal channels', async () => {
    const jpeg = await sharp({ create: { width: 2, height: 1, channels: 3, background: '#808080' } })
      .greyscale()
      .jpeg()
      .toBuffer();
    expect([...(await decodeImage(jpeg)).data]).toEqual(Array(6).fill(128));
  });
});

describe('decoding at a fraction', () => {
  const stripes = (width: number, height: number) =>
    sharp(Buffer.from(Array.from({ length: width * height * 3 }, (_, i) => 128 + 90 * Math.sin(i / 97))), {
      raw: { width, height, channels: 3 },
    });

  it('gives large JPEGs the size that resizing gives them, and nearly the pixels', async () => {
    const bytes = await stripes(400, 304).jpeg({ quality: 95 }).toBuffer();
    const shrunk = await decodeShrunk(bytes, 64);
    const resized = resizeShortSide(await decodeImage(bytes), 64);
    expect([shrunk.width, shrunk.height]).toEqual([resized.width, resized.height]);
    expect(shrunk.data).not.toEqual(resized.data);
    const difference = shrunk.data.reduce((sum, value, i) => sum + Math.abs(value - resized.data[i]!), 0);
    expect(difference / shrunk.data.length).toBeLessThan(1);
  });

  it('leaves smaller JPEGs and other files as they are', async () => {
    const small = await stripes(60, 47).jpeg().toBuffer();
    expect(await decodeShrunk(small, 16)).toEqual(await decodeImage(small));
    const png = await stripes(60, 60).png().toBuffer();
    expect(await decodeShrunk(png, 16)).toEqual(await decodeImage(png));
  });

  it('refuses what is cut off', async () => {
    const bytes = await stripes(403, 301).jpeg().toBuffer();
    await expect(decodeShrunk(bytes.subarray(0, bytes.length / 2), 64)).rejects.toThrow();
  });
});
