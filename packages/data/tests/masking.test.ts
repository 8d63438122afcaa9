import { describe, expect, it } from 'vitest';
import { InputError } from '../src/input-error.js';
import {
  chooseMasking,
  matchingPermutation,
  rowParts,
  type PretrainingOptions,
  type PretrainingSample,
} from '../src/masking.js';
import { Random } from '../src/random.js';

const objectives = { mlm: true, mfm: true, itm: true, ict: false, mmm: false };
const options: PretrainingOptions = {
  objectives,
  textLength: 64,
  frames: 16,
  frameDim: 1,
  special: { pad: 0, unk: 100, cls: 101, sep: 102, mask: 103 },
  vocabularySize: 5000,
};

// 400 rows: [CLS], 40 ordinary tokens, one [UNK], one [MASK], [SEP]; 12 frames.
const samples: PretrainingSample[] = Array.from({ length: 400 }, (_, row) => ({
  textIds: [101, ...Array.from({ length: 40 }, (_, t) => 200 + ((row * 40 + t) % 4000)), 100, 103, 102],
  frames: { dtype: 'float32', shape: [12, 1], data: new Float32Array(12).fill(1) },
}));

/** Whether a count lies within three standard deviations of a binomial. */
function expectShare(count: number, n: number, p: number): void {
  expect(Math.abs(count - n * p)).toBeLessThan(3 * Math.sqrt(n * p * (1 - p)));
}

describe('token masking', () => {
  const choices = chooseMasking(samples, options, new Random('masking', 5));
  const at = (row: number, t: number) => row * options.textLength + t;

  it('chooses .3 of the tokens and never a special one', () => {
    let chosen = 0;
    samples.forEach((sample, row) => {
      for (let t = 0; t < options.textLength; t++) {
        const id = sample.textIds[t] ?? 0;
        if (choices.mlmSelected[at(row, t)]) {
          expect([0, 100, 101, 102, 103]).not.toContain(id);
          chosen++;
        } else {
          expect(choices.mlmReplacement[at(row, t)]).toBe(id);
        }
      }
    });
    expectShare(chosen, 400 * 40, 0.3);
  });

  it('makes 80% [MASK], 10% any id, and leaves 10%', () => {
    const counts = { mask: 0, other: 0, kept: 0 };
    const others = new Set<number>();
    samples.forEach((sample, row) => {
      for (let t = 0; t < sample.textIds.length; t++) {
        if (!choices.mlmSelected[at(row, t)]) continue;
        const shown = choices.mlmReplacement[at(row, t)]!;
        if (shown === 103) counts.mask++;
        else if (shown === sample.textIds[t]) counts.kept++;
        else {
          counts.other++;
          others.add(shown);
        }
      }
    });
    const chosen = counts.mask + counts.other + counts.kept;
    expectShare(counts.mask, chosen, 0.8);
    expectShare(counts.other, chosen, 0.1);
    expectShare(counts.kept, chosen, 0.1);
    // From the whole vocabulary: also below and above the ids of the texts.
    expect([...others].some((id) => id > 4300)).toBe(true);
    expect([...others].every((id) => id >= 0 && id < 5000)).toBe(true);
  });

  it('repeats with its key', () => {
    expect(chooseMasking(samples, options, new Random('masking', 5))).toEqual(choices);
    expect(chooseMasking(samples, options, new Random('masking', 6))).not.toEqual(choices);
  });
});

describe('frame masking', () => {
  it('chooses .135 of the valid frames, none padded', () => {
    const { mfmSelected } = chooseMasking(samples, options, new Random('frames'));
    let chosen = 0;
    for (let i = 0; i < mfmSelected.length; i++) {
      if (!mfmSelected[i]) continue;
      expect(i % 16).toBeLessThan(12);
      chosen++;
    }
    expectShare(chosen, 400 * 12, 0.135);
  });
});

describe('objectives that are off', () => {
  it('hide nothing', () => {
    const off = { ...options, objectives: { ...objectives, mlm: false, mfm: false } };
    const choices = chooseMasking(samples, off, new Random(1));
    expect(Array.from(choices.mlmSelected).some(Boolean)).toBe(false);
    expect(Array.from(choices.mfmSelected).some(Boolean)).toBe(false);
  });
});

describe('rows of a batch', () => {
  const mmm = { objectives: { ...objectives, mmm: true } };

  it('of 64 are 8 frameless, 8 without text, 48 others', () => {
    expect(rowParts(64, mmm)).toEqual({ frameless: 8, masked: 16, left: 48 });
    expect(rowParts(64, { objectives })).toEqual({ frameless: 0, masked: 0, left: 64 });
  });

  it('must be at least 8 with mask-one-modality', () => {
    expect(() => rowParts(7, mmm)).toThrow(InputError);
    expect(rowParts(8, mmm)).toEqual({ frameless: 1, masked: 2, left: 6 });
    expect(rowParts(2, { objectives }).left).toBe(2);
  });
});

describe('matching', () => {
  it('keeps the first half and reverses the rest', () => {
    expect([...matchingPermutation(5)]).toEqual([0, 1, 4, 3, 2]);
    const source = matchingPermutation(48);
    expect([...source.subarray(0, 24)]).toEqual([...Array(24).keys()]);
    expect([...source.subarray(24)]).toEqual([...Array(24).keys()].map((i) => 47 - i));
  });
});
