import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { goldenCheck } from '../src/command.js';

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Made by make/make_golden.py (its README says with which arguments). */
export const smallSet = pathOf('./fixtures/small-set');

export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command from its source in a process of its own, as if the user stood in `cwd`. */
export function runCheck(args: readonly string[], cwd = tmpdir()): Promise<Ended> {
  const flags = ['--conditions=@reelbert/source', `--import=${pathOf('../../parity/tests/typescript.mjs')}`];
  const env = { ...process.env, INIT_CWD: cwd };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...flags, pathOf('../src/main.ts'), ...args],
      { env },
      (error, stdout, stderr) => {
        const status = error ? (typeof error.code === 'number' ? error.code : -1) : 0;
        resolve({ status, stdout, stderr });
      },
    );
  });
}

/** The same in this process, which is quicker. */
export async function checkHere(args: readonly string[], cwd = tmpdir()): Promise<Ended> {
  let [stdout, stderr] = ['', ''];
  const status = await goldenCheck(args, cwd, {
    result: (text) => void (stdout += text),
    problem: (text) => void (stderr += text),
  });
  return { status, stdout, stderr };
}

/** A copy of the small set, to be damaged; removed when `use` is done. */
export async function withCopy<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'golden-'));
  try {
    const copy = join(folder, 'a set');
    await cp(smallSet, copy, { recursive: true });
    return await use(copy);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
