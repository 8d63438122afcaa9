import { spawnSync } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { withSetupLock } from '../../src/setup/setup-lock.js';
import { temporaryFolder } from '../temporary-folder.js';

it('lets one at a time through and tells the others whom they wait for', async () => {
  const cache = await temporaryFolder();
  let inside = 0;
  let most = 0;
  const waited: number[] = [];
  const one = (): Promise<void> =>
    withSetupLock(
      cache,
      (pid) => waited.push(pid),
      async () => {
        most = Math.max(most, ++inside);
        await sleep(50);
        inside--;
      },
    );
  await Promise.all([one(), one(), one()]);
  expect(most).toBe(1);
  expect(new Set(waited)).toEqual(new Set([process.pid]));
  expect(await readdir(cache)).toEqual([]);
});

it('takes over the lock of a process that is gone', async () => {
  const cache = await temporaryFolder();
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  await writeFile(join(cache, 'setup.lock'), JSON.stringify({ pid, host: hostname() }));
  expect(
    await withSetupLock(
      cache,
      () => undefined,
      async () => 'done',
    ),
  ).toBe('done');
});

it('is given back when the work fails', async () => {
  const cache = await temporaryFolder();
  const fail = withSetupLock(
    cache,
    () => undefined,
    () => Promise.reject(new Error('no')),
  );
  await expect(fail).rejects.toThrow('no');
  expect(await readdir(cache)).toEqual([]);
});
