// https://huggingface.co/docs/safetensors: 8 bytes of header length, a JSON header, the tensors without gaps.
import type { FileHandle } from 'node:fs/promises';
import { z } from 'zod';

import { InputError } from './input-error.js';
import { readFully } from './input-file.js';
import { repeatedKey } from './repeated-key.js';

/** A tensor of a file: its element type in the file, its shape and where its bytes are. */
export interface SafetensorsEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** From the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
}

/** What a file holds, without its values. */
export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
}

/** Bytes of one element of each type whose elements are whole bytes. */
const elementBytes: Readonly<Record<string, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  F8_E8M0: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
  C64: 8,
};

const maxHeaderBytes = 100_000_000;
const count = z.int().nonnegative();
const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(count),
  data_offsets: z.tuple([count, count]),
});
const metadataSchema = z.record(z.string(), z.string());

/**
 * Reads and checks a file's header; the tensors must fill the rest of the file without hole or overlap.
 *
 * @throws InputError for anything that isn't safetensors
 */
export async function readHeader(handle: FileHandle, file: string): Promise<SafetensorsHeader> {
  const { size } = await handle.stat();
  const prefix = new Uint8Array(8);
  const expected = 'a safetensors file';
  if ((await readFully(handle, prefix, 0)) < 8) {
    throw new InputError({ file, found: `${size} bytes`, expected });
  }
  const length = new DataView(prefix.buffer).getBigUint64(0, true);
  if (length > BigInt(maxHeaderBytes) || length > BigInt(size - 8) || length < 2n) {
    const found = `a header of ${length} bytes in a file of ${size}`;
    throw new InputError({ file, place: 'header', found, expected });
  }
  const bytes = new Uint8Array(Number(length));
  await readFully(handle, bytes, 8);
  const tensors = new Map<string, SafetensorsEntry>();
  const { __metadata__: metadata = {}, ...entries } = parseHeader(bytes, file);
  const start = 8 + bytes.length;
  for (const [name, raw] of Object.entries(entries)) tensors.set(name, checkEntry(raw, name, start, file));
  checkLayout(tensors, start, size, file);
  const texts = metadataSchema.safeParse(metadata);
  if (texts.success) return { metadata: texts.data, tensors };
  const found = JSON.stringify(metadata).slice(0, 60);
  throw new InputError({ file, place: 'header', field: '__metadata__', found, expected: 'texts by name' });
}

function parseHeader(bytes: Uint8Array, file: string): Record<string, unknown> {
  const text = decodeObject(bytes);
  if (text === undefined) {
    const found = 'something that is not a JSON object';
    throw new InputError({ file, place: 'header', found, expected: 'a safetensors file' });
  }
  const twice = repeatedKey(text);
  if (twice !== undefined) {
    throw new InputError({ file, place: 'header', found: `'${twice}' twice`, expected: 'each name once' });
  }
  return JSON.parse(text) as Record<string, unknown>;
}

function decodeObject(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    JSON.parse(text);
    return text.startsWith('{') ? text : undefined;
  } catch {
    return undefined;
  }
}

function checkEntry(raw: unknown, name: string, start: number, file: string): SafetensorsEntry {
  const parsed = entrySchema.safeParse(raw);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new InputError({
      file,
      place: `header of tensor '${name}'`,
      ...(issue.path.length > 0 && { field: issue.path.join('.') }),
      found: issue.message,
      expected: 'dtype, shape and data_offsets',
    });
  }
  const { dtype, shape, data_offsets: offsets } = parsed.data;
  const byteLength = offsets[1] - offsets[0];
  const width = elementBytes[dtype];
  const wanted = shape.reduce((product, extent) => product * extent, width ?? 1);
  if (byteLength < 0 || (width !== undefined && wanted !== byteLength)) {
    throw new InputError({
      file,
      place: `header of tensor '${name}'`,
      field: 'data_offsets',
      found: `[${offsets.join(', ')}]`,
      expected: `${wanted} bytes for ${dtype} [${shape.join(', ')}]`,
    });
  }
  return { dtype, shape, offset: start + offsets[0], byteLength };
}

function checkLayout(
  tensors: ReadonlyMap<string, SafetensorsEntry>,
  start: number,
  size: number,
  file: string,
): void {
  const inOrder = [...tensors].sort(([, a], [, b]) => a.offset - b.offset || a.byteLength - b.byteLength);
  let end = start;
  for (const [name, { offset, byteLength }] of inOrder) {
    if (offset !== end) {
      throw new InputError({
        file,
        place: `header of tensor '${name}'`,
        field: 'data_offsets',
        found: `${offset < end ? 'an overlap' : 'a hole'} at byte ${Math.min(offset, end)}`,
        expected: 'tensors that follow one another without hole or overlap',
      });
    }
    end += byteLength;
  }
  if (end !== size) {
    const found = `${size} bytes`;
    throw new InputError({ file, found, expected: `${end} bytes, as its header says: is it cut off?` });
  }
}
