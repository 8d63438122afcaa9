import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Worker } from 'node:worker_threads';

import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { FrameError, frameArchivePath, FramePool, loadImages } from '../src/index.js';
import { temporaryFolder } from './temporary-folder.js';
import { zipFile, type ZipEntry } from './zip-file.js';

const folder = temporaryFolder();
const pool = new FramePool(2);
afterAll(() => pool.close());

const ids = Array.from({ length: 7 }, (_, i) => `video-${i}`);

function save(id: string, entries: readonly ZipEntry[]): void {
  const file = frameArchivePath(folder, id);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, zipFile(entries));
}

function jpeg(width: number, height: number, level: number): Promise<Buffer> {
  const data = Buffer.from(Array.from({ length: width * height * 3 }, (_, i) => (i * level) % 251));
  return sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg()
    .toBuffer();
}

beforeAll(async () => {
  for (const [i, id] of ids.entries()) {
    const images = await Promise.all([1, 2, 3].map((frame) => jpeg(30 + 5 * i, 40, frame + i)));
    save(
      id,
      images.map((bytes, frame) => ({ name: `${frame}.jpg`, bytes })),
    );
  }
  save('damaged', [{ name: '00.jpg', bytes: (await jpeg(40, 40, 1)).subarray(0, 300) }]);
});

describe('a pool of decoding threads', () => {
  it('gives the images that are decoded here, of more videos than it has threads', async () => {
    const options = { size: 16, crop: 14 };
    const found = await Promise.all(ids.map((id) => pool.loadImages(folder, id, options)));
    expect(found).toEqual(await Promise.all(ids.map((id) => loadImages(folder, id, options))));
  });

  it('keeps images whole where no crop is wanted', async () => {
    const { images } = await pool.loadImages(folder, ids[6]!, { size: 16 });
    expect(images.map(({ width, height }) => [width, height])).toEqual(Array(3).fill([24, 16]));
  });

  it('loads the frames that are chosen by their number', async () => {
    const indices = (count: number) => [count - 1, 0];
    const { count, images } = await pool.loadImages(folder, ids[0]!, { size: 8, indices });
    expect(count).toBe(3);
    expect(images).toEqual((await loadImages(folder, ids[0]!, { size: 8, indices })).images);
  });

  it.each(['damaged', 'nowhere'])('says of frames that are %s what is said here', async (id) => {
    const there: unknown = await pool.loadImages(folder, id, { size: 8 }).catch((error: unknown) => error);
    const here: unknown = await loadImages(folder, id, { size: 8 }).catch((error: unknown) => error);
    expect(there).toBeInstanceOf(FrameError);
    expect(there).toEqual(here);
    expect((there as FrameError).kind).toBe((here as FrameError).kind);
  });

  it('passes on other errors', async () => {
    await expect(pool.loadImages(folder, ids[0]!, { size: 8, indices: () => [3] })).rejects.toThrow(
      new RangeError("frame 3 of 'video-0', which has 3"),
    );
    await expect(pool.loadImages(folder, ids[0]!, { size: 8, crop: 9 })).rejects.toThrow(RangeError);
  });

  it('goes on in another thread when one ends', async () => {
    const own = new FramePool(1);
    process.once('worker', (thread: Worker) => void thread.terminate());
    const [first, second] = await Promise.allSettled(
      ids.slice(0, 2).map((id) => own.loadImages(folder, id, { size: 8 })),
    );
    expect(first).toMatchObject({ status: 'rejected', reason: { message: /^a decoding thread ended/ } });
    expect(second!.status).toBe('fulfilled');
    await own.close();
  });

  it('refuses what is asked for and not done when it is closed', async () => {
    const own = new FramePool(1);
    const asked = ids.map((id) => own.loadImages(folder, id, { size: 8 }));
    const settled = Promise.allSettled(asked);
    await own.close();
    for (const result of await settled) expect(result.status).toBe('rejected');
    await expect(own.loadImages(folder, ids[0]!, { size: 8 })).rejects.toThrow(/is closed/);
  });

  it('does not keep the process alive', () => {
    const module = new URL('../dist/index.js', import.meta.url).href;
    const script = `
      import { FramePool } from '${module}';
      const { count } = await new FramePool(2).loadImages(${JSON.stringify(folder)}, '${ids[0]}', { size: 8 });
      console.log(count);`;
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect([status, stdout]).toEqual([0, '3\n']);
  });
});
