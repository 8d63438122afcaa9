// The set's inputs as this library's batches.
import {
  assemblePretrainingBatch,
  type NdArray,
  type NdArrays,
  type PretrainingSample,
} from '@reelbert/data';

import type { GoldenConfig } from './set-schema.js';

/** Fields that a batch of the set holds, under the set's names. */
export const pretrainingInputs = [
  'frame_input',
  'frame_mask',
  'title_input',
  'title_mask',
  'asr_ocr_input_ids',
  'asr_ocr_mask',
];
export const pretrainingChoices = ['mlm_selected', 'mlm_replacement', 'mfm_selected'];
export const classificationInputs = ['frame_input', 'frame_mask', 'title_input', 'title_mask', 'label'];

/** Whether a group of tensors has all of these. */
export function hasAll(tensors: NdArrays, names: readonly string[]): boolean {
  return names.every((name) => name in tensors);
}

/** A batch of videos with labels. */
export function classificationBatch(tensors: NdArrays): NdArrays {
  const { title_input, title_mask, frame_input, frame_mask, label } = tensors;
  return {
    inputIds: title_input!,
    textMask: title_mask!,
    frames: frame_input!,
    frameMask: frame_mask!,
    labels: { ...label!, shape: [label!.shape[0]!] },
  };
}

/** The same with images `[batch, frames, 3, S, S]` in place of features. */
export function pixelBatch(tensors: NdArrays): NdArrays {
  const { frames, ...others } = classificationBatch(tensors);
  return { ...others, pixels: channelsLast(frames!) };
}

export const objectives = { mlm: true, mfm: true, itm: true, ict: true, mmm: true } as const;

/** This library's collation of the set's samples, under the set's choices of what to hide. */
export function pretrainingBatch(config: GoldenConfig, inputs: NdArrays, choices: NdArrays): NdArrays {
  const [, frames, frameDim] = inputs.frame_input!.shape as [number, number, number];
  const { batch } = assemblePretrainingBatch(
    pretrainingSamples(inputs),
    {
      mlmSelected: choices.mlm_selected!.data,
      mlmReplacement: choices.mlm_replacement!.data,
      mfmSelected: choices.mfm_selected!.data,
    },
    {
      objectives,
      textLength: inputs.title_input!.shape[1]!,
      frames,
      frameDim,
      special: config.special_ids,
      vocabularySize: config.single!.vocab_size,
      permuteTargets: false,
      packing: 'one-a-row',
      probabilities: { mlm: 1, mfm: 1 }, // room for whatever was chosen
    },
  );
  return batch;
}

/** The rows without their padding. */
function pretrainingSamples(inputs: NdArrays): PretrainingSample[] {
  const { frame_input, frame_mask, title_input, title_mask, asr_ocr_input_ids, asr_ocr_mask } = inputs;
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

function realPart(ids: NdArray, mask: NdArray, row: number): number[] {
  const real = rowOf(mask, row);
  return rowOf(ids, row).filter((_, i) => real[i] === 1);
}

/** One row of a tensor, flat. */
export function rowOf({ data, shape }: NdArray, row: number): number[] {
  const width = shape.slice(1).reduce((product, extent) => product * extent, 1);
  return Array.from(data.subarray(row * width, (row + 1) * width));
}

/** Some of a tensor's first rows, or of its last where `from` is negative. */
export function rowsOf({ dtype, shape, data }: NdArray, from: number, count: number): NdArray {
  const [rows = 0, ...rest] = shape;
  const width = rest.reduce((product, extent) => product * extent, 1);
  const first = from < 0 ? rows + from : from;
  return { dtype, shape: [count, ...rest], data: data.slice(first * width, (first + count) * width) };
}

// [batch, frames, 3, S, S] -> [batch, frames, S, S, 3]
function channelsLast({ shape, data }: NdArray): NdArray {
  const [batch, frames, channels, height, width] = shape as [number, number, number, number, number];
  const area = height * width;
  const moved = Float32Array.from({ length: data.length }, (_, at) => {
    const image = Math.floor(at / (area * channels));
    const pixel = Math.floor(at / channels) % area;
    return data[(image * channels + (at % channels)) * area + pixel]!;
  });
  return { dtype: 'float32', shape: [batch, frames, height, width, channels], data: moved };
}
