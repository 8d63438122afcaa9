// Golden choices injected into our collation give the reference's masked batch.
import { beforeAll, describe, expect, it } from 'vitest';
import type { PretrainingOptions, PretrainingSample } from '../src/masking.js';
import type { NdArray, NdArrays } from '../src/nd-array.js';
import { assemblePretrainingBatch } from '../src/pretraining-batch.js';
import { goldenTensors } from './golden-file.js';
import { unpacked } from './unpacked.js';

const golden = goldenTensors('single.pretrain.collation');
const [rows, length, frames, frameDim] = [16, 20, 6, 20];
const [masked, frameless, left] = [4, 2, 12];

const options: PretrainingOptions = {
  objectives: { mlm: true, mfm: true, itm: true, ict: true, mmm: true },
  textLength: length,
  frames,
  frameDim,
  special: { pad: 0, unk: 1, cls: 2, sep: 3, mask: 4 },
  vocabularySize: 100,
  permuteTargets: false,
};

function prefix(ids: NdArray, mask: NdArray, row: number): Int32Array {
  const used = mask.data.subarray(row * length, (row + 1) * length).filter(Boolean).length;
  return Int32Array.from(ids.data.subarray(row * length, row * length + used));
}

function goldenSamples(): PretrainingSample[] {
  return Array.from({ length: rows }, (_, row) => {
    const textIds = prefix(golden['in.title_input']!, golden['in.title_mask']!, row);
    const bodyIds = prefix(golden['in.asr_ocr_input_ids']!, golden['in.asr_ocr_mask']!, row);
    const n = golden['in.frame_mask']!.data.subarray(row * frames, (row + 1) * frames).filter(Boolean).length;
    const start = row * frames * frameDim;
    const data = (golden['in.frame_input']!.data as Float32Array).slice(start, start + n * frameDim);
    return { textIds, titleIds: textIds, bodyIds, frames: { dtype: 'float32', shape: [n, frameDim], data } };
  });
}

/** Scatters values at positions that count into an array of -100. */
function scatter(
  size: number,
  places: readonly number[],
  values: ArrayLike<number>,
  weights: NdArray,
): number[] {
  const out = new Array<number>(size).fill(-100);
  places.forEach((at, slot) => {
    if (weights.data[slot] === 1) out[at] = values[slot]!;
  });
  return out;
}

describe.each(['one-a-row', 'packed'] as const)('a batch with the golden choices (%s)', (packing) => {
  let batch: NdArrays;
  let shown: ReturnType<typeof unpacked>;
  const of = (name: string) => batch[name]!;
  // The golden set pads frames with -0 in places; adding 0 makes these 0.
  const expected = (name: string) => [...golden[name]!.data].map((value) => value + 0);

  beforeAll(() => {
    const made = assemblePretrainingBatch(
      goldenSamples(),
      {
        mlmSelected: golden['choice.mlm_selected']!.data,
        mlmReplacement: golden['choice.mlm_replacement']!.data,
        mfmSelected: golden['choice.mfm_selected']!.data,
      },
      { ...options, packing },
    );
    expect(made.dropped).toBe(0);
    batch = made.batch;
    shown = unpacked(batch);
  });

  it('hides the same tokens', () => {
    const ids = shown.all('ids', 1, rows);
    expect(ids.slice(masked * length)).toEqual(expected('derived.mlm_input_ids'));
    expect(ids.slice(frameless * length, masked * length)).toEqual(
      expected('derived.mmm_input_ids').slice(frameless * length),
    );
    // The reference's frameless MMM rows keep their text.
    expect(ids.slice(0, frameless * length)).toEqual(expected('in.title_input').slice(0, frameless * length));
    expect(shown.all('textMask', 1, rows)).toEqual(expected('in.title_mask'));
  });

  it('has the same token labels', () => {
    const labels = (weights: string) =>
      scatter(
        rows * length,
        [...of('textPositions').data].map(shown.textPlace),
        of('textLabels').data,
        of(weights),
      );
    expect(labels('mlmWeights').slice(masked * length)).toEqual(expected('derived.mlm_labels'));
    expect(labels('mlmWeights').slice(0, masked * length)).toEqual(new Array(masked * length).fill(-100));
    expect(labels('mmmTextWeights').slice(frameless * length, masked * length)).toEqual(
      expected('derived.mmm_text_labels'),
    );
  });

  it('has the same frame labels and mask', () => {
    const places = (name: string) => [...of(name).data].map(shown.framePlace);
    const frameMask = shown.all('frameMask', 1, rows);
    const mfm = scatter(rows * frames, places('mfmQueries'), of('mfmTargets').data, of('mfmQueryWeights'));
    expect(mfm.slice(masked * frames)).toEqual(expected('derived.mfm_labels'));
    const mmm = scatter(
      rows * frames,
      places('mmmFrameQueries'),
      of('mmmFrameTargets').data,
      of('mmmFrameQueryWeights'),
    );
    expect(mmm.slice(0, frameless * frames)).toEqual(expected('derived.mmm_video_labels'));
    expect(frameMask.slice(masked * frames)).toEqual(expected('derived.shuffled_frame_mask'));
    expect([...of('mfmCandidateMask').data]).toEqual(expected('derived.shuffled_frame_mask'));
    places('mfmQueries').forEach((at, slot) => {
      if (of('mfmQueryWeights').data[slot]) expect(of('mfmQueryMask').data[slot]).toBe(frameMask[at]);
    });
  });

  it('matches the same videos', () => {
    const source = golden['derived.shuffle_index']!.data;
    expect([...of('itmLabels').data.subarray(masked)]).toEqual(expected('derived.itm_labels'));
    expect([...of('itmWeights').data]).toEqual([...Array(masked).fill(0), ...Array(left).fill(1)]);
    const size = frames * frameDim;
    const frameValues = shown.all('frames', 1, rows);
    const input = golden['in.frame_input']!.data;
    const hidden = golden['choice.mfm_selected']!.data;
    source.forEach((from, row) => {
      for (let f = 0; f < frames; f++) {
        const at = (masked + from) * size + f * frameDim;
        const original = [...input.subarray(at, at + frameDim)].map((value) => value + 0);
        const visible = hidden[from * frames + f] ? original.map(() => 0) : original;
        const to = (masked + row) * size + f * frameDim;
        expect(frameValues.slice(to, to + frameDim)).toEqual(visible);
      }
    });
  });

  it('keeps frame targets where they were, and shows contrast the clean inputs', () => {
    expect([...of('frameTargets').data]).toEqual(expected('in.frame_input'));
    expect(shown.all('frames', 1 + 2 * rows, rows)).toEqual(expected('in.frame_input'));
    expect(shown.all('frameMask', 1 + 2 * rows, rows)).toEqual(expected('in.frame_mask'));
    expect(shown.all('ids', 1 + rows, rows)).toEqual(expected('in.title_input'));
    expect(shown.all('textMask', 1 + rows, rows)).toEqual(expected('in.title_mask'));
    expect(shown.all('frameMask', 1 + rows, rows)).toEqual(new Array(rows * frames).fill(0));
    expect(shown.all('ids', 1 + 2 * rows, rows)).toEqual(expected('in.asr_ocr_input_ids'));
    expect(shown.all('textMask', 1 + 2 * rows, rows)).toEqual(expected('in.asr_ocr_mask'));
  });

  it('hides all frames of the frameless rows', () => {
    expect(shown.all('frames', 1, frameless).some(Boolean)).toBe(false);
  });

  it('shows where each sample’s text begins', () => {
    of('firstPositions').data.forEach((slot, row) => expect(shown.textPlace(slot)).toBe(row * length));
  });
});
