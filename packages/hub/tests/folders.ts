import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { InputError, readSafetensors, writeSafetensors, type NdArrays } from '@reelbert/data';
import { afterAll, expect } from 'vitest';

/** A folder that transformers saved, by scripts/make_fixtures.py. */
export const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

const root = mkdtempSync(join(tmpdir(), 'reelbert-hub-'));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;

/** A path in a folder that goes away with the tests. */
export const newPath = () => join(root, `${folders++}`);

/** A copy of a fixture, to be damaged. */
export function copyOf(name: string): string {
  const folder = newPath();
  cpSync(fixture(name), folder, { recursive: true });
  return folder;
}

/** Changes a folder's JSON file. */
export function editJson(folder: string, name: string, edit: (value: Record<string, unknown>) => void): void {
  const file = join(folder, name);
  const value = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  edit(value);
  writeFileSync(file, JSON.stringify(value));
}

/** Changes the tensors of a folder with one file of them. */
export async function editTensors(
  folder: string,
  edit: (tensors: Record<string, NdArrays[string]>) => void,
): Promise<void> {
  const file = join(folder, 'model.safetensors');
  const tensors = { ...(await readSafetensors(file)) };
  edit(tensors);
  await writeSafetensors(file, tensors);
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
