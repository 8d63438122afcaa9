import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { programModes } from './modes.js';

const modes = await programModes();
const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** What print-digest.ts prints in a process of its own, from the packages' sources. */
async function digestsOfProcess(): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--conditions=@reelbert/source',
    `--import=${pathOf('typescript.mjs')}`,
    pathOf('print-digest.ts'),
  ]);
  return stdout.trim().split('\n');
}

test.runIf(modes.includes('compiled'))(
  'two processes that train alike end with the same bits',
  async () => {
    const first = await digestsOfProcess();
    expect(first).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), expect.stringMatching(/^[0-9a-f]{64}$/)]);
    expect(await digestsOfProcess()).toEqual(first);
  },
  180_000,
);
