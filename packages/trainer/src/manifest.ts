import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { z } from 'zod';

const manifestSchema = z.strictObject({
  version: z.literal(1),
  files: z.record(z.string(), z.strictObject({ bytes: z.int(), sha256: z.string() })),
});

/** Seals a folder: lists its files with sizes and hashes in manifest.json. What has no manifest isn't complete. */
export async function writeManifest(folder: string): Promise<void> {
  const files: z.output<typeof manifestSchema>['files'] = {};
  for (const name of (await readdir(folder)).sort()) {
    const file = join(folder, name);
    files[name] = { bytes: (await stat(file)).size, sha256: await hashFile(file) };
  }
  const unfinished = join(folder, 'manifest.json.partial');
  await writeFile(unfinished, JSON.stringify({ version: 1, files }, null, 2) + '\n');
  await rename(unfinished, join(folder, 'manifest.json'));
}

/** What is wrong with a sealed folder, in words; undefined if every file is there as it was written. */
export async function manifestProblem(folder: string): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, 'manifest.json'), 'utf8');
  } catch {
    return 'it has no manifest.json: writing it was cut short';
  }
  const manifest = manifestSchema.safeParse(parseJson(text));
  if (!manifest.success) return 'its manifest.json is damaged';
  for (const [name, { bytes, sha256 }] of Object.entries(manifest.data.files)) {
    const size = await stat(join(folder, name)).then(
      (found) => found.size,
      () => undefined,
    );
    if (size === undefined) return `${name} is missing`;
    if (size !== bytes || (await hashFile(join(folder, name))) !== sha256) return `${name} is damaged`;
  }
  return undefined;
}

async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
