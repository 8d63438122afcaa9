// NumPy's array files (numpy.lib.format): magic, version, header length, a Python dict as text, the values.
import { readFile } from 'node:fs/promises';

import { writeAtomically } from './atomic-file.js';
import { decodeFloat16, encodeFloat16 } from './float16.js';
import { InputError } from './input-error.js';
import { openInput } from './input-file.js';
import type { NdArray } from './nd-array.js';

/** Element types that are read and written, all little-endian. */
export type NpyType = 'float16' | 'float32' | 'int32' | 'int64';

/** What a `.npy` file begins with. */
export interface NpyHeader {
  readonly type: NpyType;
  readonly shape: readonly number[];
  /** Where the values begin. */
  readonly start: number;
}

const descriptions: Readonly<Record<NpyType, string>> = {
  float16: '<f2',
  float32: '<f4',
  int32: '<i4',
  int64: '<i8',
};
const elementBytes: Readonly<Record<NpyType, number>> = { float16: 2, float32: 4, int32: 4, int64: 8 };
const expected = 'a .npy array of float16, float32, int32 or int64, little-endian, rows first';

/**
 * An array as a `.npy` file, version 1.0, the same bytes as NumPy's.
 *
 * @param type of the elements; absent: the array's own. Half precision is rounded, halves to even.
 */
export function encodeNpy({ dtype, shape, data }: NdArray, type?: NpyType): Buffer {
  const wanted = type ?? (dtype === 'float32' ? 'float32' : 'int32');
  const size = shape.reduce((product, extent) => product * extent, 1);
  if (dtype === 'bool' || (dtype === 'float32') !== wanted.startsWith('float') || data.length !== size) {
    throw new TypeError(
      `${dtype} [${shape.join(', ')}] of ${data.length} values can't be written as ${wanted}`,
    );
  }
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dict = `{'descr': '${descriptions[wanted]}', 'fortran_order': False, 'shape': (${tuple}), }`;
  // The values begin at a multiple of 64 bytes; the header ends with a line break.
  const start = Math.ceil((10 + dict.length + 1) / 64) * 64;
  const header = Buffer.alloc(start, ' ');
  header.write('\x93NUMPY\x01\x00', 'latin1');
  header.writeUInt16LE(start - 10, 8);
  header.write(dict, 10, 'latin1');
  header.write('\n', start - 1);
  const values =
    wanted === 'float16' ? encodeFloat16(data) : wanted === 'int64' ? BigInt64Array.from(data, BigInt) : data;
  return Buffer.concat([header, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)]);
}

/**
 * The array of a `.npy` file: floats as float32, integers as int32.
 *
 * @param file and `place` name it in messages
 * @throws InputError for anything else, a wrong number of bytes, integers beyond 32 bits
 */
export function decodeNpy(bytes: Uint8Array, file: string, place?: string): NdArray {
  const { type, shape, start } = readNpyHeader(bytes, file, place);
  const count = shape.reduce((product, extent) => product * extent, 1);
  const width = elementBytes[type];
  if (bytes.length !== start + count * width) {
    const found = `${bytes.length - start} bytes for ${count} numbers of ${width} bytes`;
    throw new InputError({ file, place, found, expected: `${count * width} for [${shape.join(', ')}]` });
  }
  // A copy, which is aligned.
  const { buffer } = new Uint8Array(bytes.subarray(start));
  switch (type) {
    case 'float16':
      return { dtype: 'float32', shape, data: decodeFloat16(new Uint16Array(buffer)) };
    case 'float32':
      return { dtype: 'float32', shape, data: new Float32Array(buffer) };
    case 'int32':
      return { dtype: 'int32', shape, data: new Int32Array(buffer) };
    case 'int64':
      return { dtype: 'int32', shape, data: narrow(new BigInt64Array(buffer), file, place) };
  }
}

/** Reads a `.npy` file. Throws `InputError` as `decodeNpy` does, and for a file that isn't there. */
export async function readNpy(file: string): Promise<NdArray> {
  const handle = await openInput(file, expected);
  try {
    return decodeNpy(await readFile(handle), file);
  } finally {
    await handle.close();
  }
}

/** Writes a `.npy` file, whole or not at all; see `encodeNpy`. */
export async function writeNpy(file: string, array: NdArray, type?: NpyType): Promise<void> {
  const bytes = encodeNpy(array, type);
  await writeAtomically(file, (handle) => handle.writeFile(bytes));
}

/**
 * Reads the beginning of a `.npy` file.
 *
 * @param bytes as much of the file as holds the header
 * @throws InputError for element types other than `NpyType`, columns first, and what is no `.npy` file
 */
export function readNpyHeader(bytes: Uint8Array, file: string, place?: string): NpyHeader {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < 12 || view.toString('latin1', 0, 6) !== '\x93NUMPY') {
    throw new InputError({ file, place, found: 'no .npy header', expected });
  }
  const wide = view[6]! > 1;
  const at = wide ? 12 : 10;
  const start = at + (wide ? view.readUInt32LE(8) : view.readUInt16LE(8));
  const text = view.toString('latin1', at, Math.min(start, view.length)).trim();
  const description = /'descr':\s*'([^']*)'/.exec(text)?.[1];
  const type = (Object.keys(descriptions) as NpyType[]).find((name) => descriptions[name] === description);
  const shape = /'shape':\s*\(([0-9, ]*)\)/.exec(text)?.[1];
  // One dimension has no order.
  const rowsFirst = /'fortran_order':\s*False/.test(text) || /^\d+,\s*$/.test(shape ?? '');
  if (start > view.length || type === undefined || shape === undefined || !rowsFirst) {
    throw new InputError({ file, place, found: text.slice(0, 120), expected });
  }
  const extents = shape.match(/\d+/g) ?? [];
  return { type, shape: extents.map(Number), start };
}

function narrow(wide: BigInt64Array, file: string, place?: string): Int32Array {
  return Int32Array.from(wide, (value, i) => {
    if (BigInt.asIntN(32, value) === value) return Number(value);
    throw new InputError({ file, place, found: `${value} as entry ${i}`, expected: 'integers of 32 bits' });
  });
}
