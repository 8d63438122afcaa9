import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

import { expect, it } from 'vitest';

import { Tokenizer } from '../src/tokenizer.js';

interface Fixture {
  readonly vocabulary: string[];
  readonly cases: readonly (readonly [text: string, ids: number[]])[];
}

// Made by transformers' BertTokenizer in scripts/bert_strings.py.
const file = new URL('./fixtures/bert-strings.json.gz', import.meta.url);
const { vocabulary, cases } = JSON.parse(gunzipSync(readFileSync(file)).toString()) as Fixture;

it("10,000 strings get the ids of transformers' BertTokenizer", { timeout: 120_000 }, () => {
  expect(cases).toHaveLength(10_000);
  const tokenizer = Tokenizer.fromVocabulary(vocabulary);
  const wrong = cases.filter(([text, ids]) => tokenizer.encode(text).join() !== ids.join());
  expect(wrong.map(([text]) => text.slice(0, 80))).toEqual([]);
});

it('they are of all kinds', () => {
  const share = (pattern: RegExp) => cases.filter(([text]) => pattern.test(text)).length / cases.length;
  expect(share(/\p{Script=Han}/u)).toBeGreaterThan(0.4);
  expect(share(/[a-z]/i)).toBeGreaterThan(0.4);
  expect(share(/\p{Extended_Pictographic}/u)).toBeGreaterThan(0.15);
  expect(share(/\p{Cc}|\p{Cf}/u)).toBeGreaterThan(0.1);
  expect(cases.filter(([text]) => text.length >= 99_999).length).toBeGreaterThanOrEqual(8);
});
