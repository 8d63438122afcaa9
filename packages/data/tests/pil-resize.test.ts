import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  centreCrop,
  Random,
  resizeBilinear,
  resizeShortSide,
  resizeToCentre,
  type RgbImage,
} from '../src/index.js';
import { referenceResize } from './reference-resize.js';

/** Noise, with black and white among it, which over- and undershoot first. */
function noise(width: number, height: number, seed: number): RgbImage {
  const random = new Random(seed, 'noise');
  const data = Uint8Array.from({ length: width * height * 3 }, () =>
    Math.min(255, Math.max(0, Math.floor(random.uniform() * 384) - 64)),
  );
  return { width, height, data };
}

// Small sides are likelier: there, every tap touches an edge.
const side = (most: number) => fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: most }));
const seeds = fc.integer({ min: 0, max: 1000 });

describe('the bilinear resize', () => {
  it("gives every pixel of Pillow's formula, for wide, tall, enlarged and single-pixel images", () => {
    fc.assert(
      fc.property(side(90), side(90), side(60), side(60), seeds, (inWidth, inHeight, width, height, seed) => {
        const image = noise(inWidth, inHeight, seed);
        expect(resizeBilinear(image, width, height)).toEqual(referenceResize(image, width, height));
      }),
      { numRuns: 150 },
    );
  });

  it('computes of a cut what the whole has there', () => {
    const cuts = fc.record({ width: side(60), height: side(60) }).chain(({ width, height }) =>
      fc.record({ left: fc.nat(width - 1), top: fc.nat(height - 1) }).chain(({ left, top }) =>
        fc
          .record({
            width: fc.integer({ min: 1, max: width - left }),
            height: fc.integer({ min: 1, max: height - top }),
          })
          .map((extent) => ({ width, height, cut: { left, top, ...extent } })),
      ),
    );
    fc.assert(
      fc.property(side(90), side(90), cuts, seeds, (inWidth, inHeight, { width, height, cut }, seed) => {
        const image = noise(inWidth, inHeight, seed);
        const whole = referenceResize(image, width, height);
        const found = resizeBilinear(image, width, height, cut);
        expect([found.width, found.height]).toEqual([cut.width, cut.height]);
        for (let y = 0; y < cut.height; y++) {
          const row = ((cut.top + y) * width + cut.left) * 3;
          const expected = whole.data.subarray(row, row + cut.width * 3);
          expect(found.data.subarray(y * cut.width * 3, (y + 1) * cut.width * 3)).toEqual(expected);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('refuses a cut that reaches outside', () => {
    const cut = { left: 3, top: 0, width: 3, height: 2 };
    expect(() => resizeBilinear(noise(9, 9, 0), 5, 5, cut)).toThrow(
      'a crop of 3 x 2 at row 0, column 3 needs an image as large, found 5 x 5',
    );
  });
});

describe('resizing to the centre', () => {
  it('is resizing the short side, then cropping', () => {
    fc.assert(
      fc.property(side(90), side(90), side(24), fc.nat(8), seeds, (width, height, crop, room, seed) => {
        const image = noise(width, height, seed);
        const size = crop + room;
        expect(resizeToCentre(image, size, crop)).toEqual(centreCrop(resizeShortSide(image, size), crop));
      }),
      { numRuns: 150 },
    );
  });

  it('refuses a crop larger than the short side', () => {
    expect(() => resizeToCentre(noise(20, 10, 0), 8, 9)).toThrow(
      'a crop of 9 x 9 needs an image as large, found 16 x 8',
    );
  });
});
