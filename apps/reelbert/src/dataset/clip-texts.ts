import type { Annotation, SpecialIds } from '@reelbert/data';
import { layoutSingle, layoutTitleOcrAsr, type Tokenizer } from '@reelbert/tokenizer';

import type { TextConfig } from '../config/data-config.js';

/** A clip's texts as token ids, without special tokens. */
export interface ClipText {
  readonly title: readonly number[];
  readonly ocr: readonly number[];
  readonly asr: readonly number[];
}

/** The texts of a clip; its OCR items are joined without separator. */
export function encodeClip(annotation: Annotation, tokenizer: Tokenizer): ClipText {
  return {
    title: tokenizer.encode(annotation.title),
    ocr: tokenizer.encode(annotation.ocr.map((item) => item.text).join('')),
    asr: tokenizer.encode(annotation.asr),
  };
}

/** One row of tokens with [CLS] and [SEP], unpadded. */
export function layoutClip(text: ClipText, config: TextConfig, special: SpecialIds): number[] {
  return config.parts === 'title'
    ? layoutSingle(text.title, config.maxLength, special)
    : layoutTitleOcrAsr(text.title, text.ocr, text.asr, config.maxLength, special);
}

/** OCR and ASR as one row, the other side of title against body. */
export function layoutBody(text: ClipText, config: TextConfig, special: SpecialIds): number[] {
  return layoutSingle([...text.ocr, ...text.asr], config.maxLength, special);
}

/** The width that these rows need, in whole buckets, at most the longest allowed. */
export function widthOf(rows: readonly ArrayLike<number>[], { bucket, maxLength }: TextConfig): number {
  const longest = rows.reduce((most, row) => Math.max(most, row.length), 1);
  return Math.min(Math.ceil(longest / bucket) * bucket, maxLength);
}
