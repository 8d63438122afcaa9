import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { InputError } from '@reelbert/data';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildVocabulary } from '../src/vocabulary.js';
import { Tokenizer } from '../src/tokenizer.js';

interface Fixture {
  vocabulary: string[];
  cases: [text: string, ids: number[]][];
}

// Made by transformers' BertTokenizer in scripts/bert_strings.py; all cases are compared in bert-strings.test.ts.
const fixtureFile = new URL('./fixtures/bert-strings.json.gz', import.meta.url);
let fixture: Fixture;
let folder: string;
beforeAll(async () => {
  fixture = JSON.parse(gunzipSync(await readFile(fixtureFile)).toString()) as Fixture;
  folder = await mkdtemp(join(tmpdir(), 'reelbert-tokenizer-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('the tokenizer', () => {
  it('lower-cases, strips accents, sets Chinese characters apart and cuts words into pieces', () => {
    const tokenizer = Tokenizer.fromVocabulary(fixture.vocabulary);
    expect(tokenizer.tokenize('短VIDEOing视频, Café')).toEqual([
      '短',
      'video',
      '##ing',
      '视',
      '频',
      ',',
      'cafe',
    ]);
    expect(tokenizer.tokenize('a'.repeat(101))).toEqual(['[UNK]']);
    expect(tokenizer.encode('')).toEqual([]);
  });

  it('treats characters as transformers does, whatever Unicode version the running Node has', () => {
    const tokenizer = Tokenizer.fromVocabulary(fixture.vocabulary);
    // Unassigned; newer than the library's tables; a half of a character; not there.
    expect(tokenizer.tokenize('a\u0378b')).toEqual(['[UNK]']);
    expect(tokenizer.tokenize('\u{1fae8}')).toEqual(['[UNK]']);
    expect(tokenizer.tokenize('a\ud800b\ufffd')).toEqual(['a', '##b']);
    expect(tokenizer.tokenize('a\u200bb\u00adc')).toEqual(['a', '##b', '##c']);
  });

  it('knows the special ids wherever they stand', () => {
    const tokenizer = Tokenizer.fromVocabulary(fixture.vocabulary);
    expect(tokenizer.specialIds).toEqual({ pad: 0, unk: 3, cls: 4, sep: 5, mask: 6 });
    expect(tokenizer.vocabularySize).toBe(fixture.vocabulary.length);
  });

  it('keeps capitals and accents where told so', () => {
    const vocabulary = [...fixture.vocabulary, 'Caf\u00e9'];
    const tokenizer = Tokenizer.fromVocabulary(vocabulary, { lowercase: false });
    expect(tokenizer.tokenize('Caf\u00e9 cafe')).toEqual(['Caf\u00e9', 'cafe']);
  });
});

describe('tokenizer files', () => {
  it('load from vocab.txt, whatever its line ends', async () => {
    const file = join(folder, 'vocab.txt');
    await writeFile(file, fixture.vocabulary.join('\r\n') + '\r\n');
    const tokenizer = await Tokenizer.load(file);
    expect(tokenizer.vocabulary).toEqual(fixture.vocabulary);
    expect((await Tokenizer.load(folder)).vocabularySize).toBe(fixture.vocabulary.length);
  });

  it('keep capitals where tokenizer_config.json beside vocab.txt says so', async () => {
    const cased = join(folder, 'cased');
    await mkdir(cased);
    await writeFile(join(cased, 'vocab.txt'), [...fixture.vocabulary, 'Caf\u00e9'].join('\n') + '\n');
    expect((await Tokenizer.load(cased)).lowercase).toBe(true);
    const settings = join(cased, 'tokenizer_config.json');
    await writeFile(settings, '{"do_lower_case": false, "model_max_length": 512}');
    const tokenizer = await Tokenizer.load(cased);
    expect(tokenizer.lowercase).toBe(false);
    expect(tokenizer.tokenize('Caf\u00e9 cafe')).toEqual(['Caf\u00e9', 'cafe']);
    await writeFile(settings, '{"do_lower_case": true, "strip_accents": false}');
    await expect(Tokenizer.load(cased)).rejects.toThrow(/tokenizer_config\.json: strip_accents: found false/);
    await writeFile(settings, '{"do_lower_case": ');
    await expect(Tokenizer.load(cased)).rejects.toThrow(InputError);
  });

  it('are saved as tokenizer.json and come back the same', async () => {
    const saved = join(folder, 'saved', 'here');
    const tokenizer = Tokenizer.fromVocabulary(fixture.vocabulary);
    await tokenizer.save(saved);
    const back = await Tokenizer.load(saved);
    expect(back.vocabulary).toEqual(fixture.vocabulary);
    expect(back.specialIds).toEqual(tokenizer.specialIds);
    for (const [text, ids] of fixture.cases.slice(0, 300)) expect(back.encode(text)).toEqual(ids);
  });

  it('are refused by name where missing, broken or of another kind', async () => {
    await expect(Tokenizer.load(join(folder, 'nothing'))).rejects.toThrow(
      /nothing.*tokenizer\.json or vocab\.txt/s,
    );
    const broken = join(folder, 'broken.json');
    await writeFile(broken, '{"model": ');
    await expect(Tokenizer.load(broken)).rejects.toThrow(InputError);
    const other = join(folder, 'other.json');
    await writeFile(
      other,
      JSON.stringify({ normalizer: null, pre_tokenizer: null, model: { type: 'BPE', vocab: {} } }),
    );
    await expect(Tokenizer.load(other)).rejects.toThrow(/other\.json.*normalizer.*BERT/s);
  });

  it('need the special tokens, and each token once', () => {
    expect(() => Tokenizer.fromVocabulary(['[PAD]', '[UNK]', '[CLS]', '[SEP]'])).toThrow(/\[MASK\]/);
    expect(() => Tokenizer.fromVocabulary([...fixture.vocabulary, 'a'])).toThrow(/"a", which is token/);
  });
});

describe('a vocabulary built from texts', () => {
  const texts = ['短视频 Video vlog', '视频，video!', 'かな 😀 iPhone15', 'vlog n\u00e4ive 100%'];

  it('leaves nothing unknown', () => {
    const tokenizer = Tokenizer.fromVocabulary(buildVocabulary(texts));
    for (const text of texts) expect(tokenizer.tokenize(text)).not.toContain('[UNK]');
    expect(tokenizer.tokenize('unseen words 42')).not.toContain('[UNK]');
    expect(tokenizer.tokenize('\u9f98')).toEqual(['[UNK]']);
  });

  it('begins with the special tokens and has words that occur twice whole', () => {
    const vocabulary = buildVocabulary(texts);
    expect(vocabulary.slice(0, 5)).toEqual(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']);
    expect(vocabulary).toEqual(
      expect.arrayContaining(['video', 'vlog', '短', '，', 'か', '##な', '😀', '##a', 'z', '##9']),
    );
    expect(vocabulary).not.toContain('iphone15');
    expect(vocabulary).not.toContain('##视');
    expect(new Set(vocabulary).size).toBe(vocabulary.length);
    expect(buildVocabulary(texts, { minimumCount: 1 })).toContain('iphone15');
  });

  it('does not depend on the order of the texts', () => {
    expect(buildVocabulary([...texts].reverse())).toEqual(buildVocabulary(texts));
  });
});
