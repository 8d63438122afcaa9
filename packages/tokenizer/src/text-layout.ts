// How the texts of a video become one row of tokens.
import { InputError, type SpecialIds } from '@reelbert/data';

/** How many tokens of each text. */
export interface TextLengths {
  readonly title: number;
  readonly ocr: number;
  readonly asr: number;
}

/**
 * How many tokens to keep of each text so that together they fit the budget: the longest loses its last token until
 * they do; among equals OCR first, then ASR, then the title.
 */
export function truncateLongestFirst(lengths: TextLengths, budget: number): TextLengths {
  let { title, ocr, asr } = lengths;
  while (title + ocr + asr > Math.max(0, budget)) {
    const longest = Math.max(title, ocr, asr);
    if (ocr === longest) ocr--;
    else if (asr === longest) asr--;
    else title--;
  }
  return { title, ocr, asr };
}

/**
 * `[CLS] title [SEP] ocr [SEP] asr [SEP]`, cut to `maxLength` (`truncateLongestFirst`), unpadded. Empty texts keep
 * their [SEP].
 */
export function layoutTitleOcrAsr(
  title: readonly number[],
  ocr: readonly number[],
  asr: readonly number[],
  maxLength: number,
  special: Pick<SpecialIds, 'cls' | 'sep'>,
): number[] {
  checkLength(maxLength, 4);
  const lengths = { title: title.length, ocr: ocr.length, asr: asr.length };
  const kept = truncateLongestFirst(lengths, maxLength - 4);
  return [
    special.cls,
    ...title.slice(0, kept.title),
    special.sep,
    ...ocr.slice(0, kept.ocr),
    special.sep,
    ...asr.slice(0, kept.asr),
    special.sep,
  ];
}

/** `[CLS] ids [SEP]`, cut to `maxLength`, unpadded. */
export function layoutSingle(
  ids: readonly number[],
  maxLength: number,
  special: Pick<SpecialIds, 'cls' | 'sep'>,
): number[] {
  checkLength(maxLength, 2);
  return [special.cls, ...ids.slice(0, maxLength - 2), special.sep];
}

function checkLength(maxLength: number, least: number): void {
  if (!Number.isInteger(maxLength) || maxLength < least) {
    throw new InputError({
      field: 'maxLength',
      found: String(maxLength),
      expected: `a whole number from ${least}, the special tokens`,
    });
  }
}
