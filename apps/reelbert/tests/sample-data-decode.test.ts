import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeClip } from '../src/sample-data/decode.js';
import { readAnimation, visibleFrames } from '../src/sample-data/webp-animation.js';

const format = { size: 16, framesPerClip: 8, quality: 90 };

interface Patch {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly colour: string;
  readonly disposed?: boolean;
  readonly blended?: boolean;
}

async function still(width: number, height: number, colour: string): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 4, background: colour } })
    .webp({ quality: 90 })
    .toBuffer();
}

function chunk(type: string, data: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(type, 'latin1');
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
}

/** An animated WebP put together by hand, so that every kind of frame occurs. */
async function animation(width: number, height: number, patches: readonly Patch[]): Promise<Buffer> {
  const header = Buffer.alloc(10);
  header.writeUInt8(0x12, 0);
  header.writeUIntLE(width - 1, 4, 3);
  header.writeUIntLE(height - 1, 7, 3);
  const chunks = [chunk('VP8X', header), chunk('ANIM', Buffer.alloc(6))];
  for (const { x, y, width: w, height: h, colour, disposed = false, blended = false } of patches) {
    const image = await still(w, h, colour);
    const extended = image.toString('latin1', 12, 16) === 'VP8X';
    const frame = Buffer.alloc(16);
    for (const [at, value] of [x / 2, y / 2, w - 1, h - 1, 40].entries()) frame.writeUIntLE(value, at * 3, 3);
    frame.writeUInt8((disposed ? 1 : 0) | (blended ? 0 : 2), 15);
    chunks.push(chunk('ANMF', Buffer.concat([frame, image.subarray(extended ? 30 : 12)])));
  }
  const body = Buffer.concat(chunks);
  const riff = Buffer.alloc(12);
  riff.write('RIFF', 'latin1');
  riff.writeUInt32LE(body.length + 4, 4);
  riff.write('WEBP', 8, 'latin1');
  return Buffer.concat([riff, body]);
}

/** The same frames by decoding everything. */
async function decodedWhole(webp: Buffer, indices: readonly number[]): Promise<Buffer[]> {
  return Promise.all(
    indices.map((page) =>
      sharp(webp, { page })
        .flatten({ background: '#fff' })
        .resize(16, 16, { fit: 'fill' })
        .jpeg({ quality: 90, chromaSubsampling: '4:4:4' })
        .toBuffer(),
    ),
  );
}

const patches: Patch[] = Array.from({ length: 20 }, (_, index) => ({
  x: (index * 6) % 20,
  y: (index * 4) % 16,
  width: 12 + (index % 5) * 2,
  height: 10 + (index % 4) * 3,
  colour: `rgba(${(index * 37) % 256}, ${(index * 91) % 256}, ${(index * 53) % 256}, ${index % 3 === 0 ? 0.5 : 1})`,
  disposed: index % 4 === 1,
}));
const spaced = [0, 2, 5, 7, 10, 12, 15, 17];

describe('a clip', () => {
  it('gives eight uniformly spaced frames, equal to those of decoding it whole', async () => {
    const webp = await animation(40, 40, patches);
    expect((await sharp(webp).metadata()).pages).toBe(20);
    expect(await decodeClip(webp, format)).toEqual(await decodedWhole(webp, spaced));
  });

  it('of blended frames as well', async () => {
    const webp = await animation(
      40,
      40,
      patches.map((patch) => ({ ...patch, blended: true })),
    );
    expect(await decodeClip(webp, format)).toEqual(await decodedWhole(webp, spaced));
  });

  it('with fewer frames gives those', async () => {
    const webp = await animation(40, 40, patches.slice(0, 3));
    expect(await decodeClip(webp, format)).toEqual(await decodedWhole(webp, [0, 1, 2]));
  });

  it('that is a still gives one frame, on white', async () => {
    const [frame, ...more] = await decodeClip(await still(40, 40, 'rgba(0, 0, 0, 0)'), format);
    expect(more).toEqual([]);
    const { data, info } = await sharp(frame).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.channels, info.format]).toEqual([16, 16, 3, 'raw']);
    expect(new Set(data)).toEqual(new Set([255]));
  });

  it('that is truncated or no WebP is an error', async () => {
    const webp = await animation(40, 40, patches);
    await expect(decodeClip(webp.subarray(0, webp.length - 20), format)).rejects.toThrow('truncated WebP');
    await expect(decodeClip(Buffer.from('no image at all'), format)).rejects.toThrow('not a WebP image');
  });
});

describe('visible frames', () => {
  it('leave out what is painted over', async () => {
    const full = { x: 0, y: 0, width: 40, height: 40, colour: '#f00' };
    const corner = { x: 0, y: 0, width: 10, height: 10, colour: '#0f0' };
    const animated = readAnimation(await animation(40, 40, [full, corner, full, corner, corner, full]));
    expect(visibleFrames(animated, 1)).toEqual([0, 1]);
    expect(visibleFrames(animated, 4)).toEqual([2, 4]);
    expect(visibleFrames(animated, 5)).toEqual([5]);
  });
});
