import type { NdArray } from '@reelbert/data';
import { describe, expect, it } from 'vitest';

import { predictLogits, type PredictionBatch } from '../src/index.js';

/** Logits of a row: its value and the negative of it. */
const predict = async ({ rows }: Readonly<Record<string, NdArray>>): Promise<NdArray> => ({
  dtype: 'float32',
  shape: [rows!.shape[0]!, 2],
  data: Float32Array.from([...rows!.data].flatMap((value) => [value, -value])),
});

async function* batches(...all: { values: number[]; samples: number[] }[]): AsyncGenerator<PredictionBatch> {
  for (const { values, samples } of all) {
    const rows = { dtype: 'float32', shape: [values.length], data: Float32Array.from(values) } as const;
    yield { batch: { rows }, samples };
  }
}

describe('the logits of batches', () => {
  it('are in the order of the samples, without the rows that fill a batch up', async () => {
    const { shape, data } = await predictLogits(
      predict,
      batches({ values: [30, 10, 40], samples: [3, 1, 4] }, { values: [20, 0, 99], samples: [2, 0] }),
    );
    expect(shape).toEqual([5, 2]);
    expect(data.filter((_, i) => i % 2 === 0)).toEqual(Float32Array.of(0, 10, 20, 30, 40));
  });

  it('are close up where samples of other parts are missing', async () => {
    const { shape, data } = await predictLogits(predict, batches({ values: [70, 20], samples: [7, 2] }));
    expect(shape).toEqual([2, 2]);
    expect(data).toEqual(Float32Array.of(20, -20, 70, -70));
  });
});
