import { createReadStream } from 'node:fs';
import { Parser, type ReadEntry } from 'tar';

export interface TarballFile {
  readonly path: string;
  readonly data: Buffer;
}

/** Files that may wait for the consumer before reading pauses. */
const readAhead = 16;

/** Reads the wanted files of a (gzipped) tar archive one after another, without unpacking it to disk. */
export async function* tarballFiles(
  file: string,
  wanted: (path: string) => boolean,
): AsyncGenerator<TarballFile, void, undefined> {
  const source = createReadStream(file, { highWaterMark: 1 << 20 });
  const ready: TarballFile[] = [];
  let ended = false;
  let failure: unknown;
  let wake = (): void => undefined;
  const fail = (error: unknown): void => {
    failure ??= error;
    wake();
  };
  const parser = new Parser({
    strict: true,
    filter: (path, entry) => 'type' in entry && entry.type === 'File' && wanted(path),
    onReadEntry: (entry: ReadEntry) => {
      const chunks: Buffer[] = [];
      entry.on('data', (chunk: Buffer) => chunks.push(chunk));
      entry.on('error', fail);
      entry.on('end', () => {
        ready.push({ path: entry.path, data: Buffer.concat(chunks) });
        if (ready.length >= readAhead) source.pause();
        wake();
      });
    },
  });
  parser.on('error', fail);
  parser.on('end', () => {
    ended = true;
    wake();
  });
  source.on('error', fail);
  source.on('data', (chunk) => parser.write(chunk));
  source.on('end', () => parser.end());
  try {
    for (;;) {
      const next = ready.shift();
      if (next !== undefined) yield next;
      else if (failure !== undefined) throw failure;
      else if (ended) return;
      else {
        const waiting = new Promise<void>((resolve) => (wake = resolve));
        source.resume();
        await waiting;
      }
    }
  } finally {
    source.destroy();
  }
}

/** Names of all files in the archive. */
export async function tarballListing(file: string): Promise<string[]> {
  const paths: string[] = [];
  const files = tarballFiles(file, (path) => {
    paths.push(path);
    return false;
  });
  for await (const unwanted of files) paths.push(unwanted.path);
  return paths;
}
