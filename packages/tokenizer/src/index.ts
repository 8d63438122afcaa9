export type { SpecialIds } from '@reelbert/data';
export { layoutSingle, layoutTitleOcrAsr, truncateLongestFirst, type TextLengths } from './text-layout.js';
export { specialTokens } from './tokenizer-file.js';
export { Tokenizer, type TokenizerOptions } from './tokenizer.js';
export { buildVocabulary, type VocabularyOptions } from './vocabulary.js';
