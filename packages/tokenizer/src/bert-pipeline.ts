// The only file that knows @huggingface/tokenizers.
import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';

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
  normalizer: { normalize(text: string): string };
  pre_tokenizer: { pre_tokenize(text: string): string[] };
}

/**
 * @param tokenizerJson a definition in Hugging Face's format
 * @param lowercase whether that lower-cases
 */
export function createBertPipeline(tokenizerJson: object, lowercase: boolean): BertPipeline {
  const library: Library = new LibraryTokenizer(tokenizerJson, {});
  const prepare = lowercase ? (text: string) => plainSigma(repair(text)) : repair;
  return {
    words: (text) => library.pre_tokenizer.pre_tokenize(library.normalizer.normalize(prepare(text))),
    pieces: (text) => library.tokenize(prepare(text)),
    ids: (text) => library.encode(prepare(text), { add_special_tokens: false }).ids,
  };
}

// Where the library differs from BertTokenizer: it looks at UTF-16 units, so Chinese characters beyond the basic
// plane are not set apart; it keeps code points that Unicode has not assigned; and it lower-cases whole texts, where
// a sigma at a word's end gets another form.
const unassigned = /\p{Cn}/gu;
const supplementaryChinese = /[\u{20000}-\u{2a6df}\u{2a700}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;

function repair(text: string): string {
  return text.replace(unassigned, '').replace(supplementaryChinese, ' $& ');
}

function plainSigma(text: string): string {
  return text.replaceAll('\u03a3', '\u03c3');
}
