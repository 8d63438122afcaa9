import { randomUUID } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';

import { fileProblem } from './input-file.js';

/**
 * Writes a file that appears whole or not at all: under a temporary name beside it, renamed when it is on disk.
 *
 * @throws InputError if the folder doesn't exist or can't be written
 */
export async function writeAtomically(
  file: string,
  write: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  const temporary = `${file}.${randomUUID().slice(0, 8)}.tmp`;
  let handle: FileHandle;
  try {
    handle = await open(temporary, 'wx');
  } catch (error) {
    throw fileProblem(error, file, 'a file in an existing, writable folder');
  }
  try {
    try {
      await write(handle);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw fileProblem(error, file, 'a file in an existing, writable folder');
  }
}
