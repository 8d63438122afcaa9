import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { InputError } from '@reelbert/data';

import { makeSampleData } from '../sample-data/index.js';

const packedSample = fileURLToPath(new URL('../../sample/', import.meta.url));

let unpacked: Promise<string> | undefined;

/** A data set's folder; `null` is the sample that comes with the program, unpacked into the cache folder. */
export function dataFolder(folder: string | null): Promise<string> {
  if (folder !== null) return Promise.resolve(folder);
  unpacked ??= unpackSample();
  return unpacked;
}

/**
 * A path inside a data set's folder.
 *
 * @throws InputError if there is nothing
 */
export async function inDataFolder(folder: string | null, path: string, field: string): Promise<string> {
  const full = resolve(await dataFolder(folder), path);
  if (!existsSync(full)) {
    throw new InputError({
      file: full,
      field,
      found: 'nothing',
      expected: 'a file or folder of the data set',
    });
  }
  return full;
}

/** Where downloads and unpacked samples are kept. */
export function cacheFolder(): string {
  const { REELBERT_CACHE: own, XDG_CACHE_HOME: shared } = process.env;
  return own ? resolve(own) : join(shared || join(homedir(), '.cache'), 'reelbert');
}

async function packedChecksum(): Promise<string> {
  const hash = createHash('sha256');
  for (const name of (await readdir(packedSample)).sort())
    hash.update(await readFile(join(packedSample, name)));
  return hash.digest('hex').slice(0, 12);
}

// Made under a name of its own and renamed when it is whole: several processes may do so at a time.
async function unpackSample(): Promise<string> {
  const out = join(cacheFolder(), `sample-${await packedChecksum()}`);
  if (existsSync(join(out, 'manifest.json'))) return out;
  const unfinished = `${out}.${process.pid}`;
  await mkdir(cacheFolder(), { recursive: true });
  await makeSampleData({ out: unfinished, source: 'embedded' });
  await rename(unfinished, out).catch(async () => {
    await rm(unfinished, { recursive: true, force: true });
    if (!existsSync(join(out, 'manifest.json')))
      throw new Error(`${out} can't be made: something else is there`);
  });
  return out;
}
