import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Fingerprints of what a stage reads, by what it is: the same if and only if the stage need not run again. */
export type Fingerprints = Readonly<Record<string, string>>;

/** Files above this size are known by size and time instead of content. */
const largestHashed = 64 * 2 ** 20;

/** A file's fingerprint: its content's hash, or for a large file its size and time of change. */
export async function fingerprintFile(file: string): Promise<string> {
  const { size, mtimeMs } = await stat(file);
  if (size > largestHashed) return `${size} bytes of ${new Date(mtimeMs).toISOString()}`;
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return short(hash);
}

/** The fingerprint of an export's weights. */
export function fingerprintWeights({ folder }: { readonly folder: string }): Promise<string> {
  return fingerprintFile(join(folder, 'model.safetensors'));
}

/** Fingerprints of several files of one kind, numbered from 0. */
export async function fingerprintFiles(kind: string, files: readonly string[]): Promise<Fingerprints> {
  const entries = files.map(
    async (file, index) => [`${kind}.${index}`, await fingerprintFile(file)] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

/** The frames of these clips: a hash over sizes and times of their archives, those that are missing included. */
export async function fingerprintFrames(folder: string, ids: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const id of ids) {
    const file = join(folder, id.slice(-3), `${id}.zip`);
    const found = await stat(file).catch(() => undefined);
    hash.update(`${id}:${found?.size}:${found?.mtimeMs}\n`);
  }
  return short(hash);
}

/** The fingerprint of any plain value. */
export function fingerprintValue(value: unknown): string {
  return short(createHash('sha256').update(JSON.stringify(value)));
}

function short(hash: Hash): string {
  return hash.digest('hex').slice(0, 16);
}
