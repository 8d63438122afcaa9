import { expect, it } from 'vitest';

import { InputError } from '../src/input-error.js';
import { assembleMaskedLanguageBatch } from '../src/masked-language-batch.js';
import type { PretrainingOptions, PretrainingSample } from '../src/masking.js';

const options: PretrainingOptions = {
  objectives: { mlm: true, mfm: false, itm: false, ict: false, mmm: false },
  textLength: 5,
  frames: 2,
  frameDim: 1,
  special: { pad: 0, unk: 1, cls: 2, sep: 3, mask: 4 },
  vocabularySize: 50,
};
const frames = (...data: number[]) =>
  ({ dtype: 'float32', shape: [data.length, 1], data: Float32Array.from(data) }) as const;
const samples: PretrainingSample[] = [
  { textIds: [2, 7, 8, 3], frames: frames(6) },
  { textIds: [2, 9, 3], frames: frames(7, 8) },
];
const choices = {
  mlmSelected: [0, 1, 0, 0, 0, 0, 1, 0, 0, 0],
  mlmReplacement: [2, 4, 8, 3, 0, 2, 11, 3, 0, 0],
};

it('a masked language batch holds padded texts with tokens hidden, and frames', () => {
  const { batch, dropped } = assembleMaskedLanguageBatch(samples, choices, options);
  const values = (name: string) => [...batch[name]!.data];
  expect(batch.inputIds!.shape).toEqual([2, 5]);
  expect(values('inputIds')).toEqual([2, 4, 8, 3, 0, 2, 11, 3, 0, 0]);
  expect(values('textMask')).toEqual([1, 1, 1, 1, 0, 1, 1, 1, 0, 0]);
  expect(batch.frames!.shape).toEqual([2, 2, 1]);
  expect(values('frames')).toEqual([6, 0, 7, 8]);
  expect(values('frameMask')).toEqual([1, 0, 1, 1]);
  expect(values('textPositions').slice(0, 3)).toEqual([1, 6, 0]);
  expect(values('textLabels').slice(0, 3)).toEqual([7, 9, 0]);
  expect(values('mlmWeights')).toEqual([1, 1, ...new Array<number>(batch.mlmWeights!.shape[0]! - 2).fill(0)]);
  expect(Object.keys(batch)).toHaveLength(7);
  expect(dropped).toBe(0);
});

it('a masked language batch refuses texts that are too long', () => {
  const long = [{ ...samples[0]!, textIds: [2, 5, 5, 5, 5, 3] }, samples[1]!];
  expect(() => assembleMaskedLanguageBatch(long, choices, options)).toThrow(InputError);
});
