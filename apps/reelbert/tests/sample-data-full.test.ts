import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFrames } from '@reelbert/data';
import sharp from 'sharp';
import { create } from 'tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeSampleData, readManifest, type SampleDataOptions } from '../src/sample-data/index.js';
import { animationPackages, namesPackage, tarballPath } from '../src/sample-data/packages.js';

const concepts = 20;
const codePoint = (index: number) => (0x1f600 + index).toString(16);

let folder: string;
let cacheDir: string;

/** A cache that holds packages of the real names with made-up emoji: two classes of ten, half of them with tones. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sample-full-'));
  cacheDir = join(folder, 'cache');
  const packages = join(cacheDir, 'sample-data', 'packages');
  await mkdir(packages, { recursive: true });
  const records = Array.from({ length: concepts }, (_, index) => ({
    hexcode: codePoint(index).toUpperCase(),
    label: `名${index}`,
    tags: ['甲', '乙'],
    group: index % 2,
    subgroup: index % 2,
    skins: index < 10 ? [{ hexcode: `${codePoint(index).toUpperCase()}-1F3FB`, tone: 1 }] : [],
  }));
  await pack(tarballPath(packages, namesPackage), { 'zh/data.json': Buffer.from(JSON.stringify(records)) });
  for (const [part, animations] of animationPackages.entries()) {
    const files: Record<string, Buffer> = { 'README.md': Buffer.from('none') };
    for (let index = part; index < concepts; index += animationPackages.length) {
      const webp = await sharp({ create: { width: 32, height: 32, channels: 4, background: '#f808' } })
        .webp()
        .toBuffer();
      files[`assets/${codePoint(index)}.webp`] = webp;
      files[`assets/${codePoint(index)}-1f3fb.webp`] = webp;
    }
    await pack(tarballPath(packages, animations), files);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function pack(file: string, files: Readonly<Record<string, Buffer>>): Promise<void> {
  const cwd = await mkdtemp(join(folder, 'pack-'));
  for (const [name, data] of Object.entries(files)) {
    await mkdir(join(cwd, 'package', name, '..'), { recursive: true });
    await writeFile(join(cwd, 'package', name), data);
  }
  await create({ file, cwd, gzip: true }, ['package']);
}

const make = (out: string, more: Partial<SampleDataOptions> = {}) =>
  makeSampleData({ out: join(folder, out), cacheDir, size: 16, npm: join(folder, 'no-npm'), ...more });

describe('full sample data', () => {
  it('is made of the packages in the cache, toned clips in the unlabelled part only', async () => {
    const result = await make('first');
    expect(result).toMatchObject({ reused: false, downloaded: 0, counts: { level1: 2, level2: 2, test: 6 } });
    expect(result.decoded).toBe(result.counts.clips);
    const { concepts: known = {}, groups = {} } = (await readManifest(join(folder, 'first'))) ?? {};
    const toned = Object.keys(known).filter((id) => known[id]?.tone.length === 1);
    expect(toned.length).toBeGreaterThan(0);
    for (const id of toned) expect(groups[id]).toBe(id.replace('-1f3fb', ''));
    const labelled = await readFile(join(folder, 'first', 'labelled.json'), 'utf8');
    expect(labelled).not.toContain('1f3fb');
    for (const id of toned) {
      const frames = await readFrames(join(folder, 'first', 'frames'), id);
      expect(frames.map(({ name }) => name)).toEqual(['00.jpg']);
    }
  });

  it('decodes nothing twice', async () => {
    expect(await make('first')).toMatchObject({ reused: true, decoded: 0 });
    expect(await make('second')).toMatchObject({ reused: false, decoded: 0 });
    const other = await make('third', { splitSeed: 5 });
    expect(other.decoded).toBeLessThan(other.counts.clips / 2);
    expect((await make('sized', { size: 24 })).decoded).toBeGreaterThan(20);
  });

  it('goes on after an interruption where it stopped, and ends with the same files', async () => {
    const whole = await make('whole', { quality: 70 });
    await rm(join(cacheDir, 'sample-data', 'frames-16px-8-q70-v1'), { recursive: true });
    const stop = new AbortController();
    const onProgress: SampleDataOptions['onProgress'] = ({ stage, done }) => {
      if (stage === 'decode' && done === 7) stop.abort();
    };
    await expect(make('stopped', { quality: 70, onProgress, signal: stop.signal })).rejects.toThrow(/abort/i);
    expect(await readdir(folder)).not.toContain('stopped');
    const resumed = await make('stopped', { quality: 70 });
    expect(resumed.decoded).toBeLessThanOrEqual(whole.decoded - 7);
    expect(await readManifest(join(folder, 'stopped'))).toEqual(await readManifest(join(folder, 'whole')));
  });

  it('that cannot be fetched leaves an earlier data set alone', async () => {
    await make('kept');
    const empty = join(folder, 'empty-cache');
    await expect(make('kept', { cacheDir: empty, splitSeed: 9 })).rejects.toThrow('no such program');
    expect(await make('kept')).toMatchObject({ reused: true });
  });
});
