import { existsSync, readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergeFeatureArchives } from '../src/feature-archive-merge.js';
import { FeatureArchiveWriter } from '../src/feature-archive-writer.js';
import { FeatureArchiveReader } from '../src/feature-archive.js';
import { fromFloat16Bits } from '../src/float16.js';
import { InputError } from '../src/input-error.js';
import type { NdArray } from '../src/nd-array.js';
import { encodeNpy } from '../src/npy.js';
import { encodeDirectory, encodeEntry, type StoredEntry } from '../src/stored-zip-writer.js';
import { temporaryFolder } from './temporary-folder.js';
import { zipFile } from './zip-file.js';

const folder = temporaryFolder();
let files = 0;
const newFile = () => join(folder, `${files++}.zip`);
const float = (data: Float32Array, shape: number[]): NdArray => ({ dtype: 'float32', shape, data });
const rows = (n: number, dim: number, from = 0) =>
  float(
    Float32Array.from({ length: n * dim }, (_, i) => (from + i) / 8),
    [n, dim],
  );

async function archive(videos: Record<string, NdArray>): Promise<string> {
  const file = newFile();
  const writer = await FeatureArchiveWriter.open(file);
  for (const [id, features] of Object.entries(videos)) await writer.add(id, features);
  await writer.finish();
  return file;
}

async function contents(file: string): Promise<Record<string, number[]>> {
  const reader = await FeatureArchiveReader.open(file);
  try {
    const pairs: [string, number[]][] = [];
    for (const id of reader.ids) pairs.push([id, [...(await reader.read(id)).data]]);
    return Object.fromEntries(pairs);
  } finally {
    await reader.close();
  }
}

function zipOf(entries: Record<string, Buffer>, compress = false): string {
  const file = newFile();
  writeFileSync(file, zipFile(Object.entries(entries).map(([name, bytes]) => ({ name, bytes, compress }))));
  return file;
}

const halfNpy = (data: Float32Array, shape: number[]) => encodeNpy(float(data, shape), 'float16');

const half = fc.integer({ min: 0, max: 0x7bff }).map(fromFloat16Bits);
const video = fc
  .integer({ min: 0, max: 40 })
  .chain((n) => fc.array(half, { minLength: n * 3, maxLength: n * 3 }));

describe('an archive', () => {
  test('gives back every half-precision number exactly, of the first 32 frames', async () => {
    const id = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
      .filter((s) => !/[/\\\0:]/.test(s) && !/^\.\.?$/.test(s));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(id, video), async (videos) => {
        const values = Object.fromEntries(
          Object.entries(videos).map(([name, numbers]) => [
            name,
            float(Float32Array.from(numbers), [numbers.length / 3, 3]),
          ]),
        );
        const expected = Object.fromEntries(
          Object.entries(videos).map(([name, numbers]) => [name, numbers.slice(0, 32 * 3)]),
        );
        expect(await contents(await archive(values))).toEqual(expected);
      }),
      { numRuns: 25 },
    );
  });

  test('has the shape [frames, dim], and what it lacks is an error', async () => {
    const reader = await FeatureArchiveReader.open(await archive({ a: rows(2, 4), b: rows(33, 4) }));
    expect((await reader.read('a')).shape).toEqual([2, 4]);
    expect((await reader.read('b')).shape).toEqual([32, 4]);
    expect([reader.size, reader.has('b'), reader.has('c')]).toEqual([2, true, false]);
    expect([reader.dim, reader.count('a'), reader.count('b'), reader.count('c')]).toEqual([4, 2, 32, 0]);
    await expect(reader.read('c')).rejects.toThrow(/found no features; expected features of 'c'/);
    await reader.close();
  });

  test('is written alike however the adding is timed', async () => {
    const file = newFile();
    const writer = await FeatureArchiveWriter.open(file);
    await Promise.all(['a', 'b', 'c'].map((id, i) => writer.add(id, rows(1, 1, i))));
    await writer.finish();
    const one = await archive({ a: rows(1, 1, 0), b: rows(1, 1, 1), c: rows(1, 1, 2) });
    expect(readFileSync(file)).toEqual(readFileSync(one));
  });

  test('of another writer is read, float32 as well', async () => {
    const wide = Buffer.alloc(8);
    wide.writeFloatLE(0.1, 0);
    const header = "\x93NUMPY\x01\x00\x46\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }";
    const npy = Buffer.concat([Buffer.from(header.padEnd(79) + '\n', 'latin1'), wide]);
    expect(await contents(zipOf({ 'b.npy': npy, 'notes.txt': Buffer.from('?') }))).toEqual({
      b: [Math.fround(0.1), 0],
    });
  });

  test('without any video is an archive too', async () => {
    const reader = await FeatureArchiveReader.open(await archive({}));
    expect([reader.ids, reader.dim, reader.count('a')]).toEqual([[], 0, 0]);
    await reader.close();
  });
});

describe('writing', () => {
  test('refuses what it could not give back', async () => {
    const writer = await FeatureArchiveWriter.open(newFile());
    await writer.add('a', rows(1, 2));
    await expect(writer.add('a', rows(1, 2))).rejects.toThrow(InputError);
    await expect(writer.add('b', rows(1, 3))).rejects.toThrow(/expected float16 of shape \[frames, 2\]/);
    const lone = (value: number) => float(Float32Array.of(0, value), [1, 2]);
    await expect(writer.add('b', lone(NaN))).rejects.toThrow(/NaN has no half precision/);
    await expect(writer.add('b', lone(-65520))).rejects.toThrow(/-65520/);
    await expect(writer.add('b', float(Float32Array.of(1), [1, 2]))).rejects.toThrow(TypeError);
    for (const id of ['', '../b', '/b', 'a\\b', 'a\0b', '\ud800', 'x'.repeat(70_000)]) {
      await expect(writer.add(id, rows(1, 2))).rejects.toThrow(/an id that can name an entry/);
    }
    await writer.finish();
    expect(await contents(writer.file)).toEqual({ a: [0, 1 / 8] });
  });

  test('leaves no file before it is finished', async () => {
    const file = newFile();
    const writer = await FeatureArchiveWriter.open(file);
    await writer.add('a', rows(1, 1));
    expect(existsSync(file)).toBe(false);
    await writer.finish();
    expect(existsSync(file)).toBe(true);
    expect(readdirSync(folder).filter((name) => name.startsWith(`${files - 1}.zip.`))).toEqual([]);
  });

  test('into a folder that is not there is an InputError', async () => {
    const create = FeatureArchiveWriter.open(join(folder, 'none', 'a.zip'));
    await expect(create).rejects.toThrow(InputError);
  });

  test('goes on after an interruption at any byte, and ends as if there had been none', async () => {
    const videos = { a: rows(2, 3), b: rows(1, 3, 5), c: rows(3, 3, 9) };
    const whole = readFileSync(await archive(videos));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.length }), async (cut) => {
        const file = newFile();
        writeFileSync(`${file}.partial`, whole.subarray(0, cut));
        const writer = await FeatureArchiveWriter.open(file, { resume: true });
        for (const [id, features] of Object.entries(videos)) {
          if (!writer.has(id)) await writer.add(id, features);
        }
        await writer.finish();
        expect(readFileSync(file).equals(whole)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test('drops a damaged entry when it resumes, and everything without resume', async () => {
    const whole = readFileSync(await archive({ a: rows(2, 3), b: rows(1, 3) }));
    const damaged = Buffer.from(whole);
    damaged[140]! ^= 1;
    const file = newFile();
    writeFileSync(`${file}.partial`, damaged);
    const resumed = await FeatureArchiveWriter.open(file, { resume: true });
    expect([resumed.has('a'), resumed.has('b')]).toEqual([false, false]);
    await resumed.close();
    writeFileSync(`${file}.partial`, whole);
    const fresh = await FeatureArchiveWriter.open(file);
    expect([fresh.has('a'), fresh.has('b')]).toEqual([false, false]);
    await fresh.close();
  });

  test('does not resume with another dim', async () => {
    const file = newFile();
    writeFileSync(`${file}.partial`, readFileSync(await archive({ a: rows(2, 3) })));
    const writer = await FeatureArchiveWriter.open(file, { resume: true });
    expect([writer.dim, writer.size]).toEqual([3, 1]);
    await expect(writer.add('b', rows(1, 4))).rejects.toThrow(
      /shape \[1, 4\]; expected float16 of shape \[frames, 3\]/,
    );
    await writer.close();
    const other = FeatureArchiveWriter.open(file, { dim: 4, resume: true });
    await expect(other).rejects.toThrow(/shape \[2, 3\]; expected float16 of shape \[frames, 4\]/);
  });

  test('takes values alone where the dim is known', async () => {
    const writer = await FeatureArchiveWriter.open(newFile(), { dim: 2 });
    await writer.add('a', Float32Array.of(1, 2, 3, 4));
    await expect(writer.add('b', Float32Array.of(1, 2, 3))).rejects.toThrow(/\[1\.5, 2\] of 3 values/);
    await writer.finish();
    const reader = await FeatureArchiveReader.open(writer.file);
    expect(await reader.read('a')).toEqual(float(Float32Array.of(1, 2, 3, 4), [2, 2]));
    await reader.close();
  });

  test('has every added video on disk, whether it is closed or not', async () => {
    const file = newFile();
    const writer = await FeatureArchiveWriter.open(file);
    await writer.add('a', rows(2, 3));
    // What a killed process leaves: everything that was added, without any closing.
    const left = readFileSync(`${file}.partial`);
    await writer.close();
    writeFileSync(`${file}.partial`, left);
    const resumed = await FeatureArchiveWriter.open(file, { resume: true });
    expect(resumed.has('a')).toBe(true);
    await resumed.finish();
    expect(await contents(file)).toEqual(await contents(await archive({ a: rows(2, 3) })));
  });
});

describe('merging', () => {
  test('joins shards, and the same video twice is fine', async () => {
    const one = await archive({ a: rows(1, 2), b: rows(2, 2) });
    const two = await archive({ b: rows(2, 2), c: rows(1, 2, 7) });
    const out = newFile();
    expect(await mergeFeatureArchives([one, two], out)).toBe(3);
    expect(await contents(out)).toEqual({ ...(await contents(one)), ...(await contents(two)) });
  });

  test.each([
    ['different features of one video', { a: rows(1, 2, 1) }, /other features than in/],
    ['another dim', { b: rows(1, 3) }, /expected float16 of shape \[frames, 2\]/],
  ])('refuses %s and leaves nothing', async (_, second, message) => {
    const shards = [
      await archive({ a: rows(1, 2) }),
      await archive(second as unknown as Record<string, NdArray>),
    ];
    const out = newFile();
    await expect(mergeFeatureArchives(shards, out)).rejects.toThrow(message);
    expect([existsSync(out), existsSync(`${out}.partial`)]).toEqual([false, false]);
    await expect(mergeFeatureArchives([], out)).rejects.toThrow(InputError);
  });
});

describe('a broken archive is an InputError', () => {
  test.each([
    ['missing', async () => join(folder, 'none.zip'), /found nothing/],
    [
      'empty',
      async () => (writeFileSync(join(folder, 'empty.zip'), ''), join(folder, 'empty.zip')),
      /broken zip/,
    ],
    ['compressed', async () => zipOf({ 'a.npy': Buffer.alloc(100) }, true), /a compressed entry/],
    [
      'cut off',
      async () => {
        const file = await archive({ a: rows(2, 3) });
        truncateSync(file, readFileSync(file).length - 30);
        return file;
      },
      /broken zip/,
    ],
  ])('%s', async (_, make, message) => {
    const error: unknown = await FeatureArchiveReader.open(await make()).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toMatch(message);
  });

  test.each([
    ['no array', Buffer.from('text'), /no \.npy header/],
    [
      'the wrong length',
      halfNpy(Float32Array.of(1, 2), [1, 2]).subarray(0, -1),
      /found 3 bytes of values; expected whole frames of 4 bytes/,
    ],
    ['fewer frames than its size', cutFrame(), /found 8 bytes for 2 numbers/],
    ['one dimension', halfNpy(Float32Array.of(1, 2), [2]), /shape \[2\]/],
  ])('an entry with %s', async (_, bytes, message) => {
    const read = contents(zipOf({ 'a.npy': bytes }));
    await expect(read).rejects.toThrow(message);
    await expect(read).rejects.toThrow(InputError);
  });

  test('any changed byte is noticed, or changes nothing that is read', async () => {
    const original = await archive({ a: rows(2, 3) });
    const bytes = readFileSync(original);
    const expected = await contents(original);
    const file = newFile();
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 0x10;
      writeFileSync(file, changed);
      const read: unknown = await contents(file).catch((error: unknown) => error);
      if (read instanceof Error) expect(read).toBeInstanceOf(InputError);
      else expect(Object.values(read as object)[0] ?? expected.a).toEqual(expected.a);
    }
  });
});

describe('a large archive (zip64)', () => {
  const npy = halfNpy(Float32Array.of(3), [1, 1]);

  test('has more than 65,535 entries', async () => {
    const parts: Buffer[] = [];
    const entries: StoredEntry[] = [];
    const { crc } = await storedEntry(npy);
    let offset = 0;
    for (let i = 0; i < 66_000; i++) {
      const bytes = encodeEntry(`${i}.npy`, npy);
      entries.push({ name: `${i}.npy`, crc, size: npy.length, offset });
      parts.push(bytes);
      offset += bytes.length;
    }
    const file = newFile();
    writeFileSync(file, Buffer.concat([...parts, encodeDirectory(entries, offset)]));
    const reader = await FeatureArchiveReader.open(file);
    expect(reader.size).toBe(66_000);
    expect((await reader.read('65999')).data).toEqual(Float32Array.of(3));
    await reader.close();
  });

  test('has entries beyond 4 GiB', async () => {
    const file = newFile();
    const offset = 5 * 2 ** 30;
    const entry = { ...(await storedEntry(npy)), offset };
    const bytes = encodeEntry(entry.name, npy);
    const handle = await open(file, 'w');
    await handle.write(
      Buffer.concat([bytes, encodeDirectory([entry], offset + bytes.length)]),
      0,
      null,
      offset,
    );
    await handle.close();
    expect(await contents(file)).toEqual({ far: [3] });
  });
});

async function storedEntry(value: Buffer): Promise<StoredEntry> {
  const crc = encodeEntry('far.npy', value).readUInt32LE(14);
  return { name: 'far.npy', crc, size: value.length, offset: 0 };
}

function cutFrame(): Buffer {
  return Buffer.concat([halfNpy(Float32Array.of(1, 2), [1, 2]), Buffer.alloc(4)]);
}
