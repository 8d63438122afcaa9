import { describe, expect, it } from 'vitest';
import { InputError } from '../src/input-error.js';
import type { NdArrays } from '../src/nd-array.js';
import { chooseMasking, type PretrainingOptions, type PretrainingSample } from '../src/masking.js';
import { assemblePretrainingBatch } from '../src/pretraining-batch.js';
import { pretrainingCapacity } from '../src/pretraining-capacity.js';
import { Random } from '../src/random.js';
import { unpacked } from './unpacked.js';

const all = { mlm: true, mfm: true, itm: true, ict: true, mmm: true };
const options: PretrainingOptions = {
  objectives: all,
  textLength: 10,
  frames: 4,
  frameDim: 2,
  special: { pad: 0, unk: 1, cls: 2, sep: 3, mask: 4 },
  vocabularySize: 50,
};

// Row r: r % 4 + 1 tokens between [CLS] and [SEP]; r % 4 + 1 frames, whose two values are 10 * r + frame + 1.
const samples: PretrainingSample[] = Array.from({ length: 13 }, (_, row) => {
  const n = (row % 4) + 1;
  return {
    textIds: [2, ...Array.from({ length: n }, (_, t) => 10 + t), 3],
    titleIds: [2, 9, 3],
    bodyIds: [2, 3],
    frames: {
      dtype: 'float32',
      shape: [n, 2],
      data: Float32Array.from({ length: 2 * n }, (_, i) => 10 * row + Math.floor(i / 2) + 1),
    },
  };
});
// 13 rows: frameless 0, textless 1..2, left 3..12 (3..7 keep their video).
const everything = {
  mlmSelected: new Uint8Array(100).map((_, i) => (i % 10 === 1 ? 1 : 0)),
  mlmReplacement: Int32Array.from({ length: 100 }, (_, i) => {
    const row = samples[3 + Math.floor(i / 10)]!;
    return i % 10 === 1 ? 4 : (row.textIds[i % 10] ?? 0);
  }),
  mfmSelected: new Uint8Array(40).map((_, i) => (i % 4 === 0 ? 1 : 0)),
};

function framesEqual(batch: { data: ArrayLike<number> }, at: number, value: number): void {
  expect([batch.data[2 * at], batch.data[2 * at + 1]]).toEqual([value, value]);
}

describe('frame targets', () => {
  it('move with the video: each query is scored against its own original frame', () => {
    const { batch } = assemblePretrainingBatch(samples, everything, options);
    const { mfmQueries, mfmQueryWeights, mfmQueryMask, mfmTargets, mfmCandidates, frameTargets } = batch;
    const shown = unpacked(batch);
    const frames = { data: shown.all('frames', 1, 13) };
    const seen = new Set<number>();
    for (let slot = 0; slot < 10; slot++) {
      expect(mfmQueryWeights!.data[slot]).toBe(1);
      expect(mfmQueryMask!.data[slot]).toBe(1);
      const query = shown.framePlace(mfmQueries!.data[slot]!);
      expect(mfmCandidates!.data[mfmTargets!.data[slot]!]).toBe(query);
      framesEqual(frames, query, 0);
      framesEqual(frameTargets!, query, 10 * (3 + slot) + 1);
      seen.add(Math.floor(query / 4));
    }
    expect([...seen].sort((a, b) => a - b)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect([...mfmQueryWeights!.data.subarray(10)].every((weight) => weight === 0)).toBe(true);
  });

  it('stay in the reference: a displaced query may be one that the mask excludes', () => {
    const choices = { ...everything, mfmSelected: new Uint8Array(40) };
    // Left row 5 (sample 8, one frame) gets the video of left row 9; left row 8 (sample 11) has four frames and
    // gets that of left row 6 (sample 9, two frames), so its third frame's position becomes padding.
    choices.mfmSelected[8 * 4 + 2] = 1;
    const { batch } = assemblePretrainingBatch(samples, choices, { ...options, permuteTargets: false });
    const firstQuery = (of: NdArrays) => unpacked(of).framePlace(of.mfmQueries!.data[0]!);
    expect(firstQuery(batch)).toBe(11 * 4 + 2);
    expect(batch.mfmTargets!.data[0]).toBe(8 * 4 + 2);
    expect(batch.mfmQueryMask!.data[0]).toBe(0);
    framesEqual(batch.frameTargets!, 11 * 4 + 2, 113);
    const sound = assemblePretrainingBatch(samples, choices, options).batch;
    expect(firstQuery(sound)).toBe(9 * 4 + 2);
    expect(sound.mfmQueryMask!.data[0]).toBe(1);
    framesEqual(sound.frameTargets!, 9 * 4 + 2, 113);
  });

  it('are the same both ways where matching is off', () => {
    const off = { ...options, objectives: { ...all, itm: false } };
    const sound = assemblePretrainingBatch(samples, everything, off);
    expect(sound).toEqual(assemblePretrainingBatch(samples, everything, { ...off, permuteTargets: false }));
    expect(sound.batch.itmLabels).toBeUndefined();
  });
});

describe('mask one modality', () => {
  it('counts [CLS] and [SEP] among the labels of a row without text', () => {
    const { batch } = assemblePretrainingBatch(samples, everything, options);
    const shown = unpacked(batch);
    const hidden = [...batch.textPositions!.data]
      .filter((_, slot) => batch.mmmTextWeights!.data[slot])
      .map(shown.textPlace);
    // Rows 1 and 2 have 4 and 5 real tokens.
    expect(hidden).toEqual([10, 11, 12, 13, 20, 21, 22, 23, 24]);
    expect([...batch.textLabels!.data.subarray(0, 4)]).toEqual([2, 10, 11, 3]);
    for (const at of hidden) expect(shown.all('ids', 1, 13)[at]).toBe(4);
    expect(shown.all('textMask', 2, 1)).toEqual([1, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
  });

  it('needs 8 rows', () => {
    const few = samples.slice(0, 7);
    expect(() => chooseMasking(few, options, new Random(1))).toThrow(InputError);
  });
});

describe('collation', () => {
  it('leaves attention masks and the samples untouched', () => {
    const before = structuredClone(samples);
    const choices = chooseMasking(samples, options, new Random(3));
    const { batch } = assemblePretrainingBatch(samples, choices, options);
    expect(samples).toEqual(before);
    const shown = unpacked(batch);
    samples.forEach((sample, row) => {
      expect(shown.all('textMask', 1 + row, 1)).toEqual(
        Array.from({ length: 10 }, (_, t) => (t < sample.textIds.length ? 1 : 0)),
      );
    });
    expect(shown.all('frameMask', 1, 13).filter(Boolean)).toHaveLength(
      samples.reduce((sum, sample) => sum + sample.frames.shape[0]!, 0),
    );
  });

  it('has the fields of the objectives that are on, and no others', () => {
    const fields = (on: Partial<typeof all>) => {
      const objectives = { mlm: false, mfm: false, itm: false, ict: false, mmm: false, ...on };
      const some = { ...options, objectives };
      const choices = chooseMasking(samples, some, new Random(3));
      return Object.keys(assemblePretrainingBatch(samples, choices, some).batch).sort();
    };
    const base = [
      'attended',
      'firstPositions',
      'frames',
      'sequences',
      'slotSources',
      'tokenIds',
      'tokenPositions',
    ];
    const text = ['textLabels', 'textPositions'];
    const nce = ['CandidateMask', 'Candidates', 'Queries', 'QueryMask', 'QueryWeights', 'Targets'];
    const withBase = (...names: string[]) => [...base, ...names].sort();
    expect(fields({})).toEqual(base);
    expect(fields({ mlm: true })).toEqual(withBase(...text, 'mlmWeights'));
    expect(fields({ mfm: true })).toEqual(withBase('frameTargets', ...nce.map((name) => `mfm${name}`)));
    expect(fields({ itm: true })).toEqual(withBase('itmLabels', 'itmWeights'));
    expect(fields({ mmm: true })).toEqual(
      withBase(...text, 'mmmTextWeights', 'frameTargets', ...nce.map((name) => `mmmFrame${name}`)),
    );
    expect(fields({ ict: true })).toEqual(withBase('ictWeights'));
  });

  it('names a row that does not fit', () => {
    const long = { ...samples[0]!, textIds: new Array<number>(11).fill(9) };
    const made = () => assemblePretrainingBatch([...samples.slice(0, 12), long], everything, options);
    expect(made).toThrow(/row 12: textIds: found 11 tokens/);
    const wide = {
      ...samples[0]!,
      frames: { dtype: 'float32' as const, shape: [1, 3], data: new Float32Array(3) },
    };
    expect(() => assemblePretrainingBatch([...samples.slice(0, 12), wide], everything, options)).toThrow(
      /frames/,
    );
    const titleless: PretrainingSample = { textIds: [2, 3], frames: samples[0]!.frames };
    const longTitle = () =>
      assemblePretrainingBatch(
        [...samples.slice(0, 12), { ...samples[12]!, titleIds: long.textIds }],
        everything,
        options,
      );
    expect(longTitle).toThrow(/row 12: titleIds: found 11 tokens/);
    const noTitle = () => assemblePretrainingBatch([...samples.slice(0, 12), titleless], everything, options);
    expect(noTitle).toThrow(/titleIds/);
    expect(() => assemblePretrainingBatch(samples, { ...everything, mfmSelected: [] }, options)).toThrow(
      InputError,
    );
  });
});

describe('capacities', () => {
  it('hold everything that full rows choose, in all but one of a billion batches', () => {
    expect(pretrainingCapacity(64, { ...options, textLength: 256, frames: 16 })).toEqual({
      // 48 rows: 3686.4 chosen, deviation 50.8; 8 rows of 256 hidden tokens.
      text: 6040,
      // 103.68 chosen, deviation 9.47.
      mfm: 168,
      mmmFrame: 128,
    });
  });

  it('are never more than all positions', () => {
    const { text, mfm } = pretrainingCapacity(8, { ...options, textLength: 4, frames: 1 });
    expect(text).toBe((6 + 1) * 4);
    expect(mfm).toBe(6);
  });

  it('shrink with what is known of the data', () => {
    const known = { ...options, textLength: 256, textTokens: { mean: 40, deviation: 20 } };
    expect(pretrainingCapacity(64, known).text).toBeLessThan(1400);
  });

  it('leave unmasked, and count, what exceeds them', () => {
    const tight = {
      ...options,
      textTokens: { mean: 0, deviation: 0 },
      validFrames: { mean: 0, deviation: 0 },
    };
    expect(pretrainingCapacity(13, tight)).toEqual({ text: 8, mfm: 8, mmmFrame: 4 });
    const { batch, dropped } = assemblePretrainingBatch(samples, everything, tight);
    // 9 hidden by rows 1 and 2 and 10 by MLM; 10 frames.
    expect(dropped).toBe(9 + 10 - 8 + 2);
    expect([...batch.tokenIds!.data].filter((id) => id === 4)).toHaveLength(8);
    expect([...batch.mfmQueryWeights!.data]).toEqual(new Array(8).fill(1));
  });
});
