import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { oneSequenceARow, packSequences, roundedRows } from '../src/packing.js';
import { Random } from '../src/random.js';

const width = 12;
const lengths = fc.array(fc.integer({ min: 1, max: width }), { maxLength: 40 });

describe('packing', () => {
  it('places every sequence within a row, none over another', () => {
    fc.assert(
      fc.property(lengths, (sequences) => {
        const { rows, starts } = packSequences(sequences, width);
        expect(starts).toHaveLength(sequences.length);
        const slots = new Array<number>(rows * width).fill(0);
        sequences.forEach((length, i) => {
          const [first, last] = [starts[i]!, starts[i]! + length - 1];
          expect(Math.floor(first / width)).toBe(Math.floor(last / width));
          for (let slot = first; slot <= last; slot++) slots[slot]!++;
        });
        expect(slots).toHaveLength(rows * width);
        expect(slots.every((taken) => taken <= 1)).toBe(true);
      }),
    );
  });

  it('needs no more rows than one sequence a row, and leaves at most one row half empty', () => {
    fc.assert(
      fc.property(lengths, (sequences) => {
        const { rows, starts } = packSequences(sequences, width);
        expect(rows).toBeLessThanOrEqual(oneSequenceARow(sequences.length, width).rows);
        const filled = new Array<number>(rows).fill(0);
        sequences.forEach((length, i) => (filled[Math.floor(starts[i]! / width)]! += length));
        expect(filled.filter((taken) => 2 * taken <= width).length).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('follows from the lengths alone', () => {
    fc.assert(
      fc.property(lengths, (sequences) => {
        expect(packSequences([...sequences], width)).toEqual(packSequences(sequences, width));
      }),
    );
  });

  it('puts the longest first, each into the fullest row that has room', () => {
    // 9; 7; 5 behind 7; 3 behind 9; 3 in a row of its own.
    expect(packSequences([3, 7, 5, 9, 3], width)).toEqual({
      rows: 3,
      starts: Int32Array.of(9, 12, 19, 0, 24),
    });
  });
});

describe('rows of a batch', () => {
  it('are rounded up, in steps that grow with the batch', () => {
    expect([13, 14].map((rows) => roundedRows(rows, 8))).toEqual([13, 14]);
    expect([51, 52].map((rows) => roundedRows(rows, 32))).toEqual([52, 52]);
    expect([100, 101].map((rows) => roundedRows(rows, 64))).toEqual([102, 102]);
  });

  // Texts of 20 to 256 tokens, log-normal about 120, and 16 frames; of a title, of a title with frames, of a text with frames.
  it.each([8, 32, 64])(
    'are few numbers over an epoch of batches of %i, and hold little padding',
    (samples) => {
      const random = new Random('lengths', samples);
      const text = () =>
        Math.round(Math.min(Math.max(Math.exp(Math.log(120) + 0.6 * random.normal()), 20), 256));
      let [real, padded] = [0, 0];
      const numbers = new Set<number>();
      for (let batch = 0; batch < 8192 / samples; batch++) {
        const sequences = Array.from({ length: samples }, () => {
          const title = text();
          return [title + 16, title, text() + 16];
        }).flat();
        const rows = roundedRows(packSequences(sequences, 272).rows, samples);
        numbers.add(rows);
        real += sequences.reduce((a, b) => a + b);
        padded += rows * 272;
      }
      expect(numbers.size).toBeLessThanOrEqual(16);
      expect(padded / real).toBeLessThan(samples === 8 ? 1.12 : 1.06);
    },
  );
});
