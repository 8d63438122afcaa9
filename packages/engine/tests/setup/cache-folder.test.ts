import { chmod, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cacheFolder, freeSpace, openCacheFolder, requireSpace } from '../../src/setup/cache-folder.js';
import { temporaryFolder } from '../temporary-folder.js';

it('the cache folder is REELBERT_CACHE, else below XDG_CACHE_HOME, else below ~/.cache', () => {
  expect(cacheFolder({ REELBERT_CACHE: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a');
  expect(cacheFolder({ XDG_CACHE_HOME: '/b' })).toBe('/b/reelbert');
  expect(cacheFolder({})).toBe(join(homedir(), '.cache', 'reelbert'));
});

it('a cache folder that cannot be made is refused, naming REELBERT_CACHE', async () => {
  const file = join(await temporaryFolder(), 'file');
  await writeFile(file, '');
  await chmod(file, 0o644);
  await expect(openCacheFolder(join(file, 'cache'))).rejects.toThrow('REELBERT_CACHE');
});

it('free space is told for a folder that does not exist yet', async () => {
  expect(await freeSpace(join(await temporaryFolder(), 'not', 'there'))).toBeGreaterThan(0);
});

it('too little space is refused with both numbers', () => {
  expect(() => requireSpace('/cache', 1.5e9, 0.4e9)).toThrow('about 1.5 GB needed in /cache, 0.4 GB free');
  expect(() => requireSpace('/cache', 1.5e9, 2e9)).not.toThrow();
});
