import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '@reelbert/data';
import { create } from 'tar';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { allPackages, fetchPackages, tarballPath, type PinnedPackage } from '../src/sample-data/packages.js';
import { tarballFiles, tarballListing } from '../src/sample-data/tarball.js';

let folder: string;
let archive: string;
let pinned: PinnedPackage;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sample-packages-'));
  await mkdir(join(folder, 'package'));
  for (let index = 0; index < 100; index++) {
    await writeFile(join(folder, 'package', `${String(index).padStart(3, '0')}.webp`), `clip ${index}`);
  }
  archive = join(folder, 'made.tgz');
  await create({ file: archive, cwd: folder, gzip: true }, ['package']);
  const integrity = `sha512-${createHash('sha512')
    .update(await readFile(archive))
    .digest('base64')}`;
  pinned = { name: '@someone/clips', version: '1.2.3', integrity, megabytes: 5 };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A program in npm's place. */
async function npmThat(body: string): Promise<string> {
  const program = join(folder, 'npm.js');
  await writeFile(program, `#!/usr/bin/env node\nconst destination = process.argv[5];\n${body}\n`);
  await chmod(program, 0o755);
  await writeFile(join(folder, 'package.json'), '{"type":"commonjs"}');
  return program;
}
const delivering = () =>
  npmThat(
    `require('fs').copyFileSync(${JSON.stringify(archive)}, destination + '/someone-clips-1.2.3.tgz');`,
  );
const cache = () => join(folder, 'cache');

describe.skipIf(process.platform === 'win32')('packages', () => {
  it('are fetched once, with progress', async () => {
    const npm = await delivering();
    const seen: [number, number][] = [];
    const onProgress = (done: number, total: number) => void seen.push([done, total]);
    expect(await fetchPackages([pinned], cache(), { npm, onProgress })).toBe(1);
    expect(await readdir(cache())).toEqual(['someone-clips-1.2.3.tgz']);
    expect(seen).toEqual([
      [0, 5],
      [5, 5],
    ]);
    expect(await fetchPackages([pinned], cache(), { npm: 'not-a-program', onProgress })).toBe(0);
    expect(seen).toHaveLength(2);
  });

  it('with another checksum are refused, and leave nothing behind', async () => {
    const npm = await delivering();
    const other = { ...pinned, integrity: 'sha512-AAAA' };
    const failure = fetchPackages([other], cache(), { npm });
    await expect(failure).rejects.toThrow(InputError);
    await expect(failure).rejects.toThrow('@someone/clips@1.2.3: found an archive with checksum sha512-');
    expect(await readdir(cache())).toEqual([]);
  });

  it('that npm cannot reach are an input error with its reason and advice', async () => {
    const npm = await npmThat(
      `console.error('npm error code ENOTFOUND\\nnpm error network request failed\\nnpm error A complete log of this run'); process.exit(1);`,
    );
    const failure = fetchPackages([pinned], cache(), { npm });
    await expect(failure).rejects.toThrow(InputError);
    await expect(failure).rejects.toThrow(
      /code ENOTFOUND; network request failed\).*npm ping.*embedded sample/,
    );
    expect(await readdir(cache())).toEqual([]);
  });

  it('without npm are an input error', async () => {
    const failure = fetchPackages([pinned], cache(), { npm: join(folder, 'nowhere') });
    await expect(failure).rejects.toThrow(InputError);
    await expect(failure).rejects.toThrow('npm: found no such program');
  });

  it('stop on a signal', async () => {
    const npm = await npmThat('setTimeout(() => {}, 60000);');
    const failure = fetchPackages([pinned], cache(), { npm, signal: AbortSignal.timeout(300) });
    await expect(failure).rejects.toThrow(/abort/i);
    expect(await readdir(cache())).toEqual([]);
  });
});

describe('tarballs', () => {
  it('give the wanted files in order, however slow the reader', async () => {
    const found: string[] = [];
    for await (const { path, data } of tarballFiles(archive, (entry) => !entry.endsWith('7.webp'))) {
      expect(data.toString()).toBe(`clip ${Number(path.slice(-8, -5))}`);
      found.push(path);
      if (found.length % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(found).toHaveLength(90);
  });

  it('list their files', async () => {
    expect(await tarballListing(archive)).toHaveLength(100);
  });

  it('that are broken or missing are an error', async () => {
    await writeFile(join(folder, 'broken.tgz'), (await readFile(archive)).subarray(0, 300));
    await expect(tarballListing(join(folder, 'broken.tgz'))).rejects.toThrow();
    await expect(tarballListing(join(folder, 'missing.tgz'))).rejects.toThrow('ENOENT');
  });
});

it('every package is pinned by checksum under a file name of its own', () => {
  for (const { integrity } of allPackages) expect(integrity).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/);
  expect(new Set(allPackages.map((item) => tarballPath('x', item))).size).toBe(5);
});
