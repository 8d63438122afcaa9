import { InputError } from '@reelbert/data';
import { describe, expect, it } from 'vitest';
import { alignPredictions, type Predictions } from '../src/predictions.js';

function predictions(name: string, ids: string[], values: number[]): Predictions {
  const shape = [ids.length, values.length / ids.length];
  return { name, ids, logits: { dtype: 'float32', shape, data: Float32Array.from(values) } };
}

describe('aligning', () => {
  const first = predictions('a.safetensors', ['v1', 'v2', 'v3'], [1, 2, 3, 4, 5, 6]);

  it("brings all models into the first one's order", () => {
    const other = predictions('b.safetensors', ['v3', 'v1', 'v2'], [30, 31, 10, 11, 20, 21]);
    const [a, b] = alignPredictions([first, other]);
    expect(a).toEqual(first);
    expect(b!.ids).toEqual(['v1', 'v2', 'v3']);
    expect([...b!.logits.data]).toEqual([10, 11, 20, 21, 30, 31]);
    expect([...other.logits.data]).toEqual([30, 31, 10, 11, 20, 21]);
  });

  it('names videos that are missing, too many or there twice', () => {
    const fewer = predictions('b', ['v3', 'v1'], [0, 0, 0, 0]);
    expect(() => alignPredictions([first, fewer])).toThrow(/^b: found no predictions for 1 video \(v2\)/);
    expect(() => alignPredictions([fewer, first])).toThrow(
      /^a\.safetensors: found predictions also for 1 video \(v2\)/,
    );
    const twice = predictions('b', ['v1', 'v1', 'v2'], [0, 0, 0, 0, 0, 0]);
    expect(() => alignPredictions([first, twice])).toThrow(/row 1.*v1, which is row 0 already/);
  });

  it('refuses other numbers of classes, of rows, and no models', () => {
    expect(() => alignPredictions([first, predictions('b', ['v1', 'v2', 'v3'], [1, 2, 3])])).toThrow(
      /1 classes/,
    );
    expect(() => alignPredictions([{ ...first, ids: ['v1'] }])).toThrow(InputError);
    expect(() => alignPredictions([])).toThrow(InputError);
  });
});
