import { afterEach, describe, expect, it } from 'vitest';

import { limitDecodingThreads, onDecodingThread } from '../src/decoding-threads.js';

afterEach(() => limitDecodingThreads(Infinity));

/** Decodes so many images at once; the most that were at it at a time. */
async function mostAtATime(images: number): Promise<number> {
  let [now, most] = [0, 0];
  const decode = async () => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setImmediate(resolve));
    now--;
  };
  await Promise.all(Array.from({ length: images }, () => onDecodingThread(decode)));
  return most;
}

describe('decoding', () => {
  it.each([1, 3])('uses %i threads where it may use no more', async (threads) => {
    limitDecodingThreads(threads);
    expect(await mostAtATime(10)).toBe(threads);
  });

  it('is not held up by default', async () => {
    expect(await mostAtATime(10)).toBe(10);
  });

  it('frees its thread when an image is broken', async () => {
    limitDecodingThreads(1);
    await expect(onDecodingThread(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await onDecodingThread(async () => 'whole')).toBe('whole');
  });
});
