import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { categoriesFrom } from '../src/categories.js';
import { FrameError, frameArchivePath, readChosenFrames, readFrames } from '../src/frame-archive.js';
import { loadFrames } from '../src/frame-loading.js';
import { InputError } from '../src/input-error.js';
import { checkDataset, writeQuarantine } from '../src/quarantine.js';
import { temporaryFolder } from './temporary-folder.js';
import { zipFile, type ZipEntry } from './zip-file.js';

const folder = temporaryFolder();
const frames = join(folder, 'frames');
const jpegs: Buffer[] = [];

beforeAll(async () => {
  for (const grey of [10, 130, 250]) {
    const background = { r: grey, g: grey, b: grey };
    jpegs.push(
      await sharp({ create: { width: 40, height: 30, channels: 3, background } })
        .jpeg()
        .toBuffer(),
    );
  }
});

function save(id: string, content: readonly ZipEntry[] | Buffer): string {
  const file = frameArchivePath(frames, id);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, Buffer.isBuffer(content) ? content : zipFile(content));
  return id;
}

const image = (name: string, index = 0): ZipEntry => ({ name, bytes: jpegs[index]! });

async function refusal(id: string): Promise<FrameError> {
  const error: unknown = await loadFrames(frames, id, { size: 8 }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(FrameError);
  return error as FrameError;
}

describe("a video's frames", () => {
  test('lie by the last three characters of the id', () => {
    expect(frameArchivePath('f', '123456')).toBe(join('f', '456', '123456.zip'));
    expect(frameArchivePath('f', '1f')).toBe(join('f', '1f', '1f.zip'));
  });

  test('come in the order of their names, images alone', async () => {
    const junk: ZipEntry = { name: '__MACOSX/._a.jpg', bytes: Buffer.from('x') };
    const text: ZipEntry = { name: 'readme.txt', bytes: Buffer.from('x') };
    const id = save('order', [image('b.JPG', 1), junk, image('c/a.jpeg', 2), text, image('10.jpg', 0)]);
    const read = await readFrames(frames, id);
    expect(read.map(({ name }) => name)).toEqual(['10.jpg', 'b.JPG', 'c/a.jpeg']);
    expect(read.map(({ bytes }) => bytes)).toEqual(jpegs);
  });

  test('are unpacked where they are compressed, and decoded in the order asked for', async () => {
    const id = save(
      'packed',
      [0, 1, 2].map((i) => ({ ...image(`${i}.jpg`, i), compress: true })),
    );
    const { count, size, data } = await loadFrames(frames, id, {
      size: 8,
      crop: 4,
      indices: (n) => [n - 1, 0],
    });
    expect([count, size, data.length]).toEqual([3, 4, 2 * 4 * 4 * 3]);
    expect([data[0], data[48]]).toEqual([250, 10]);
    await expect(readChosenFrames(frames, id, () => [3])).rejects.toThrow(/frame 3 of 'packed', which has 3/);
  });
});

describe('what is wrong with frames has a name', () => {
  const many = () => Array.from({ length: 10_001 }, (_, i) => ({ name: `${i}`, bytes: Buffer.alloc(0) }));
  const bomb = () => ({ name: 'a.jpg', bytes: Buffer.alloc(1 << 20), compress: true });
  test.each<[string, FrameError['kind'], () => readonly ZipEntry[] | Buffer | undefined, RegExp]>([
    ['no zip', 'missing-frames', () => undefined, /no such file/],
    ['an empty file', 'broken-zip', () => Buffer.alloc(0), /broken\.zip/],
    ['no zip at all', 'broken-zip', () => Buffer.from('PK, but not a zip file after all'), /expected a zip/],
    ['a zip cut off', 'broken-zip', () => zipFile([image('a.jpg')]).subarray(0, -40), /expected a zip/],
    ['a changed byte', 'broken-zip', () => [{ ...image('a.jpg'), crc: 1 }], /a\.jpg: found a wrong checksum/],
    ['a claim that is too small', 'broken-zip', () => [{ ...bomb(), claimedSize: 10 }], /too many bytes/],
    [
      'a claim that is too large',
      'broken-zip',
      () => [{ ...bomb(), claimedSize: 2 ** 30 }],
      /at most 67108864 bytes a frame/,
    ],
    [
      'frames that are too large together',
      'broken-zip',
      () => Array.from({ length: 9 }, (_, i) => ({ ...bomb(), name: `${i}.jpg`, claimedSize: 2 ** 26 })),
      /bytes a video/,
    ],
    ['too many entries', 'broken-zip', many, /found 10001 entries/],
    ['a way out of the folder', 'broken-zip', () => [image('../a.jpg')], /expected a zip/],
    ['an empty zip', 'no-frames', () => [], /found no image/],
    ['no images', 'no-frames', () => [{ name: 'a.txt', bytes: Buffer.from('x') }], /found no image/],
    [
      'a truncated image',
      'broken-image',
      () => [image('a.jpg'), { name: 'b.jpg', bytes: jpegs[1]!.subarray(0, -60) }],
      /b\.jpg: found .*expected a whole image/,
    ],
    [
      'an image that is none',
      'broken-image',
      () => [{ name: 'a.jpg', bytes: Buffer.from('hello') }],
      /a\.jpg/,
    ],
    ['an empty image', 'broken-image', () => [{ name: 'a.jpg', bytes: Buffer.alloc(0) }], /a\.jpg/],
  ])('%s: %s', async (_, kind, make, message) => {
    const content = make();
    if (content) save('broken', content);
    const error = await refusal(content ? 'broken' : 'absent');
    expect(error.kind).toBe(kind);
    expect(error.message).toMatch(message);
  });
});

describe('checking a data set', () => {
  const labels = categoriesFrom(['0000']);

  async function check(items: unknown[], options = {}) {
    const file = join(folder, 'annotations.json');
    writeFileSync(file, JSON.stringify(items));
    return checkDataset(file, frames, { labels, ...options });
  }

  test('lists and counts every problem, and goes on', async () => {
    save('good', [image('a.jpg')]);
    save('cut', [{ name: 'a.jpg', bytes: jpegs[0]!.subarray(0, -60) }]);
    save('none', []);
    save('bad', Buffer.from('no zip'));
    const titled = (id: string) => ({ id, title: 'x' });
    const items = [
      titled('good'),
      titled('cut'),
      titled('none'),
      titled('bad'),
      titled('gone'),
      titled('good'),
      { ...titled('x'), category_id: '0001' },
      5,
    ];
    const progress: number[] = [];
    const result = await check(items, { onItem: (done: number) => progress.push(done) });
    expect(result.items).toBe(8);
    expect(result.problems.map(({ id, kind }) => `${id} ${kind}`)).toEqual([
      'good duplicate-id',
      'x unknown-category',
      'item 7 invalid-item',
      'cut broken-image',
      'none no-frames',
      'bad broken-zip',
      'gone missing-frames',
    ]);
    expect(Object.values(result.counts)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect(progress).toEqual([4, 5, 6, 7, 8]);
    expect((await check(items, { decode: false })).counts['broken-image']).toBeUndefined();
  });

  test('takes an empty title as it is told to', async () => {
    save('good', [image('a.jpg')]);
    const items = [{ id: 'good', title: ' ' }];
    expect((await check(items)).problems.map(({ kind }) => kind)).toEqual(['empty-title']);
    const warned = await check(items, { emptyTitle: 'warning' });
    expect([warned.problems.length, warned.warnings.length]).toEqual([0, 1]);
    const accepted = await check(items, { emptyTitle: 'accept' });
    expect([accepted.problems.length, accepted.warnings.length]).toEqual([0, 0]);
  });

  test('is refused where the annotations are no JSON', async () => {
    const file = join(folder, 'broken.json');
    writeFileSync(file, '[\n{');
    await expect(checkDataset(file, frames)).rejects.toThrow(/broken\.json: line 2, column 2/);
    await expect(checkDataset(file, frames)).rejects.toThrow(InputError);
  });

  test('writes the list with its counts', async () => {
    const { problems } = await check([{ id: 'gone', title: 'x' }]);
    const file = join(folder, 'quarantine.json');
    await writeQuarantine(file, problems);
    const list = JSON.parse(readFileSync(file, 'utf8')) as unknown;
    expect(list).toMatchObject({
      counts: { 'missing-frames': 1 },
      items: [{ id: 'gone', kind: 'missing-frames' }],
    });
  });
});
