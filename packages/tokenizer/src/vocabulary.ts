import { createBertPipeline } from './bert-pipeline.js';
import { specialTokens, tokenizerJsonOf } from './tokenizer-file.js';

/** How a vocabulary is built. */
export interface VocabularyOptions {
  /** How often a word of several characters must occur to become a token of its own; 2 where absent. */
  readonly minimumCount?: number;
  /** As the tokenizer's; `true` where absent. */
  readonly lowercase?: boolean;
}

// BertTokenizer makes longer words [UNK] whatever the vocabulary.
const longestWord = 100;

/**
 * A vocabulary in BERT's format for small data, such that none of the texts needs [UNK]: the special tokens; every
 * character seen, as a word's first piece and, if it was seen within a word, as a later one; letters and digits in
 * both forms; and every word of several characters that occurs often enough. The same texts in any order give the
 * same vocabulary.
 */
export function buildVocabulary(texts: Iterable<string>, options: VocabularyOptions = {}): string[] {
  const first = new Set('abcdefghijklmnopqrstuvwxyz0123456789');
  const later = new Set(first);
  const counts = new Map<string, number>();
  const lowercase = options.lowercase ?? true;
  const pipeline = createBertPipeline(tokenizerJsonOf({ vocabulary: specialTokens, lowercase }), lowercase);
  for (const text of texts) {
    for (const word of pipeline.words(text)) {
      const characters = [...word];
      if (characters.length > longestWord) continue;
      for (const character of characters) first.add(character);
      for (const character of characters.slice(1)) later.add(character);
      if (characters.length > 1) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  const frequent = [...counts]
    .filter(([, count]) => count >= (options.minimumCount ?? 2))
    .map(([word]) => word);
  return [
    ...specialTokens,
    ...[...first].sort(byCodeUnit),
    ...[...later].sort(byCodeUnit).map((character) => `##${character}`),
    ...frequent.sort(byCodeUnit),
  ];
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
