// Word pieces of Chinese BERT on @huggingface/tokenizers, equal to transformers' BertTokenizer (Devlin et al. 2019).
import { InputError, type SpecialIds } from '@reelbert/data';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createBertPipeline, type BertPipeline } from './bert-pipeline.js';
import {
  readTokenizerFile,
  specialTokens,
  tokenizerJsonOf,
  type TokenizerDefinition,
} from './tokenizer-file.js';

/** Settings beside the vocabulary. */
export interface TokenizerOptions {
  /** Lower-case the text and strip accents, as Chinese BERT does; `true` where absent. */
  readonly lowercase?: boolean;
}

/** Splits text into BERT word pieces and numbers them. */
export class Tokenizer {
  readonly vocabularySize: number;
  readonly specialIds: SpecialIds;
  readonly #definition: TokenizerDefinition;
  readonly #pipeline: BertPipeline;

  private constructor(definition: TokenizerDefinition, source?: string) {
    const idOf = checkVocabulary(definition.vocabulary, source);
    const [pad, unk, cls, sep, mask] = specialTokens.map((token) => idOf.get(token)!);
    this.specialIds = { pad: pad!, unk: unk!, cls: cls!, sep: sep!, mask: mask! };
    this.vocabularySize = definition.vocabulary.length;
    this.#definition = definition;
    this.#pipeline = createBertPipeline(tokenizerJsonOf(definition), definition.lowercase);
  }

  /**
   * @param vocabulary tokens in the order of their ids, in BERT's format
   * @throws InputError where a special token is missing or a token is there twice
   */
  static fromVocabulary(vocabulary: readonly string[], options: TokenizerOptions = {}): Tokenizer {
    return new Tokenizer({ vocabulary: [...vocabulary], lowercase: options.lowercase ?? true });
  }

  /**
   * Reads a tokenizer from `vocab.txt` or `tokenizer.json`, or from a folder with one of them.
   *
   * @throws InputError where there is none, or the file is no BERT tokenizer
   */
  static async load(fileOrFolder: string): Promise<Tokenizer> {
    return new Tokenizer(await readTokenizerFile(fileOrFolder), fileOrFolder);
  }

  /** Tokens in the order of their ids. */
  get vocabulary(): readonly string[] {
    return this.#definition.vocabulary;
  }

  /** Whether texts are lower-cased and lose their accents. */
  get lowercase(): boolean {
    return this.#definition.lowercase;
  }

  /** The word pieces of a text; those after a word's first begin with `##`. A special token in the text stays one. */
  tokenize(text: string): string[] {
    return this.#pipeline.pieces(text);
  }

  /** The ids of a text's word pieces, without [CLS] and [SEP]. */
  encode(text: string): number[] {
    return this.#pipeline.ids(text);
  }

  /** Writes `tokenizer.json` into a folder, which is made where it is missing. */
  async save(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    const json = tokenizerJsonOf(this.#definition);
    await writeFile(join(folder, 'tokenizer.json'), `${JSON.stringify(json, null, 1)}\n`);
  }
}

function checkVocabulary(vocabulary: readonly string[], source: string | undefined): Map<string, number> {
  const idOf = new Map<string, number>();
  vocabulary.forEach((token, id) => {
    const before = idOf.get(token);
    if (before !== undefined) {
      throw new InputError({
        file: source,
        place: `token ${id} (line ${id + 1} of a vocab.txt)`,
        found: `${JSON.stringify(token)}, which is token ${before} already`,
        expected: 'each token once',
      });
    }
    idOf.set(token, id);
  });
  for (const token of specialTokens) {
    if (idOf.has(token)) continue;
    throw new InputError({
      file: source,
      found: `no ${token}`,
      expected: `a vocabulary with ${specialTokens.join(' ')}`,
    });
  }
  return idOf;
}
