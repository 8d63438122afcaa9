// The two files a BERT tokenizer comes in: vocab.txt (a token a line) and Hugging Face's tokenizer.json.
import { InputError } from '@reelbert/data';
import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';

/** The tokens every BERT vocabulary has. */
export const specialTokens = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'] as const;

/** What a tokenizer is made from. */
export interface TokenizerDefinition {
  /** Tokens in the order of their ids. */
  readonly vocabulary: readonly string[];
  readonly lowercase: boolean;
}

/** The BERT parts of a tokenizer.json; what else is in it (post-processor, decoder, padding) has no effect here. */
const tokenizerJson = z.object({
  normalizer: z.object({
    type: z.literal('BertNormalizer'),
    clean_text: z.literal(true).optional(),
    handle_chinese_chars: z.literal(true).optional(),
    strip_accents: z.boolean().nullish(),
    lowercase: z.boolean(),
  }),
  pre_tokenizer: z.object({ type: z.literal('BertPreTokenizer') }),
  model: z.object({
    type: z.literal('WordPiece').optional(),
    continuing_subword_prefix: z.literal('##').optional(),
    vocab: z.record(z.string(), z.int().nonnegative()),
  }),
});

/**
 * Reads `tokenizer.json` or `vocab.txt`, or whichever of them a folder has (the first of the two).
 *
 * @throws InputError where there is neither, or the file is no BERT tokenizer
 */
export async function readTokenizerFile(fileOrFolder: string): Promise<TokenizerDefinition> {
  const file = await findFile(fileOrFolder);
  const text = await readFile(file, 'utf8');
  return file.endsWith('.json')
    ? parseTokenizerJson(text, file)
    : { vocabulary: parseVocabulary(text), lowercase: await lowercaseBeside(file) };
}

/** The settings of transformers' BertTokenizer that lie beside a vocab.txt; its defaults where there are none. */
const tokenizerConfig = z.object({
  do_lower_case: z.boolean().default(true),
  do_basic_tokenize: z.literal(true).optional(),
  tokenize_chinese_chars: z.literal(true).optional(),
  strip_accents: z.boolean().nullish(),
});

async function lowercaseBeside(vocabularyFile: string): Promise<boolean> {
  const file = join(dirname(vocabularyFile), 'tokenizer_config.json');
  const text = await readFile(file, 'utf8').catch(() => '{}');
  const settings = parseSettings(tokenizerConfig, text, file);
  checkAccents(settings.strip_accents, settings.do_lower_case, file, 'strip_accents');
  return settings.do_lower_case;
}

/** Accents go with capitals here, as they do where nothing is said. */
function checkAccents(
  strip: boolean | null | undefined,
  lowercase: boolean,
  file: string,
  field: string,
): void {
  if (strip === undefined || strip === null || strip === lowercase) return;
  throw new InputError({
    file,
    field,
    found: String(strip),
    expected: `null or ${lowercase}, as lower-casing`,
  });
}

/** The tokenizer in Hugging Face's format, for this package and for Python's `tokenizers`. */
export function tokenizerJsonOf(definition: TokenizerDefinition): object {
  const { vocabulary, lowercase } = definition;
  const idOf = new Map(vocabulary.map((token, id) => [token, id]));
  const [cls, sep] = ['[CLS]', '[SEP]'].map((content) => ({ SpecialToken: { id: content, type_id: 0 } }));
  const special = (content: string) => ({ id: content, ids: [idOf.get(content)], tokens: [content] });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specialTokens
      .map((content) => ({
        id: idOf.get(content)!,
        content,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      }))
      .sort((a, b) => a.id - b.id),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [cls, { Sequence: { id: 'A', type_id: 0 } }, sep],
      pair: [cls, { Sequence: { id: 'A', type_id: 0 } }, sep, { Sequence: { id: 'B', type_id: 0 } }, sep],
      special_tokens: { '[CLS]': special('[CLS]'), '[SEP]': special('[SEP]') },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(idOf),
    },
  };
}

async function findFile(path: string): Promise<string> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => undefined,
  );
  if (isFolder === false) return path;
  for (const name of isFolder ? ['tokenizer.json', 'vocab.txt'] : []) {
    const file = join(path, name);
    if (
      await stat(file)
        .then((found) => found.isFile())
        .catch(() => false)
    )
      return file;
  }
  throw new InputError({
    file: path,
    found: isFolder ? 'a folder with neither' : 'nothing',
    expected: 'tokenizer.json or vocab.txt, or a folder with one of them',
  });
}

function parseVocabulary(text: string): string[] {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function parseSettings<S extends z.ZodType>(schema: S, text: string, file: string): z.output<S> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new InputError({ file, found: (error as Error).message, expected: 'JSON' });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new InputError({
    file,
    field: issue.path.join('.'),
    found: issue.message,
    expected: 'a BERT tokenizer (BertNormalizer, BertPreTokenizer, WordPiece)',
  });
}

function parseTokenizerJson(text: string, file: string): TokenizerDefinition {
  const { model, normalizer } = parseSettings(tokenizerJson, text, file);
  checkAccents(normalizer.strip_accents, normalizer.lowercase, file, 'normalizer.strip_accents');
  const vocabulary: string[] = [];
  for (const [token, id] of Object.entries(model.vocab)) vocabulary[id] = token;
  const size = Object.keys(model.vocab).length;
  if (vocabulary.length !== size) {
    throw new InputError({
      file,
      field: 'model.vocab',
      found: `${size} tokens with ids up to ${vocabulary.length - 1}`,
      expected: 'each id from 0 once',
    });
  }
  return { vocabulary, lowercase: normalizer.lowercase };
}
