import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { chooseMasking, type PretrainingOptions, type PretrainingSample } from '../src/masking.js';
import type { NdArrays } from '../src/nd-array.js';
import { assemblePretrainingBatch } from '../src/pretraining-batch.js';
import { Random } from '../src/random.js';
import { unpacked } from './unpacked.js';

const all = { mlm: true, mfm: true, itm: true, ict: true, mmm: true };
const options: PretrainingOptions = {
  objectives: all,
  textLength: 10,
  frames: 4,
  frameDim: 1,
  special: { pad: 0, unk: 1, cls: 2, sep: 3, mask: 4 },
  vocabularySize: 50,
};

type Changes = Partial<Pick<PretrainingOptions, 'packing' | 'permuteTargets'>> & {
  readonly on?: Partial<typeof all>;
};

function batchOf(samples: readonly PretrainingSample[], { on, ...changes }: Changes = {}): NdArrays {
  const some = { ...options, ...changes, objectives: { ...all, ...on } };
  return assemblePretrainingBatch(samples, chooseMasking(samples, some, new Random(3)), some).batch;
}

/** A sample of so many words in its text, title and body, and so many frames, whose values are never 0. */
function sample([text, title, body, frames]: readonly number[], row: number): PretrainingSample {
  const words = (count: number, first: number) => Array.from({ length: count }, (_, t) => first + t);
  const data = Float32Array.from({ length: frames! }, (_, f) => 10 * row + f + 1);
  return {
    textIds: words(text!, 5),
    titleIds: words(title!, 15),
    bodyIds: words(body!, 25),
    frames: { dtype: 'float32', shape: [frames!, 1], data },
  };
}

const upTo = (most: number) => fc.integer({ min: 0, max: most });
const samples = fc
  .array(fc.tuple(upTo(10), upTo(10), upTo(10), upTo(4)), { minLength: 8, maxLength: 20 })
  .map((sizes) => sizes.map(sample));
const fixed = Array.from({ length: 13 }, (_, row) => sample([3 + (row % 4), 3, 2, 1 + (row % 4)], row));
const kinds = ['ids', 'textMask', 'frames', 'frameMask'] as const;

describe('packed rows', () => {
  it('show what one sequence a row shows, in no more rows', () => {
    fc.assert(
      fc.property(samples, fc.boolean(), (given, permuteTargets) => {
        const packed = batchOf(given, { permuteTargets });
        const apart = batchOf(given, { permuteTargets, packing: 'one-a-row' });
        expect(apart.tokenIds!.shape).toEqual([3 * given.length, 14]);
        expect(packed.tokenIds!.shape[0]).toBeLessThanOrEqual(3 * given.length);
        const [found, wanted] = [unpacked(packed), unpacked(apart)];
        for (const kind of kinds) {
          expect(found.all(kind, 1, 3 * given.length)).toEqual(wanted.all(kind, 1, 3 * given.length));
        }
        const places = (of: NdArrays, name: string, place: (slot: number) => number, weights: string) =>
          Array.from(of[name]!.data, place).filter((_, i) => of[weights]!.data[i] === 1);
        for (const name of ['mfm', 'mmmFrame']) {
          const [queries, weights] = [`${name}Queries`, `${name}QueryWeights`];
          expect(places(packed, queries, found.framePlace, weights)).toEqual(
            places(apart, queries, wanted.framePlace, weights),
          );
        }
        for (const weights of ['mlmWeights', 'mmmTextWeights']) {
          expect(places(packed, 'textPositions', found.textPlace, weights)).toEqual(
            places(apart, 'textPositions', wanted.textPlace, weights),
          );
        }
      }),
    );
  });

  it('hold every real token and frame once, each sequence within a row and without gaps', () => {
    fc.assert(
      fc.property(samples, (given) => {
        const { sequences, attended, slotSources } = batchOf(given);
        const width = sequences!.shape[1]!;
        const slots = new Map<number, number[]>();
        sequences!.data.forEach((number, slot) => {
          if (number) slots.set(number, [...(slots.get(number) ?? []), slot]);
        });
        expect([...slots.keys()].sort((a, b) => a - b)).toEqual(
          [...Array(3 * given.length + 1).keys()].slice(1),
        );
        for (const taken of slots.values()) {
          expect(taken.at(-1)! - taken[0]!).toBe(taken.length - 1);
          expect(Math.floor(taken[0]! / width)).toBe(Math.floor(taken.at(-1)! / width));
        }
        const sizes = given.map(({ textIds, titleIds, bodyIds, frames }) => {
          return textIds.length + titleIds!.length + bodyIds!.length + 2 * frames.shape[0]!;
        });
        expect(attended!.data.filter(Boolean)).toHaveLength(sizes.reduce((a, b) => a + b));
        expect(new Set(slotSources!.data).size).toBe(slotSources!.data.length);
      }),
    );
  });

  it('are the same for the same samples', () => {
    fc.assert(
      fc.property(samples, (given) => {
        expect(batchOf(given)).toEqual(batchOf(given));
      }),
      { numRuns: 20 },
    );
  });

  it('are far fewer', () => {
    expect(batchOf(fixed).tokenIds!.shape[0]).toBeLessThan(20);
    expect(batchOf(fixed, { packing: 'one-a-row' }).tokenIds!.shape[0]).toBe(39);
  });

  it('have a text without tokens as one pad', () => {
    const batch = batchOf([sample([0, 0, 0, 1], 0)], { on: { ict: false, mmm: false } });
    expect([...batch.sequences!.data]).toEqual([1, 1, ...new Array<number>(12).fill(0)]);
    expect([...batch.attended!.data.subarray(0, 2)]).toEqual([0, 1]);
    expect([...batch.slotSources!.data.subarray(0, 3)]).toEqual([0, 14, 2]);
  });
});

describe.each(['packed', 'one-a-row'] as const)('sequences (%s)', (packing) => {
  const numbers = (on: Partial<typeof all>) => {
    const { sequences } = batchOf(fixed, { on, packing });
    return [...new Set(sequences!.data)].filter((number) => number > 0).sort((a, b) => a - b);
  };
  const from = (first: number, last: number) => [...Array(last + 1).keys()].slice(first);

  it('are a text with frames, a title and a body of each sample', () => {
    expect(numbers({})).toEqual(from(1, 39));
    expect(numbers({ ict: false })).toEqual(from(1, 13));
  });

  it('are titles and bodies alone where contrast is the only objective', () => {
    const contrast = { mlm: false, mfm: false, itm: false, mmm: false };
    expect(numbers(contrast)).toEqual(from(14, 39));
    const { frames, firstPositions, sequences } = batchOf(fixed, { on: contrast, packing });
    expect(frames!.shape).toEqual([13, 4, 1]);
    firstPositions!.data.forEach((slot, row) => expect(sequences!.data[slot]).toBe(14 + row));
  });
});
