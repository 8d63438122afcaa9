import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { InputError, readSafetensors, type NdArrays } from '@reelbert/data';
import { afterAll, expect } from 'vitest';

import { exportModel, type ExportJob } from '../src/stages/export-model.js';
import type { ImportJob } from '../src/stages/import-job.js';
import { importModel } from '../src/stages/import-model.js';
import type { Reporter } from '../src/terminal/reporter.js';

/** A folder that transformers saved, or the numbers that it computed. */
export const saved = (name: string) =>
  fileURLToPath(new URL(`../../../packages/hub/tests/fixtures/${name}`, import.meta.url));

const root = await mkdtemp(join(tmpdir(), 'reelbert-import-'));
afterAll(() => rm(root, { recursive: true }));
let folders = 0;

/** A path in a folder that goes away with the tests. */
export const newPath = () => join(root, `${folders++}`);

/** A copy of a folder, to be changed. */
export async function copyOf(folder: string): Promise<string> {
  const copy = newPath();
  await cp(folder, copy, { recursive: true });
  return copy;
}

/** Remembers what is said. */
export function listener(): Reporter & { readonly lines: string[] } {
  const lines: string[] = [];
  const progress = () => ({ update: () => undefined, stop: () => undefined });
  return { lines, say: (line) => void lines.push(line), progress };
}

/** Imports, and gives the export's folder and what was said. */
export async function imported(
  from: string,
  as: ImportJob['as'],
  over: Partial<ImportJob> = {},
): Promise<{ out: string; lines: string[] }> {
  const out = newPath();
  const reporter = listener();
  await importModel({ from, as, out, seed: 0, reference: false, ...over }, reporter);
  return { out, lines: reporter.lines };
}

/** Exports, and gives the folder and what was said. */
export async function exported(
  model: string,
  over: Partial<ExportJob> = {},
): Promise<{ out: string; lines: string[] }> {
  const out = newPath();
  const reporter = listener();
  await exportModel({ model, out, ...over }, reporter);
  return { out, lines: reporter.lines };
}

/** All tensors of a folder, from one file or from shards. */
export async function tensorsOf(folder: string): Promise<NdArrays> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.safetensors'));
  const parts = await Promise.all(files.map((name) => readSafetensors(join(folder, name))));
  return Object.assign({}, ...parts) as NdArrays;
}

/** The message of the InputError that a promise is rejected with. */
export async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InputError);
  return (error as InputError).message;
}
