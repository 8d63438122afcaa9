import { rm } from 'node:fs/promises';

import { checkDim, FeatureArchiveWriter, partialFile } from './feature-archive-writer.js';
import { FeatureArchiveReader } from './feature-archive.js';
import { InputError } from './input-error.js';

/**
 * Joins archives into one, in their order. An id may come more than once if its features are the same.
 *
 * @returns how many videos the new archive has
 * @throws InputError for no archives, one that is broken, different dims, or different features of an id
 */
export async function mergeFeatureArchives(files: readonly string[], out: string): Promise<number> {
  if (files.length === 0) throw new InputError({ found: 'nothing to merge', expected: 'feature archives' });
  const readers: FeatureArchiveReader[] = [];
  let writer: FeatureArchiveWriter | undefined;
  try {
    for (const file of files) readers.push(await FeatureArchiveReader.open(file));
    writer = await FeatureArchiveWriter.open(out);
    const count = await copyAll(readers, writer);
    await writer.finish();
    return count;
  } catch (error) {
    if (writer) {
      await writer.close();
      await rm(partialFile(out), { force: true });
    }
    throw error;
  } finally {
    for (const reader of readers) await reader.close();
  }
}

async function copyAll(
  readers: readonly FeatureArchiveReader[],
  writer: FeatureArchiveWriter,
): Promise<number> {
  const origins = new Map<string, FeatureArchiveReader>();
  for (const reader of readers) {
    for (const id of reader.ids) {
      const bytes = await reader.readBytes(id);
      const origin = origins.get(id);
      checkDim(bytes, writer.dim, reader.file, id);
      if (!origin) {
        await writer.addBytes(id, bytes);
        origins.set(id, reader);
      } else if (!bytes.equals(await origin.readBytes(id))) {
        const found = `other features than in ${origin.file}`;
        throw new InputError({ file: reader.file, place: id, found, expected: 'the same' });
      }
    }
  }
  return origins.size;
}
