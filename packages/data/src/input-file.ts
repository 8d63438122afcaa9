import { open, type FileHandle } from 'node:fs/promises';

import { InputError } from './input-error.js';

const found: Readonly<Record<string, string>> = {
  ENOENT: 'nothing',
  ENOTDIR: 'a file where a folder should be',
  EISDIR: 'a folder',
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
  ENAMETOOLONG: 'a name that is too long',
  ELOOP: 'links that lead in a circle',
};

/**
 * Opens a file that the user named, for reading.
 *
 * @param expected what it should be, as in `an annotations file`
 * @throws InputError if there is no such file or it can't be read
 */
export async function openInput(file: string, expected: string): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    throw fileProblem(error, file, expected);
  }
  const stat = await handle.stat();
  if (stat.isFile()) return handle;
  await handle.close();
  throw new InputError({ file, found: stat.isDirectory() ? 'a folder' : 'something else', expected });
}

/** An `InputError` for what the file system says of a file that the user named; other errors as they are. */
export function fileProblem(error: unknown, file: string, expected: string): unknown {
  const what = found[(error as NodeJS.ErrnoException).code ?? ''];
  return what === undefined ? error : new InputError({ file, found: what, expected });
}

/**
 * Fills `target` from a place in a file; a single read may return less, and at most 2 GiB.
 *
 * @returns how many bytes were there
 */
export async function readFully(handle: FileHandle, target: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < target.length) {
    const length = Math.min(target.length - done, 1 << 30);
    const { bytesRead } = await handle.read(target, done, length, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}
