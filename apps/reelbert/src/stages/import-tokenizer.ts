import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { InputError } from '@reelbert/data';
import { Tokenizer } from '@reelbert/tokenizer';

/**
 * The tokenizer of a folder, or the one that was named.
 *
 * @param vocabSize rows of the model's word table
 * @returns undefined where the folder has none
 * @throws InputError if it has other tokens than the model
 */
export async function findTokenizer(
  folder: string,
  named: string | undefined,
  vocabSize: number,
): Promise<Tokenizer | undefined> {
  const there = ['tokenizer.json', 'vocab.txt'].some((name) => existsSync(join(folder, name)));
  const path = named ?? (there ? folder : undefined);
  if (path === undefined) return undefined;
  const tokenizer = await Tokenizer.load(path);
  if (tokenizer.vocabularySize === vocabSize) return tokenizer;
  throw new InputError({
    file: path,
    found: `${tokenizer.vocabularySize} tokens`,
    expected: `${vocabSize}, as the model's word table has`,
  });
}

/** @throws InputError where a model that reads texts has no tokenizer */
export function needTokenizer(tokenizer: Tokenizer | undefined, folder: string): Tokenizer {
  if (tokenizer) return tokenizer;
  const expected = 'tokenizer.json or vocab.txt, or --tokenizer FILE';
  throw new InputError({ file: folder, found: 'neither', expected });
}
