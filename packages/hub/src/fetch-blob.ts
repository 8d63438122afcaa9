import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';

/** What a file's content must be. */
export interface Content {
  readonly size: number;
  /** Its SHA-256, or the id that git gives it. */
  readonly id: string;
  readonly kind: 'sha256' | 'git';
}

/**
 * Downloads content to a file, going on where an earlier attempt broke off, and checks it.
 *
 * @param open the content on the hub
 * @param onProgress called with the number of bytes that are there
 * @throws Error if the connection breaks (what came is kept for the next attempt) or the content isn't what it must be
 * (it is thrown away)
 */
export async function fetchBlob(
  file: string,
  content: Content,
  open: () => Promise<Blob | null>,
  onProgress: (bytes: number) => void,
): Promise<void> {
  const unfinished = `${file}.incomplete`;
  await mkdir(dirname(file), { recursive: true });
  const there = await stat(unfinished).then(
    ({ size }) => (size <= content.size ? size : 0),
    () => 0,
  );
  if (there === 0 || there < content.size) {
    const blob = await open();
    if (!blob) throw new Error('the hub has no such file');
    let done = there;
    const count = new Transform({
      transform(chunk: Uint8Array, _encoding, next) {
        done += chunk.length;
        onProgress(done);
        next(null, chunk);
      },
    });
    const rest = there === 0 ? blob : blob.slice(there, content.size);
    const flags = there === 0 ? 'w' : 'a';
    await pipeline(
      Readable.fromWeb(rest.stream() as ReadableStream),
      count,
      createWriteStream(unfinished, { flags }),
    );
  }
  const problem = await contentProblem(unfinished, content);
  if (problem !== undefined) {
    await rm(unfinished, { force: true });
    throw new Error(problem);
  }
  await rename(unfinished, file);
}

async function contentProblem(file: string, { size, id, kind }: Content): Promise<string | undefined> {
  const found = await stat(file);
  if (found.size !== size) return `${found.size} bytes came, not ${size}`;
  const hash = createHash(kind === 'git' ? 'sha1' : 'sha256');
  if (kind === 'git') hash.update(`blob ${size}\0`);
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex') === id ? undefined : 'what came is damaged (another checksum)';
}
