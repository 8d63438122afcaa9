import { readFileSync } from 'node:fs';
import { InputError, type NdArray } from '@reelbert/data';
import { describe, expect, it } from 'vitest';
import { argmax, combine } from '../src/combine.js';

const folder = new URL('./fixtures/golden/', import.meta.url);
const expected = (
  JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8')) as {
    ensemble: Record<
      'weights' | 'argmax' | 'argmax_if_weight_3_were_1' | 'argmax_if_logits_were_averaged',
      number[]
    >;
  }
).ensemble;

/** The golden file's tensors, read without the code of other packages. */
function goldenTensors(): Record<string, NdArray> {
  const bytes = readFileSync(new URL('ensemble.safetensors', folder));
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, start)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  return Object.fromEntries(
    Object.entries(header).map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [from, to],
        },
      ]) => {
        const { buffer } = Uint8Array.from(bytes.subarray(start + from, start + to));
        return dtype === 'F32'
          ? [name, { dtype: 'float32', shape, data: new Float32Array(buffer) }]
          : [name, { dtype: 'int32', shape, data: new Int32Array(buffer) }];
      },
    ),
  );
}

const golden = goldenTensors();
const models = [1, 2, 3, 4].map((n) => golden[`logits.model_${n}`]!);
const logits = (rows: number[][]): NdArray => ({
  dtype: 'float32',
  shape: [rows.length, rows[0]!.length],
  data: Float32Array.from(rows.flat()),
});

describe('the reference ensemble', () => {
  const summed = combine(models, { weights: expected.weights });

  it('sums weighted probabilities, weights not normalised', () => {
    summed.data.forEach((value, i) => expect(value).toBeCloseTo(golden['out.summed']!.data[i]!, 6));
    for (let row = 0; row < 8; row++) {
      const sum = [...summed.data]
        .slice(row * 200, (row + 1) * 200)
        .reduce((total, value) => total + value, 0);
      expect(sum).toBeCloseTo(3.7, 5);
    }
  });

  it('predicts the same classes, and others with other weights or with logits', () => {
    expect([...argmax(summed)]).toEqual(expected.argmax);
    expect([...argmax(summed)]).toEqual([...golden['out.argmax']!.data]);
    expect([...argmax(combine(models))]).toEqual(expected.argmax_if_weight_3_were_1);
    expect([...argmax(combine(models, { weights: expected.weights, of: 'logits' }))]).toEqual(
      expected.argmax_if_logits_were_averaged,
    );
  });

  it("does not change with a constant added to a model's logits", () => {
    const shifted = models.map((model, i) =>
      i === 1 ? { ...model, data: (model.data as Float32Array).map((value) => value + 5) } : model,
    );
    const again = combine(shifted, { weights: expected.weights });
    again.data.forEach((value, i) => expect(value).toBeCloseTo(summed.data[i]!, 6));
  });
});

describe('combining', () => {
  it('survives large logits', () => {
    const scores = combine([logits([[1000, 1001]])]);
    expect(scores.data[1]).toBeCloseTo(0.7310586, 6);
  });

  it('takes the first of equal scores', () => {
    expect([
      ...argmax(
        logits([
          [1, 3, 3],
          [0, 0, 0],
        ]),
      ),
    ]).toEqual([1, 0]);
  });

  it('refuses no models, other shapes and wrong weights', () => {
    const a = logits([[1, 2]]);
    expect(() => combine([])).toThrow(InputError);
    expect(() => combine([a, logits([[1, 2, 3]])])).toThrow(/models\[1\].*\[1, 3\]/s);
    expect(() => combine([a, a], { weights: [1] })).toThrow(/weights/);
    expect(() => combine([a], { weights: [-1] })).toThrow(InputError);
    expect(() => combine([a], { weights: [NaN] })).toThrow(InputError);
    expect(() => combine([a, a], { weights: [0, 0] })).toThrow(InputError);
  });
});
