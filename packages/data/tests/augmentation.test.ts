import { describe, expect, it } from 'vitest';

import { drawViews, Random, viewImage, type Augmentation, type RgbImage, type View } from '../src/index.js';

const off: Augmentation = { crop: false, flipHorizontally: 0, flipVertically: 0, frames: 'separately' };
const all: Augmentation = { crop: true, flipHorizontally: 0.5, flipVertically: 0.5, frames: 'separately' };
const plain: View = { top: 0, left: 0, mirrored: false, upsideDown: false };

// Red is the row, green the column.
const image = (width: number, height: number): RgbImage => ({
  width,
  height,
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return [Math.floor(pixel / width), pixel % width, 7][i % 3]!;
  }),
});
const corners = ({ width, height, data }: RgbImage) =>
  [0, width - 1, (height - 1) * width].map((pixel) => [...data.subarray(pixel * 3, pixel * 3 + 2)]);

describe('a view', () => {
  it('cuts out the place that it names, up to the last one that fits', () => {
    expect(corners(viewImage(image(6, 5), 3, plain))[0]).toEqual([0, 0]);
    expect(corners(viewImage(image(6, 5), 3, { ...plain, top: 0.5, left: 0.5 }))[0]).toEqual([1, 2]);
    expect(corners(viewImage(image(6, 5), 3, { ...plain, top: 0.999, left: 0.999 }))[0]).toEqual([2, 3]);
  });

  it('flips left and right, top and bottom', () => {
    expect(corners(viewImage(image(2, 2), 2, { ...plain, mirrored: true }))).toEqual([
      [0, 1],
      [0, 0],
      [1, 1],
    ]);
    expect(corners(viewImage(image(2, 2), 2, { ...plain, upsideDown: true }))).toEqual([
      [1, 0],
      [1, 1],
      [0, 0],
    ]);
  });
});

describe('drawn views', () => {
  it('are none where nothing is varied, and nothing is drawn', () => {
    const random = new Random(1);
    expect(drawViews(4, off, random)).toBeUndefined();
    expect(random.uniform()).toBe(new Random(1).uniform());
  });

  it('are one for all frames, or one a frame', () => {
    const together = drawViews(4, { ...all, frames: 'together' }, new Random(2))!;
    expect(together).toHaveLength(4);
    expect(new Set(together).size).toBe(1);
    expect(new Set(drawViews(4, all, new Random(2))).size).toBe(4);
  });

  it('flip as often as they should, and cut everywhere alike', () => {
    const views = drawViews(4000, { ...all, flipVertically: 0.2 }, new Random(3))!;
    const share = (of: (view: View) => number) => views.reduce((sum, view) => sum + of(view), 0) / 4000;
    expect(share((view) => Number(view.mirrored))).toBeCloseTo(0.5, 1);
    expect(share((view) => Number(view.upsideDown))).toBeCloseTo(0.2, 1);
    expect(share((view) => view.top)).toBeCloseTo(0.5, 1);
    expect(share((view) => view.left)).toBeCloseTo(0.5, 1);
  });
});
