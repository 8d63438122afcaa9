import { describe, expect, it } from 'vitest';
import { randomFrames, uniformFrames } from '../src/frame-sampling.js';
import { InputError } from '../src/input-error.js';
import { Random } from '../src/random.js';
import { goldenTables } from './golden-file.js';

interface SamplingCase {
  num_frames: number;
  max_frames: number;
  indices: number[];
}

describe('uniform frames', () => {
  it.each(goldenTables().frame_sampling as SamplingCase[])(
    'equal the reference: $max_frames of $num_frames',
    ({ num_frames, max_frames, indices }) => {
      expect(uniformFrames(num_frames, max_frames)).toEqual(indices);
    },
  );

  it('are the first 16 of 17 to 31', () => {
    for (const n of [17, 31]) expect(uniformFrames(n, 16)).toEqual([...Array(16).keys()]);
    expect(uniformFrames(32, 16).at(-1)).toBe(30);
    expect(uniformFrames(48, 16).at(-1)).toBe(45);
  });

  it('are none of none', () => {
    expect(uniformFrames(0, 4)).toEqual([]);
  });

  it('refuse counts that make no sense', () => {
    expect(() => uniformFrames(-1, 4)).toThrow(InputError);
    expect(() => uniformFrames(4, 0)).toThrow(InputError);
  });
});

describe('random frames', () => {
  it('are distinct, ascending, and take every frame equally often', () => {
    const random = new Random('frames');
    const taken = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 2000; draw++) {
      const frames = randomFrames(10, 4, random);
      expect(frames).toHaveLength(4);
      expect([...new Set(frames)].sort((a, b) => a - b)).toEqual(frames);
      for (const frame of frames) taken[frame]!++;
    }
    for (const count of taken) expect(Math.abs(count - 800)).toBeLessThan(4 * Math.sqrt(2000 * 0.4 * 0.6));
  });

  it('are all frames where there are no more than wanted', () => {
    expect(randomFrames(3, 4, new Random(1))).toEqual([0, 1, 2]);
  });
});
