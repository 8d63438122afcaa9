import {
  assemblePretrainingBatch,
  type NdArray,
  type NdArrays,
  type PretrainingOptions,
  type PretrainingSample,
} from '@reelbert/data';
import { expect } from 'vitest';

import { golden, withPrefix } from './golden.js';

export const allObjectives = { mlm: true, mfm: true, itm: true, ict: true, mmm: true } as const;

/** Our collation of the set's pretraining batch under the set's choices, as the original has it. */
export function goldenPretrainingBatch(
  tensors: NdArrays,
  changes: Partial<PretrainingOptions> = {},
): NdArrays {
  const samples = goldenSamples(tensors);
  const { mlm_selected, mlm_replacement, mfm_selected } = withPrefix('choice.', tensors);
  const [, frames, frameDim] = tensors['in.frame_input']!.shape as [number, number, number];
  const { batch, dropped } = assemblePretrainingBatch(
    samples,
    {
      mlmSelected: mlm_selected!.data,
      mlmReplacement: mlm_replacement!.data,
      mfmSelected: mfm_selected!.data,
    },
    {
      objectives: allObjectives,
      textLength: tensors['in.title_input']!.shape[1]!,
      frames,
      frameDim,
      special: golden.special_ids,
      vocabularySize: golden.single.vocab_size,
      permuteTargets: false,
      packing: 'one-a-row',
      ...changes,
    },
  );
  expect(dropped, 'chosen positions beyond the capacity').toBe(0);
  return batch;
}

/** The unpadded rows of the set's pretraining batch. */
export function goldenSamples(tensors: NdArrays): PretrainingSample[] {
  const { frame_input, frame_mask, title_input, title_mask, asr_ocr_input_ids, asr_ocr_mask } = withPrefix(
    'in.',
    tensors,
  ) as Record<string, NdArray>;
  const [rows, , frameDim] = frame_input!.shape as [number, number, number];
  return Array.from({ length: rows }, (_, row) => {
    const titleIds = realPart(title_input!, title_mask!, row);
    const count = rowOf(frame_mask!, row).reduce((sum, real) => sum + real, 0);
    const data = Float32Array.from(rowOf(frame_input!, row).slice(0, count * frameDim));
    return {
      textIds: titleIds,
      titleIds,
      bodyIds: realPart(asr_ocr_input_ids!, asr_ocr_mask!, row),
      frames: { dtype: 'float32', shape: [count, frameDim], data },
    };
  });
}

/** One of the set's fine-tuning batches. */
export function goldenClassificationBatch(tensors: NdArrays, number = 0): NdArrays {
  const { title_input, title_mask, frame_input, frame_mask, label } = withPrefix(`in.${number}.`, tensors);
  return {
    inputIds: title_input!,
    textMask: title_mask!,
    frames: frame_input!,
    frameMask: frame_mask!,
    labels: { ...label!, shape: [label!.shape[0]!] },
  };
}

function rowOf({ data, shape }: NdArray, row: number): number[] {
  const width = shape.slice(1).reduce((product, extent) => product * extent, 1);
  return Array.from(data.subarray(row * width, (row + 1) * width));
}

function realPart(ids: NdArray, mask: NdArray, row: number): number[] {
  const real = rowOf(mask, row);
  return rowOf(ids, row).filter((_, i) => real[i] === 1);
}
