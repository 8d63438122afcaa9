import { appendFile, mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { StateStore } from '../src/index.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reelbert-states-'));
});
afterEach(() => rm(folder, { recursive: true }));

const rowLength = 2;
const open = () => StateStore.open(folder, rowLength);
const add = async (store: StateStore, id: string, frames: number[], values: number[], stamp = 's') => {
  store.announce({ id, stamp, count: 9, frames });
  await store.add(id, Float32Array.from(values));
};

describe('a store of states', () => {
  it('gives back the frames of each video, to the bit, after it is opened again', async () => {
    const store = await open();
    await add(store, 'a', [0, 3], [1, 2, 3, 4]);
    await add(store, 'b', [5], [Math.fround(0.1), -0]);
    await store.close();
    const again = await open();
    expect(again.video('a')).toMatchObject({ id: 'a', stamp: 's', count: 9, frames: [0, 3] });
    expect(await again.read('a', [3])).toEqual(Float32Array.of(3, 4));
    expect(await again.read('a', [0, 3])).toEqual(Float32Array.of(1, 2, 3, 4));
    expect(await again.read('b', [5])).toEqual(Float32Array.of(0.1, -0));
    expect(again.has('c')).toBe(false);
    await again.close();
  });

  it('replaces a video that is added again', async () => {
    const store = await open();
    await add(store, 'a', [0], [1, 2]);
    await add(store, 'a', [1], [3, 4], 'later');
    expect(await store.read('a', [1])).toEqual(Float32Array.of(3, 4));
    await store.close();
    const again = await open();
    expect(again.video('a')).toMatchObject({ stamp: 'later', frames: [1] });
    await again.close();
  });

  it('forgets what was cut off, and writes on', async () => {
    const store = await open();
    await add(store, 'a', [0], [1, 2]);
    await add(store, 'b', [0], [3, 4]);
    await store.close();
    await truncate(join(folder, 'states.f32'), 12);
    await appendFile(join(folder, 'index.jsonl'), '{"id":"c","row":2,');
    const again = await open();
    expect([again.has('a'), again.has('b'), again.has('c')]).toEqual([true, false, false]);
    await add(again, 'd', [0], [5, 6]);
    await again.close();
    const last = await open();
    expect(await last.read('a', [0])).toEqual(Float32Array.of(1, 2));
    expect(await last.read('d', [0])).toEqual(Float32Array.of(5, 6));
    expect([last.has('b'), last.has('c')]).toEqual([false, false]);
    await last.close();
  });

  it('refuses frames that it has not, and states that were not announced', async () => {
    const store = await open();
    await add(store, 'a', [0], [1, 2]);
    await expect(store.read('a', [1])).rejects.toThrow("no states of frame 1 of 'a'");
    await expect(store.read('z', [0])).rejects.toThrow("of 'z'");
    await expect(store.add('b', new Float32Array(2))).rejects.toThrow('not announced');
    store.announce({ id: 'b', stamp: '', count: 1, frames: [0] });
    await expect(store.add('b', new Float32Array(3))).rejects.toThrow('3 values');
    await store.close();
  });
});
