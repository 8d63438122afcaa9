import { readFileSync } from 'node:fs';
import { InputError } from '@reelbert/data';
import { describe, expect, it } from 'vitest';
import {
  layoutSingle,
  layoutTitleOcrAsr,
  truncateLongestFirst,
  type TextLengths,
} from '../src/text-layout.js';

const golden = JSON.parse(
  readFileSync(new URL('./fixtures/golden/expected.json', import.meta.url), 'utf8'),
) as { truncation: (TextLengths & { budget: number; kept: TextLengths })[] };
const special = { cls: 101, sep: 102 };
const range = (from: number, n: number) => Array.from({ length: n }, (_, i) => from + i);

describe('truncation', () => {
  it('equals the reference', () => {
    expect(golden.truncation.length).toBeGreaterThan(50);
    for (const { title, ocr, asr, budget, kept } of golden.truncation) {
      expect(truncateLongestFirst({ title, ocr, asr }, budget)).toEqual(kept);
    }
  });

  it.each([
    [300, 300, 300, 252, 84, 84, 84],
    [400, 20, 10, 252, 222, 20, 10],
    [100, 200, 5, 252, 100, 147, 5],
    [10, 10, 10, 29, 10, 10, 9],
    [10, 10, 10, 28, 10, 9, 9],
  ])(
    'of title %d, ASR %d, OCR %d to %d keeps %d, %d, %d',
    (title, asr, ocr, budget, keptTitle, keptAsr, keptOcr) => {
      const kept = { title: keptTitle, asr: keptAsr, ocr: keptOcr };
      expect(truncateLongestFirst({ title, asr, ocr }, budget)).toEqual(kept);
    },
  );
});

describe('layout', () => {
  it('of empty texts is [CLS] and three [SEP]', () => {
    expect(layoutTitleOcrAsr([], [], [], 256, special)).toEqual([101, 102, 102, 102]);
  });

  it('puts title, OCR and ASR in this order, each cut at its end', () => {
    expect(layoutTitleOcrAsr([1, 2], [11, 12], [21], 256, special)).toEqual([
      101, 1, 2, 102, 11, 12, 102, 21, 102,
    ]);
    const long = layoutTitleOcrAsr(range(1000, 300), range(2000, 300), range(3000, 300), 256, special);
    expect(long).toHaveLength(256);
    expect(long).toEqual([101, ...range(1000, 84), 102, ...range(2000, 84), 102, ...range(3000, 84), 102]);
  });

  it('of a single text keeps its beginning', () => {
    expect(layoutSingle(range(1, 5), 256, special)).toEqual([101, 1, 2, 3, 4, 5, 102]);
    expect(layoutSingle(range(1, 300), 256, special)).toEqual([101, ...range(1, 254), 102]);
  });

  it('needs room for the special tokens', () => {
    expect(() => layoutTitleOcrAsr([], [], [], 3, special)).toThrow(InputError);
    expect(() => layoutSingle([], 1, special)).toThrow(InputError);
  });
});
