/** Where a text stops being JSON. */
export interface JsonFault {
  /** Characters before it. */
  readonly offset: number;
  /** What is there. */
  readonly found: string;
  readonly expected: string;
}

type Step = 'value' | 'first element' | 'name' | 'first name' | 'colon' | 'next' | 'end';

const expectations: Readonly<Record<Step, string>> = {
  value: 'a value',
  'first element': "a value or ']'",
  name: 'a name in double quotes',
  'first name': "a name in double quotes or '}'",
  colon: "':'",
  next: "',' or the closing bracket",
  end: 'nothing more',
};

/**
 * Finds the first place where a text isn't JSON; undefined if it is. V8's messages do not always tell the place, so
 * this looks again at what `JSON.parse` has refused.
 */
export function findJsonFault(text: string): JsonFault | undefined {
  const open: ('{' | '[')[] = [];
  let step: Step = 'value';
  let at = 0;
  for (;;) {
    while (isJsonSpace(text.charCodeAt(at))) at++;
    const char = text[at];
    const inside = open.at(-1);
    if (char === undefined && step === 'end') return undefined;
    if ((step === 'value' || step === 'first element') && (char === '{' || char === '[')) {
      open.push(char);
      step = char === '{' ? 'first name' : 'first element';
      at++;
    } else if (closes(char, inside, step)) {
      open.pop();
      step = open.length > 0 ? 'next' : 'end';
      at++;
    } else if (step === 'colon' && char === ':') {
      step = 'value';
      at++;
    } else if (step === 'next' && char === ',') {
      step = inside === '{' ? 'name' : 'value';
      at++;
    } else if (step === 'value' || step === 'first element' || char === '"') {
      const name: boolean = step === 'name' || step === 'first name';
      if (!name && step !== 'value' && step !== 'first element') return fault(text, at, expectations[step]);
      const scalar = readScalar(text, at, expectations[step]);
      if (typeof scalar !== 'number') return scalar;
      step = name ? 'colon' : open.length > 0 ? 'next' : 'end';
      at = scalar;
    } else {
      return fault(text, at, expectations[step]);
    }
  }
}

/** Space, tab, line feed, carriage return. */
export function isJsonSpace(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9;
}

function closes(char: string | undefined, inside: '{' | '[' | undefined, step: Step): boolean {
  return inside === '{'
    ? char === '}' && (step === 'next' || step === 'first name')
    : inside === '[' && char === ']' && (step === 'next' || step === 'first element');
}

/** Where a text, number or name of a value ends. */
function readScalar(text: string, at: number, expected: string): number | JsonFault {
  if (text[at] === '"') return readString(text, at);
  const scalar = /(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)(?![\w.+-])/y;
  scalar.lastIndex = at;
  return scalar.test(text) ? scalar.lastIndex : fault(text, at, expected);
}

function readString(text: string, start: number): number | JsonFault {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 34) return at + 1;
    if (code < 32) return fault(text, at, 'a text that ends on its line (a line break in it is \\n)');
    if (code !== 92) continue;
    const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
    escape.lastIndex = at;
    if (!escape.test(text)) return fault(text, at, 'an escape such as \\n, \\" or \\u4e00');
    at = escape.lastIndex - 1;
  }
  return fault(
    text,
    text.length,
    `'"', the end of the text that begins here: ${text.slice(start, start + 20)}`,
  );
}

function fault(text: string, offset: number, expected: string): JsonFault {
  const word = /[\w.+-]{1,20}|[^]/uy;
  word.lastIndex = offset;
  const found = word.exec(text)?.[0];
  return { offset, found: found === undefined ? 'the end' : JSON.stringify(found), expected };
}
