// A large JSON array, element by element: a million annotations exceed the longest string that V8 can hold, so the
// file is never one text. Our own code, since the streaming parsers for Node build every value themselves, token by
// token, where JSON.parse on one element at a time is several times faster.
import { TextDecoder } from 'node:util';

import { InputError } from './input-error.js';
import { openInput } from './input-file.js';
import { findJsonFault, isJsonSpace } from './json-fault.js';

/** No element is longer; where a bracket is missing, reading ends here and not with the file. */
const longestElement = 1 << 24;

const chunkBytes = 1 << 20;

/**
 * Reads a JSON array from a file in UTF-8.
 *
 * @param expected what the file should be, as in `a JSON array of annotations`
 * @param visit is given each element and its index
 * @throws InputError naming line and column where the file isn't such an array; columns count UTF-16 units
 */
export async function readJsonArray(
  file: string,
  expected: string,
  visit: (element: unknown, index: number) => void,
): Promise<void> {
  const handle = await openInput(file, expected);
  const splitter = new ArraySplitter(file, expected, visit);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    const chunk = Buffer.alloc(chunkBytes);
    for (;;) {
      const { bytesRead } = await handle.read(chunk, 0, chunkBytes, null);
      const text = decode(decoder, chunk.subarray(0, bytesRead), bytesRead > 0);
      if (text === undefined) throw splitter.notUtf8();
      splitter.take(text, bytesRead === 0);
      if (bytesRead === 0) return;
    }
  } finally {
    await handle.close();
  }
}

function decode(decoder: TextDecoder, bytes: Uint8Array, stream: boolean): string | undefined {
  try {
    return decoder.decode(bytes, { stream });
  } catch {
    return undefined;
  }
}

/** Cuts a text that comes in pieces into the elements of its array. */
class ArraySplitter {
  #step: 'array' | 'first' | 'element' | 'next' | 'end' = 'array';
  #pending = '';
  #index = 0;
  /** Of the first pending character, from 1. */
  #line = 1;
  #column = 1;

  constructor(
    readonly file: string,
    readonly expected: string,
    readonly visit: (element: unknown, index: number) => void,
  ) {}

  take(text: string, last: boolean): void {
    this.#pending += text;
    let at = 0;
    for (;;) {
      while (isJsonSpace(this.#pending.charCodeAt(at))) at++;
      if (at >= this.#pending.length) break;
      const next = this.#advance(at, last);
      if (next === undefined) break;
      at = next;
    }
    this.#drop(at);
    if (!last || this.#step === 'end') return;
    const wanted = this.#step === 'array' ? this.expected : "',' or ']'";
    throw this.#error(this.#pending.length, 'the end of the file', wanted);
  }

  notUtf8(): InputError {
    return new InputError({
      file: this.file,
      place: `after line ${this.#line}, item ${this.#index}`,
      found: 'bytes that are not UTF-8',
      expected: 'a file in UTF-8',
    });
  }

  /** Takes the bracket, comma or element at a place; where it ends, or undefined if that isn't here yet. */
  #advance(at: number, last: boolean): number | undefined {
    const char = this.#pending[at];
    if (this.#step === 'array') {
      if (char !== '[')
        throw this.#error(at, char === '{' ? 'an object' : JSON.stringify(char), this.expected);
      this.#step = 'first';
      return at + 1;
    }
    if (char === ']' && (this.#step === 'first' || this.#step === 'next')) {
      this.#step = 'end';
      return at + 1;
    }
    if (this.#step === 'end' || (this.#step === 'next' && char !== ',')) {
      const wanted = this.#step === 'end' ? 'nothing after the array' : "',' or ']'";
      throw this.#error(at, JSON.stringify(char), wanted);
    }
    if (this.#step === 'next') {
      this.#step = 'element';
      return at + 1;
    }
    const end = elementEnd(this.#pending, at) ?? (last ? this.#pending.length : undefined);
    if (end === undefined) {
      if (this.#pending.length - at > longestElement) this.#parse(at, this.#pending.length);
      return undefined;
    }
    this.visit(this.#parse(at, end), this.#index++);
    this.#step = 'next';
    return end;
  }

  #parse(at: number, end: number): unknown {
    const text = this.#pending.slice(at, end);
    try {
      return JSON.parse(text);
    } catch {
      const fault = findJsonFault(text);
      if (!fault) throw this.#error(at, 'an item', 'items that can be parsed');
      const cutOff = fault.offset >= text.length && text.length > longestElement;
      const beyond = this.#pending[at + fault.offset];
      const there =
        beyond !== undefined && fault.offset === text.length ? JSON.stringify(beyond) : fault.found;
      const found = cutOff ? `an item of more than ${longestElement} characters` : there;
      throw this.#error(at + fault.offset, found, fault.expected);
    }
  }

  #error(at: number, found: string, expected: string): InputError {
    this.#drop(at);
    const place = `line ${this.#line}, column ${this.#column}`;
    return new InputError({ file: this.file, place, found, expected });
  }

  /** Forgets characters, counting their lines. */
  #drop(count: number): void {
    let from = 0;
    for (;;) {
      const end = this.#pending.indexOf('\n', from);
      if (end < 0 || end >= count) break;
      this.#line++;
      this.#column = 1;
      from = end + 1;
    }
    this.#column += count - from;
    this.#pending = this.#pending.slice(count);
  }
}

/** Where the element that begins here ends, by its brackets and quotes alone; undefined if that isn't in the text. */
function elementEnd(text: string, start: number): number | undefined {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 34: {
        const end = stringEnd(text, at);
        if (end === undefined) return undefined;
        at = end - 1;
        if (depth === 0) return end;
        break;
      }
      case 91:
      case 123:
        depth++;
        break;
      case 93:
      case 125:
        if (depth === 0) return at;
        if (--depth === 0) return at + 1;
        break;
      case 44:
        if (depth === 0) return at;
    }
  }
  return undefined;
}

function stringEnd(text: string, start: number): number | undefined {
  for (let at = start + 1; ; at++) {
    at = text.indexOf('"', at);
    if (at < 0) return undefined;
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === 92) slashes++;
    if (slashes % 2 === 0) return at + 1;
  }
}
