import { readFile } from 'node:fs/promises';

import { InputError } from '@reelbert/data';
import { isMap, isPair, isScalar, LineCounter, parseDocument } from 'yaml';

/** A path of keys and indices in a document. */
export type Path = readonly PropertyKey[];

/** A YAML file's content, and where in the file each part of it stands. */
export interface YamlDocument {
  readonly file: string;
  readonly value: unknown;
  /** `line L, column C` of the key at a path, or of the nearest part that is there. */
  place(path: Path): string | undefined;
}

/**
 * Reads a YAML file.
 *
 * @throws InputError with line and column if it is malformed
 */
export async function readYaml(file: string): Promise<YamlDocument> {
  return parseYaml(await readFile(file, 'utf8'), file);
}

/** Parses YAML text; `file` names it in messages. */
export function parseYaml(text: string, file: string): YamlDocument {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const position = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset);
    return `line ${line}, column ${col}`;
  };
  const [problem] = document.errors;
  if (problem) {
    throw new InputError({ file, place: position(problem.pos[0]), found: problem.message, expected: 'YAML' });
  }
  return {
    file,
    value: document.toJS() as unknown,
    place(path) {
      let offset: number | undefined;
      let node: unknown = document.contents;
      for (const key of path) {
        if (!isMap(node)) break;
        const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === key);
        if (!pair) break;
        offset = (isScalar(pair.key) ? pair.key.range?.[0] : undefined) ?? offset;
        node = pair.value;
      }
      return offset === undefined ? undefined : position(offset);
    },
  };
}
