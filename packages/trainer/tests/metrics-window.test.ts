import type { NdArray } from '@reelbert/data';
import { expect, test } from 'vitest';

import { batchSize, countedRows } from '../src/metrics-window.js';

const int32 = (shape: number[], data: number[]): NdArray => ({
  dtype: 'int32',
  shape,
  data: Int32Array.from(data),
});

test('a padded batch holds its rows, and the real positions of texts and frames', () => {
  const batch = {
    inputIds: int32([2, 3], [2, 3, 0, 2, 7, 3]),
    textMask: int32([2, 3], [1, 1, 0, 1, 1, 1]),
    frameMask: int32([2, 1], [1, 0]),
  };
  expect(batchSize(batch)).toEqual({ samples: 2, tokens: 6 });
  expect(countedRows({ ...batch, rowMask: int32([2], [1, 0]) })).toBe(1);
});

test('a batch of packed rows holds its samples, however many rows there are, and the real slots', () => {
  const batch = {
    tokenIds: int32([1, 6], [2, 3, 2, 7, 3, 0]),
    attended: int32([1, 6], [1, 1, 1, 0, 1, 0]),
    firstPositions: int32([3], [0, 2, 4]),
  };
  expect(batchSize(batch)).toEqual({ samples: 3, tokens: 4 });
  expect(countedRows(batch)).toBe(3);
});
