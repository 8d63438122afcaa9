import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

interface Holder {
  readonly pid: number;
  readonly host: string;
}

function isAlive({ pid, host }: Holder): boolean {
  if (host !== hostname()) return true; // on a shared disk: can't be told
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Holder;
  } catch {
    return undefined; // gone in the meantime
  }
}

// Linking a complete file into place either makes the lock, holder and all, or fails.
async function take(file: string): Promise<boolean> {
  const own = `${file}-${hostname()}-${process.pid}`;
  await writeFile(own, JSON.stringify({ pid: process.pid, host: hostname() } satisfies Holder));
  try {
    await link(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(own, { force: true });
  }
}

/**
 * Runs `body` while no other process does so in this cache folder. The lock of a process that was killed is taken
 * over. (Should two take it over at once, nothing breaks: whatever is made appears by renaming a finished folder.)
 */
export async function withSetupLock<T>(
  cache: string,
  onWait: (pid: number) => void,
  body: () => Promise<T>,
): Promise<T> {
  const file = join(cache, 'setup.lock');
  let told = false;
  while (!(await take(file))) {
    const holder = await readHolder(file);
    if (holder !== undefined && !isAlive(holder)) {
      const stale = `${file}-stale-${process.pid}`;
      await rename(file, stale).catch(() => undefined);
      await rm(stale, { force: true });
      continue;
    }
    if (holder !== undefined && !told) onWait(holder.pid);
    told = true;
    await sleep(300);
  }
  try {
    return await body();
  } finally {
    await rm(file, { force: true });
  }
}
