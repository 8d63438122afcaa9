import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AnnotationError, loadAnnotations } from '../src/annotations.js';
import { categoriesFrom } from '../src/categories.js';
import { InputError } from '../src/input-error.js';
import { findJsonFault } from '../src/json-fault.js';
import { temporaryFolder } from './temporary-folder.js';

const folder = temporaryFolder();
const labels = categoriesFrom(['0000', '0308']);

function save(content: unknown): string {
  const file = join(folder, 'annotations.json');
  writeFileSync(
    file,
    content instanceof Uint8Array || typeof content === 'string' ? content : JSON.stringify(content),
  );
  return file;
}

async function refusal(content: unknown, options = {}): Promise<string> {
  const error: unknown = await loadAnnotations(save(content), options).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InputError);
  return (error as Error).message.replace(/^.*annotations\.json: /, '');
}

describe('annotations', () => {
  test('are read with what is missing empty, and unknown fields left out', async () => {
    const file = save([
      { id: 'a', title: '', category_id: '0308', likes: 3 },
      { id: 'b', title: '笑脸\n', asr: 'x', ocr: [{ text: 'y', time: 1 }, { text: '' }] },
    ]);
    expect(await loadAnnotations(file, { labels })).toEqual([
      { id: 'a', title: '', asr: '', ocr: [], category_id: '0308' },
      { id: 'b', title: '笑脸\n', asr: 'x', ocr: [{ text: 'y' }, { text: '' }] },
    ]);
  });

  test('may be none', async () => {
    expect(await loadAnnotations(save(' [ ] \n'))).toEqual([]);
    expect(await loadAnnotations(save('\ufeff[]'))).toEqual([]);
  });

  test('of any texts come back as they are, however the file is laid out', async () => {
    const text = fc.string({ unit: 'binary' });
    const item = fc.record({ title: text, asr: text, ocr: fc.array(fc.record({ text }), { maxLength: 3 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(item), fc.constantFrom(0, 2, '\t'), async (items, indent) => {
        const expected = items.map((fields, i) => ({ id: `${i}`, ...fields }));
        expect(await loadAnnotations(save(JSON.stringify(expected, null, indent)))).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });

  test('may cross the pieces that the file is read in', async () => {
    const expected = Array.from({ length: 30_000 }, (_, i) => ({
      id: `${i}`,
      title: `标题"]}\\${i}`,
      asr: '语音'.repeat(i % 20),
      ocr: [{ text: '{[,"' }],
    }));
    expect(await loadAnnotations(save(expected))).toEqual(expected);
  });
});

describe('malformed JSON is named by line and column', () => {
  test.each([
    ['[\n {"id": "a", "title": "x",}\n]', /^line 2, column 27: found "}"; expected a name in double quotes/],
    ['[\n\n{"id": "a" "title": ""}]', /^line 3, column 12: found "\\""; expected ',' or the closing bracket/],
    ['[{"id": tru}]', /^line 1, column 9: found "tru"; expected a value/],
    ['[{"id": "a"}\n{"id": "b"}]', /^line 2, column 1: found "{"; expected ',' or '\]'/],
    ['[{"id": "a"},\n]', /^line 2, column 1: found "\]"; expected a value/],
    ['[{"id": "a"},\n {"id": "b', /^line 2, column 11: found the end; expected '"'/],
    ['[{"id": "a"}', /^line 1, column 13: found the end of the file; expected ',' or '\]'/],
    ['[{"id": "a\nb"}]', /^line 1, column 11: found "\\n"; expected a text that ends on its line/],
    ['[{"id": "\\x"}]', /^line 1, column 10: .*expected an escape/],
    ['[{"id": [1}]', /^line 1, column 11: found "}"; expected ',' or the closing bracket/],
    ['[{"id": 01}]', /^line 1, column 9: found "01"; expected a value/],
    ['[] []', /^line 1, column 4: found "\["; expected nothing after the array/],
    ['{"id": "a"}', /^line 1, column 1: found an object; expected a JSON array of annotations/],
    ['', /^line 1, column 1: found the end of the file; expected a JSON array/],
    ['[' + '{"a":['.repeat(50_000), /found the end; expected a value or '\]'/],
  ])('%j'.slice(0, 60), async (text, message) => {
    expect(await refusal(text, { onProblem: () => undefined })).toMatch(message);
  });

  test('whatever is cut out of a file, the place found is where the JSON stops', async () => {
    const text = JSON.stringify(
      [
        { id: 'a', title: 'x\\"y', ocr: [{ text: '1' }] },
        { id: 'b', title: '' },
      ],
      null,
      1,
    );
    for (let at = 1; at < text.length; at++) {
      const cut = text.slice(0, at) + text.slice(at + 1);
      const fault = findJsonFault(cut);
      let parses = true;
      try {
        JSON.parse(cut);
      } catch {
        parses = false;
      }
      expect(fault === undefined).toBe(parses);
      if (!fault) continue;
      const lines = cut.slice(0, fault.offset).split('\n');
      const message = await refusal(cut, { onProblem: () => undefined });
      expect(message).toContain(`line ${lines.length}, column ${lines.at(-1)!.length + 1}:`);
    }
  });

  test('what JSON.parse takes has no fault, what it refuses has one', () => {
    const pieces = fc.constantFrom('{', '}', '[', ']', ',', ':', '"a"', '1', '-0.5e3', 'null', ' ', 'x', '"');
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const text = parts.join('');
        let parses = true;
        try {
          JSON.parse(text);
        } catch {
          parses = false;
        }
        expect(findJsonFault(text) === undefined).toBe(parses);
      }),
      { numRuns: 2000 },
    );
  });

  test('bytes that are not UTF-8, and missing files', async () => {
    expect(await refusal(Buffer.from('5b22ff225d', 'hex'))).toMatch(/not UTF-8/);
    expect(await refusal(Buffer.from('5b22e5', 'hex'))).toMatch(/not UTF-8/);
    await expect(loadAnnotations(join(folder, 'none.json'))).rejects.toThrow(
      /none\.json: found nothing; expected a JSON/,
    );
    await expect(loadAnnotations(folder)).rejects.toThrow(/found a folder/);
  });
});

describe('an item that is wrong is named with its field', () => {
  test.each([
    [[{ id: 'a', title: '' }, 3], /^item 1: found 3; expected an object/],
    [[{ id: 3, title: '' }], /^item 0: id: found 3; expected a text/],
    [[{ id: '', title: '' }], /^item 0 \(""\): id: found ""; expected an id that can name a file/],
    [[{ id: '../a', title: '' }], /id: found "\.\.\/a"/],
    [[{ id: '..', title: '' }], /id: found "\.\."/],
    [[{ id: 'a' }], /^item 0 \("a"\): title: found nothing; expected a text/],
    [[{ id: 'a', title: '', asr: null }], /asr: found null; expected a text/],
    [[{ id: 'a', title: '', ocr: 'x' }], /ocr: found "x"; expected an array/],
    [[{ id: 'a', title: '', ocr: [{ text: 'x' }, { text: 1 }] }], /ocr\[1\]\.text: found 1; expected a text/],
    [[{ id: 'a', title: '', category_id: 308 }], /category_id: found 308; expected a text/],
    [
      [{ id: 'a', title: '', category_id: '308' }],
      /category_id: found unknown category "308"; expected four digits/,
    ],
    [
      [
        { id: 'a', title: '' },
        { id: 'a', title: '' },
      ],
      /^item 1 \('a'\): id: found the id of item 0/,
    ],
  ])('%j', async (items, message) => {
    expect(await refusal(items)).toMatch(message);
  });

  test('a category that is unknown or missing', async () => {
    const unknown = [{ id: 'a', title: '', category_id: '0001' }];
    expect(await refusal(unknown, { labels })).toMatch(
      /^item 0 \('a'\): category_id: found unknown category "0001"; expected one of 0000, 0308/,
    );
    expect(await refusal([{ id: 'a', title: '' }], { requireCategory: true })).toMatch(
      /category_id: found nothing/,
    );
  });

  test('all of them, if asked for, with the good items kept', async () => {
    const problems: AnnotationError[] = [];
    const items = [
      { id: 'a', title: '' },
      {},
      { id: 'a', title: '' },
      { id: 'b', title: 1 },
      { id: 'c', title: '', category_id: '9999' },
      { id: 'd', title: '' },
    ];
    const annotations = await loadAnnotations(save(items), {
      labels,
      onProblem: (problem) => problems.push(problem),
    });
    expect(annotations.map(({ id }) => id)).toEqual(['a', 'd']);
    expect(problems.map(({ kind, id }) => [kind, id])).toEqual([
      ['invalid-item', 'item 1'],
      ['duplicate-id', 'a'],
      ['invalid-item', 'b'],
      ['unknown-category', 'c'],
    ]);
  });
});
