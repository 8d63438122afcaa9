import sharp from 'sharp';

let free = Infinity;
const waiting: (() => void)[] = [];

/** Decodes at most so many images at a time in this process, each on one thread. Default: as many as libuv has threads. */
export function limitDecodingThreads(threads: number): void {
  free = threads;
  sharp.concurrency(1);
}

/** Decodes when a thread is free. */
export async function onDecodingThread<T>(decode: () => Promise<T>): Promise<T> {
  if (free > 0) free--;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  try {
    return await decode();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else free++;
  }
}
