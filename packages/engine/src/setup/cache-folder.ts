import { access, constants, mkdir, statfs } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { SetupError } from './setup-error.js';

/** Where downloads and builds are kept: `REELBERT_CACHE`, else `reelbert` in `XDG_CACHE_HOME` or `~/.cache`. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env['REELBERT_CACHE']) return resolve(env['REELBERT_CACHE']);
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'reelbert');
}

/** Makes the cache folder, or says why it can't be used. */
export async function openCacheFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (error) {
    throw new SetupError(
      `The cache folder ${folder} can't be written (${(error as NodeJS.ErrnoException).code ?? String(error)}).`,
      'set REELBERT_CACHE to a folder that you may write to.',
    );
  }
}

/** Bytes that the user may still write to the disk that holds `folder`, which need not exist yet. */
export async function freeSpace(folder: string): Promise<number> {
  for (let place = folder; ; place = dirname(place)) {
    try {
      const { bavail, bsize } = await statfs(place);
      return bavail * bsize;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || place === dirname(place)) throw error;
    }
  }
}

const inGigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/** Refuses to begin what the disk has no room for. */
export function requireSpace(folder: string, needed: number, free: number): void {
  if (free >= needed) return;
  throw new SetupError(
    `Too little disk space for TensorFlow: about ${inGigabytes(needed)} needed in ${folder}, ${inGigabytes(free)} free.`,
    'free some space, or set REELBERT_CACHE to a folder on another disk.',
  );
}
