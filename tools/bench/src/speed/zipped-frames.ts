import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';

import { frameArchivePath, Random } from '@reelbert/data';
import sharp from 'sharp';

/** Id of a made-up video. */
export const videoId = (number: number): string => `video${String(number).padStart(3, '0')}`;

/** Height and width of the made-up frames: a phone's clip, scaled down as the challenge's frames are. */
const frameSize = { height: 480, width: 270 };

/** Writes `videos` zips of `frames` JPEGs each below `folder`, where `frameLoader` finds them. */
export async function writeZippedFrames(folder: string, videos: number, frames: number): Promise<void> {
  for (let video = 0; video < videos; video++) {
    const images: Buffer[] = [];
    for (let frame = 0; frame < frames; frame++) images.push(await madeUpJpeg(video * frames + frame));
    const file = frameArchivePath(folder, videoId(video));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, storedZip(images));
  }
}

/** A smooth pattern with some noise, so that it takes a photograph's time to decode. */
async function madeUpJpeg(seed: number): Promise<Buffer> {
  const { height, width } = frameSize;
  const random = new Random('speed', 'frame', seed);
  const [a, b, c] = [random.uniform(), random.uniform(), random.uniform()];
  const pixels = Buffer.alloc(height * width * 3);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const wave = 64 * Math.sin(x * a * 0.2) + 48 * Math.cos(y * b * 0.2);
      const grain = 24 * random.uniform();
      pixels[at++] = 128 + wave + grain;
      pixels[at++] = 128 + wave * c + grain;
      pixels[at++] = 128 - wave * c + grain;
    }
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 85 })
    .toBuffer();
}

/** A zip of stored entries `00.jpg`, `01.jpg`, ... (PKWARE APPNOTE 6.3). */
function storedZip(images: readonly Buffer[]): Buffer {
  const entries: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  images.forEach((image, i) => {
    const name = Buffer.from(`${String(i).padStart(2, '0')}.jpg`);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(image), 10);
    common.writeUInt32LE(image.length, 14);
    common.writeUInt32LE(image.length, 18);
    common.writeUInt16LE(name.length, 22);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    entries.push(Buffer.from('PK\x03\x04'), common, name, image);
    directory.push(Buffer.from('PK\x01\x02\x14\0'), common, place, name);
    offset += 30 + name.length + image.length;
  });
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(images.length, 8);
  end.writeUInt16LE(images.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...entries, list, end]);
}
