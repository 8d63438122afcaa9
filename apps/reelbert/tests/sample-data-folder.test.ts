import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError, readFrames } from '@reelbert/data';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { embeddedDir } from '../src/sample-data/embedded-source.js';
import { makeSampleData, readManifest, type SampleDataResult } from '../src/sample-data/index.js';
import { isIntact } from '../src/sample-data/manifest.js';

const fixture = fileURLToPath(new URL('./fixtures/clips/', import.meta.url));

interface Listed {
  readonly id: string;
  readonly title: string;
  readonly ocr: readonly { readonly text: string }[];
  readonly asr: string;
  readonly category_id?: string;
}

let folder: string;
let full: string;
let made: SampleDataResult;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sample-data-'));
  full = join(folder, 'embedded');
  made = await makeSampleData({ source: 'embedded', out: full });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const list = async (out: string, name: string) =>
  JSON.parse(await readFile(join(out, `${name}.json`), 'utf8')) as Listed[];
const small = (out: string, more: { limit?: number; splitSeed?: number } = {}) =>
  makeSampleData({ source: 'embedded', out: join(folder, out), limit: 20, ...more });

describe('the embedded sample', () => {
  it('is at least 1,000 clips in at most 8 MB, licence included', async () => {
    const files = await readdir(embeddedDir);
    const sizes = await Promise.all(files.map(async (name) => (await stat(join(embeddedDir, name))).size));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(8_000_000);
    expect(await readFile(join(embeddedDir, 'LICENSE.txt'), 'utf8')).toContain('Microsoft');
    expect(made.counts).toMatchObject({ clips: 1808, level1: 9, level2: 69, test: 402, labelled: 208 });
  });

  it('becomes a complete data set', async () => {
    expect((await readdir(full)).sort()).toEqual(
      [
        'LICENSE.txt',
        'README.md',
        'frames',
        'labelled.json',
        'labels.json',
        'manifest.json',
        'test.json',
        'unlabelled.json',
        'vocab.txt',
      ].sort(),
    );
    const [unlabelled, labelled, test] = await Promise.all([
      list(full, 'unlabelled'),
      list(full, 'labelled'),
      list(full, 'test'),
    ]);
    expect([unlabelled.length, labelled.length, test.length]).toEqual([1406, 208, 402]);
    const labels = JSON.parse(await readFile(join(full, 'labels.json'), 'utf8')) as string[];
    expect(unlabelled.filter((clip) => 'category_id' in clip)).toEqual([]);
    for (const clip of [...labelled, ...test]) expect(labels).toContain(clip.category_id);
    for (const { title } of [...unlabelled, ...test]) expect(title).not.toBe('');
    const ids = new Set([...unlabelled, ...test].map(({ id }) => id));
    for (const id of ids) {
      expect((await stat(join(full, 'frames', id.slice(-3), `${id}.zip`))).size).toBeGreaterThan(500);
    }
  });

  it('has frames of 64 pixels, several for a moving clip and one for a still', async () => {
    const counts = new Map<string, number>();
    for (const id of ['1f604', '1f680', '1f1e8-1f1f3']) {
      const images = await readFrames(join(full, 'frames'), id);
      expect(images.map(({ name }) => name)).toEqual(images.map((_, index) => `0${index}.jpg`));
      for (const { bytes } of images) {
        const { data, info } = await sharp(bytes, { failOn: 'warning' })
          .raw()
          .toBuffer({ resolveWithObject: true });
        expect([info.width, info.height, info.channels]).toEqual([64, 64, 3]);
        expect(data.length).toBe(64 * 64 * 3);
      }
      counts.set(id, images.length);
    }
    expect(Object.fromEntries(counts)).toEqual({ '1f604': 8, '1f680': 8, '1f1e8-1f1f3': 1 });
  });

  it('names the concept and group of every clip', async () => {
    const manifest = await readManifest(full);
    const unlabelled = await list(full, 'unlabelled');
    expect(Object.keys(manifest?.groups ?? {})).toHaveLength(unlabelled.length);
    expect(manifest?.concepts['1f469-200d-1f680']).toEqual({
      base: '1f469-200d-1f680',
      concept: '1f9d1-200d-1f680',
      tone: [],
    });
    expect(manifest?.settings).toMatchObject({
      splitSeed: 802,
      labelledShare: 0.2,
      size: 64,
      framesPerClip: 8,
    });
    expect(manifest?.packages).toHaveLength(5);
  });

  it('has a vocabulary of the unlabelled texts', async () => {
    const vocabulary = (await readFile(join(full, 'vocab.txt'), 'utf8')).trimEnd().split('\n');
    expect(vocabulary.slice(0, 5)).toEqual(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']);
    expect(vocabulary).toContain('猫');
  });
});

describe('making it', () => {
  // The vocabulary is the tokenizer's business.
  it('gives the dozen clips of the tests again', async () => {
    await small('dozen', { limit: 12 });
    const [kept, anew] = await Promise.all([readManifest(fixture), readManifest(join(folder, 'dozen'))]);
    expect(kept?.counts).toMatchObject({ clips: 12, level2: 2 });
    expect(anew).toEqual({ ...kept, files: { ...kept?.files, 'vocab.txt': anew?.files['vocab.txt'] } });
    expect(kept !== undefined && (await isIntact(fixture, kept))).toBe(true);
  });

  it('again leaves a finished folder as it is', async () => {
    await small('again');
    const before = (await stat(join(folder, 'again', 'manifest.json'))).mtimeMs;
    expect(await small('again')).toMatchObject({ reused: true, decoded: 0, downloaded: 0 });
    expect((await stat(join(folder, 'again', 'manifest.json'))).mtimeMs).toBe(before);
  });

  it('again repairs a damaged or unfinished folder', async () => {
    const out = join(folder, 'repaired');
    await small('repaired');
    const test = await readFile(join(out, 'test.json'));
    await writeFile(join(out, 'test.json'), '[]');
    expect((await small('repaired')).reused).toBe(false);
    expect(await readFile(join(out, 'test.json'))).toEqual(test);
    await rm(join(out, 'manifest.json'));
    await writeFile(join(out, 'unfinished.txt'), '');
    expect((await small('repaired')).reused).toBe(false);
    expect(await readdir(out)).not.toContain('unfinished.txt');
  });

  it('with another seed replaces the data set', async () => {
    await small('seeds');
    const test = await list(join(folder, 'seeds'), 'test');
    expect((await small('seeds', { splitSeed: 3 })).reused).toBe(false);
    expect(await list(join(folder, 'seeds'), 'test')).not.toEqual(test);
    const frames = (await readManifest(join(folder, 'seeds')))?.frames ?? {};
    const found = await readdir(join(folder, 'seeds', 'frames'), { recursive: true });
    expect(found.filter((name) => name.endsWith('.zip'))).toHaveLength(Object.keys(frames).length);
  });

  it('refuses a folder with anything else in it and leaves that alone', async () => {
    const out = join(folder, 'foreign');
    await small('foreign');
    await writeFile(join(out, 'thesis.txt'), 'precious');
    await rm(join(out, 'manifest.json'));
    await expect(small('foreign')).rejects.toThrow(InputError);
    await expect(makeSampleData({ source: 'full', cacheDir: 'unused', out, npm: 'unused' })).rejects.toThrow(
      InputError,
    );
    await expect(makeSampleData({ source: 'embedded', out: fileURLToPath(import.meta.url) })).rejects.toThrow(
      'a file',
    );
    expect(await readFile(join(out, 'thesis.txt'), 'utf8')).toBe('precious');
  });

  it.each([
    [{ limit: 2 }, 'limit: found 2'],
    [{ splitSeed: 1.5 }, 'split seed: found 1.5'],
    [{ labelledShare: 0 }, 'labelled share: found 0'],
    [{ size: 128 }, 'size: found 128; expected 64'],
    [{ framesPerClip: 33 }, 'frames per clip: found 33'],
  ])('refuses %o', async (options, message) => {
    const failure = makeSampleData({ source: 'embedded', out: join(folder, 'never'), ...options });
    await expect(failure).rejects.toThrow(InputError);
    await expect(failure).rejects.toThrow(message);
    expect(await readdir(folder)).not.toContain('never');
  });

  it('reports progress clip by clip and stops on a signal', async () => {
    const stop = new AbortController();
    const seen: number[] = [];
    const failure = makeSampleData({
      source: 'embedded',
      out: join(folder, 'stopped'),
      limit: 20,
      signal: stop.signal,
      onProgress: ({ stage, done, total }) => {
        expect([stage, total]).toEqual(['write', 20]);
        seen.push(done);
        if (done === 5) stop.abort();
      },
    });
    await expect(failure).rejects.toThrow(/abort/i);
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    expect((await small('stopped')).reused).toBe(false);
  });
});
