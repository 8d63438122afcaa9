// The only file that knows @huggingface/tokenizers, which cuts words into pieces and keeps special tokens whole. Its own
// normaliser looks at UTF-16 units and at the running Node's Unicode version, and is not used.
import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';

import { normalise } from './bert-normalise.js';
import { specialTokens } from './tokenizer-file.js';

/** The steps from a text to ids. */
export interface BertPipeline {
  /** The words before they are cut into pieces; each Chinese character and punctuation mark is one. */
  words(text: string): string[];
  /** Word pieces. */
  pieces(text: string): string[];
  /** Ids of the word pieces, no special tokens added. */
  ids(text: string): number[];
}

// What is used of the library; its own types do not resolve under Node's rules for ES modules.
interface Library {
  tokenize(text: string): string[];
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
}

const special = new RegExp(`(${specialTokens.map((token) => token.replace(/[[\]]/g, '\\$&')).join('|')})`);

/**
 * @param tokenizerJson a definition in Hugging Face's format
 * @param lowercase whether that lower-cases
 */
export function createBertPipeline(tokenizerJson: object, lowercase: boolean): BertPipeline {
  const wordsOnly = { ...tokenizerJson, normalizer: null, pre_tokenizer: { type: 'WhitespaceSplit' } };
  const library: Library = new LibraryTokenizer(wordsOnly, {});
  // Every second part is a special token.
  const prepare = (text: string) =>
    text
      .split(special)
      .map((part, i) => (i % 2 === 1 ? part : normalise(part, lowercase)))
      .join(' ');
  return {
    words: (text) =>
      normalise(text, lowercase)
        .split(' ')
        .filter((word) => word !== ''),
    pieces: (text) => library.tokenize(prepare(text)),
    ids: (text) => library.encode(prepare(text), { add_special_tokens: false }).ids,
  };
}
