import { FrameError, InputError, type NdArray } from '@reelbert/data';
import { describe, expect, it } from 'vitest';

import { extractFeatures, type ExtractionOptions, type ExtractionProgress } from '../src/index.js';

// A frame is one pixel; its feature is the pixel's red and green.
function video(...reds: number[]): NdArray {
  const data = Float32Array.from(reds.flatMap((red) => [red, -red, 0]));
  return { dtype: 'float32', shape: [reds.length, 1, 1, 3], data };
}

const encode = async ({ shape, data }: NdArray): Promise<NdArray> => ({
  dtype: 'float32',
  shape: [shape[0]!, 2],
  data: (data as Float32Array).filter((_, i) => i % 3 < 2),
});

function memorySink() {
  const stored = new Map<string, number[][]>();
  return {
    stored,
    async add(id: string, features: Float32Array): Promise<void> {
      const rows = Array.from({ length: features.length / 2 }, (_, row) => [
        ...features.subarray(row * 2, row * 2 + 2),
      ]);
      stored.set(id, rows);
    },
  };
}

async function extract(
  videos: Readonly<Record<string, NdArray | Error>>,
  options: Partial<ExtractionOptions> = {},
) {
  const sink = memorySink();
  const load = async (id: string): Promise<NdArray> => {
    const found = videos[id]!;
    if (found instanceof Error) throw found;
    return found;
  };
  const ids = Object.keys(videos);
  const report = await extractFeatures({ ids, load, encode, sink, batchSize: 4, ...options });
  return { report, stored: sink.stored };
}

describe('feature extraction', () => {
  it('gives every video its own features, in order, however its frames fall into batches', async () => {
    const { report, stored } = await extract({ a: video(1, 2, 3), b: video(4, 5, 6, 7, 8, 9), c: video(10) });
    expect([...stored]).toEqual([
      ['a', [1, 2, 3].map((x) => [x, -x])],
      ['b', [4, 5, 6, 7, 8, 9].map((x) => [x, -x])],
      ['c', [[10, -10]]],
    ]);
    expect(report).toMatchObject({ done: 3, total: 3, frames: 10, quarantined: 0, interrupted: false });
  });

  it('passes over videos that the sink has, and ids that come twice', async () => {
    const sink = { ...memorySink(), has: (id: string) => id === 'a' };
    const load = async (): Promise<NdArray> => video(1, 2);
    const report = await extractFeatures({ ids: ['a', 'b', 'b'], load, encode, sink });
    expect([...sink.stored.keys()]).toEqual(['b']);
    expect(report).toMatchObject({ done: 2, total: 2, frames: 2, interrupted: false });
  });

  it('encodes batches of one size only', async () => {
    const sizes: number[] = [];
    await extract(
      { a: video(1, 2, 3), b: video(4, 5, 6) },
      {
        encode: (pixels) => {
          sizes.push(pixels.shape[0]!);
          return encode(pixels);
        },
      },
    );
    expect(sizes).toEqual([4, 4]);
  });

  it('takes the first 32 frames of a video, never the 33rd', async () => {
    const long = video(...Array.from({ length: 33 }, (_, i) => i));
    expect((await extract({ long })).stored.get('long')!.map(([red]) => red)).toEqual([...Array(32).keys()]);
    expect((await extract({ long }, { maxFrames: 50 })).stored.get('long')).toHaveLength(32);
    expect((await extract({ long }, { maxFrames: 5 })).stored.get('long')).toHaveLength(5);
  });

  it('names and counts the videos that it leaves out, and goes on', async () => {
    const missing = new FrameError('missing-frames', {
      file: 'm.zip',
      found: 'no such file',
      expected: 'a zip',
    });
    const { report, stored } = await extract({
      missing,
      good: video(1),
      empty: { dtype: 'float32', shape: [0, 1, 1, 3], data: new Float32Array(0) },
      odd: new InputError({ expected: 'a video' }),
      huge: video(70_000),
      nan: video(NaN),
      last: video(2),
    });
    expect([...stored.keys()]).toEqual(['good', 'last']);
    expect(report).toMatchObject({ done: 7, quarantined: 5, frames: 2 });
    expect(Object.fromEntries(report.quarantine.map(({ id, kind }) => [id, kind]))).toEqual({
      missing: 'missing-frames',
      empty: 'no-frames',
      odd: 'broken-video',
      huge: 'not-finite',
      nan: 'not-finite',
    });
    expect(report.quarantine.find(({ id }) => id === 'missing')!.message).toContain('m.zip');
  });

  it('ends with errors that are not the fault of a video', async () => {
    await expect(extract({ a: video(1), b: new TypeError('no such property') })).rejects.toThrow(
      'no such property',
    );
    const failing = extract({ a: video(1) }, { encode: () => Promise.reject(new Error('out of memory')) });
    await expect(failing).rejects.toThrow('out of memory');
    const misshapen = extract({ a: video(1) }, { encode: async () => video(1) });
    await expect(misshapen).rejects.toThrow('encode must return [4, dim], not [1, 1, 1, 3]');
  });

  it('reports progress up to the total', async () => {
    const seen: ExtractionProgress[] = [];
    const broken = new InputError({ expected: 'a video' });
    await extract(
      { a: video(1), b: broken, c: video(2, 3) },
      { onProgress: (progress) => seen.push(progress) },
    );
    expect(seen.map(({ done }) => done)).toEqual([1, 2, 3]);
    expect(seen.at(-1)).toEqual({ done: 3, total: 3, quarantined: 1, frames: 3 });
  });

  it('stops early at a signal, saying so', async () => {
    const controller = new AbortController();
    const videos = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`v${i}`, video(i, i)]));
    const { report, stored } = await extract(videos, {
      signal: controller.signal,
      onProgress: () => controller.abort(),
      readAhead: 2,
    });
    expect(report.interrupted).toBe(true);
    expect(stored.size).toBe(report.done);
    expect(stored.size).toBeLessThan(50);
  });

  it('reads ahead while it encodes', async () => {
    const events: string[] = [];
    await extract(
      { a: video(1, 2, 3, 4), b: video(5, 6, 7, 8) },
      {
        load: async (id) => {
          events.push(`read ${id}`);
          return video(1, 2, 3, 4);
        },
        encode: async (pixels) => {
          events.push('encode');
          await new Promise((resolve) => setTimeout(resolve, 5));
          events.push('encoded');
          return encode(pixels);
        },
        readAhead: 0,
      },
    );
    expect(events.indexOf('read b')).toBeLessThan(events.indexOf('encoded'));
  });

  it('fills the next batch while one is encoded', async () => {
    // Each encoding waits until the videos of the batch after it have been read: without overlap it never ends.
    const ids = Array.from({ length: 12 }, (_, i) => `v${i}`); // a batch holds two
    const wasRead: (() => void)[] = [];
    const read = ids.map((_, i) => new Promise<void>((resolve) => (wasRead[i] = resolve)));
    let batches = 0;
    const { report } = await extract(Object.fromEntries(ids.map((id) => [id, video(1, 2)])), {
      load: async (id) => {
        wasRead[ids.indexOf(id)]!();
        return video(1, 2);
      },
      encode: async (pixels) => {
        await read[Math.min(2 * ++batches + 1, ids.length - 1)];
        return encode(pixels);
      },
      readAhead: 0,
    });
    expect(report.done).toBe(12);
  });
});
