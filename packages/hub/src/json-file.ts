import { readFile } from 'node:fs/promises';

import { InputError } from '@reelbert/data';

/** A JSON object of a file. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads a JSON object.
 *
 * @param expected what the file should be, as in `a model's configuration`
 * @throws InputError if there is no such file or it holds something else
 */
export async function readJsonObject(file: string, expected: string): Promise<JsonObject> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const found = error.code === 'ENOENT' ? 'nothing' : `what can't be read (${error.code})`;
    throw new InputError({ file, found, expected });
  });
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw new InputError({ file, found: (error as Error).message, expected: `${expected}, as JSON` });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new InputError({ file, found: 'JSON that is no object', expected });
}
