import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { FeatureArchiveReader, imageNetNormalisation, InputError, type NdArray } from '@reelbert/data';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { extractToArchive, frameLoader, type ArchiveExtractionOptions } from '../src/index.js';

// Clips of one colour: `red` has three frames, `green` one; `truncated` has a damaged JPEG, `broken` a damaged zip,
// `empty` a zip without entries.
const framesFolder = fileURLToPath(new URL('./fixtures/frames', import.meta.url));
const load = frameLoader(framesFolder, { size: 8, crop: 4, normalisation: imageNetNormalisation });

// A frame's feature is its mean colour.
async function encode({ shape, data }: NdArray): Promise<NdArray> {
  const size = shape[1]! * shape[2]!;
  const means = new Float32Array(shape[0]! * 3);
  data.forEach((value, i) => (means[3 * Math.floor(i / (3 * size)) + (i % 3)]! += value / size));
  return { dtype: 'float32', shape: [shape[0]!, 3], data: means };
}

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'extract-'));
  file = join(folder, 'features.zip');
});
afterEach(() => rmSync(folder, { recursive: true }));

function extract(ids: readonly string[], options: Partial<ArchiveExtractionOptions> = {}) {
  return extractToArchive(file, { ids, load, encode, dim: 3, batchSize: 2, ...options });
}

async function stored(): Promise<Record<string, NdArray>> {
  const reader = await FeatureArchiveReader.open(file);
  const entries = await Promise.all(reader.ids.map(async (id) => [id, await reader.read(id)] as const));
  await reader.close();
  return Object.fromEntries(entries);
}

describe('the frame loader', () => {
  it("gives a video's first frames, cropped, in [n, size, size, 3], normalised", async () => {
    const { shape, data } = await load('red');
    expect(shape).toEqual([3, 4, 4, 3]);
    const { mean, std } = imageNetNormalisation;
    expect(data[0]).toBeCloseTo((254 / 255 - mean[0]) / std[0], 4); // JPEG stores 254
    expect(data[1]).toBeCloseTo((0 - mean[1]) / std[1], 4);
    const two = frameLoader(framesFolder, {
      size: 8,
      crop: 8,
      normalisation: imageNetNormalisation,
      maxFrames: 2,
    });
    expect((await two('red')).shape).toEqual([2, 8, 8, 3]);
  });
});

describe('extraction to an archive', () => {
  it('stores the features of every frame and leaves nothing else behind', async () => {
    const report = await extract(['red', 'green'], { identity: 'tower 1' });
    expect(report).toMatchObject({ stored: 2, finished: true, frames: 4 });
    const features = await stored();
    expect(features['red']!.shape).toEqual([3, 3]);
    expect(features['green']!.shape).toEqual([1, 3]);
    const expected = (await encode(await load('green'))).data;
    features['green']!.data.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 2));
    expect(readdirSync(folder)).toEqual(['features.zip']);
  });

  it('puts videos with missing or damaged frames into quarantine, by kind', async () => {
    const report = await extract(['truncated', 'red', 'broken', 'nowhere', 'empty']);
    expect(report.quarantine.map(({ id, kind }) => [id, kind])).toEqual([
      ['truncated', 'broken-image'],
      ['broken', 'broken-zip'],
      ['nowhere', 'missing-frames'],
      ['empty', 'no-frames'],
    ]);
    for (const { id, message } of report.quarantine) expect(message).toContain(`${id}.zip`);
    expect(Object.keys(await stored())).toEqual(['red']);
  });

  it('makes no archive if no video has features', async () => {
    const report = await extract(['nowhere']);
    expect(report).toMatchObject({ stored: 0, finished: false, quarantined: 1 });
    expect(existsSync(file)).toBe(false);
  });

  it('goes on where it was interrupted, to the same archive', async () => {
    const ids = ['red', 'green'];
    await extract(ids);
    const whole = readFileSync(file);
    rmSync(file);

    const controller = new AbortController();
    const options = { readAhead: 0, batchSize: 1, identity: 'tower 1' };
    const first = await extract(ids, {
      ...options,
      signal: controller.signal,
      load: (id) => {
        controller.abort(); // while the first is being read
        return load(id);
      },
    });
    expect(first).toMatchObject({ interrupted: true, finished: false, stored: 1 });
    expect(existsSync(file)).toBe(false);

    await expect(extract(ids, { ...options, resume: true, identity: 'tower 2' })).rejects.toThrow(InputError);
    const read: string[] = [];
    const second = await extract(ids, {
      ...options,
      resume: true,
      load: (id) => {
        read.push(id);
        return load(id);
      },
    });
    expect(read).toEqual(['green']);
    expect(second).toMatchObject({ done: 2, total: 2, stored: 2, finished: true });
    expect(readFileSync(file).equals(whole)).toBe(true);
  });

  it('keeps what was done when encoding fails', async () => {
    let batches = 0;
    const failing = extract(['red', 'green'], {
      batchSize: 3,
      encode: (pixels) => (++batches > 1 ? Promise.reject(new Error('device lost')) : encode(pixels)),
    });
    await expect(failing).rejects.toThrow('device lost');
    expect(await extract(['red', 'green'], { resume: true })).toMatchObject({ stored: 2, frames: 1 });
  });

  it('does only its shard', async () => {
    await extract(['red', 'green'], { shard: { index: 2, count: 2 } });
    expect(Object.keys(await stored())).toEqual(['green']);
  });
});
