// Our own code, since there is no maintained safetensors library for Node: the package of that name stopped at 0.0.1,
// and Hugging Face's JavaScript client reads headers only. Bytes are taken as they lie, on little-endian machines.
import { writeAtomically } from './atomic-file.js';
import { decodeBfloat16, decodeFloat16, encodeBfloat16, encodeFloat16 } from './float16.js';
import { InputError } from './input-error.js';
import { openInput, readFully } from './input-file.js';
import type { DType, NdArray, NdArrays } from './nd-array.js';
import { readHeader, type SafetensorsEntry, type SafetensorsHeader } from './safetensors-header.js';

const expectedFile = 'a safetensors file';

/** What a reader makes of each element type of a file. */
const decoders: Readonly<Record<string, (buffer: ArrayBuffer) => NdArray['data'] | undefined>> = {
  F32: (buffer) => new Float32Array(buffer),
  F64: (buffer) => Float32Array.from(new Float64Array(buffer)),
  F16: (buffer) => decodeFloat16(new Uint16Array(buffer)),
  BF16: (buffer) => decodeBfloat16(new Uint16Array(buffer)),
  I32: (buffer) => new Int32Array(buffer),
  I64: (buffer) => narrowIntegers(new BigInt64Array(buffer)),
  U64: (buffer) => narrowIntegers(new BigUint64Array(buffer)),
  U32: (buffer) => narrowIntegers(new Uint32Array(buffer)),
  I16: (buffer) => Int32Array.from(new Int16Array(buffer)),
  U16: (buffer) => Int32Array.from(new Uint16Array(buffer)),
  I8: (buffer) => Int32Array.from(new Int8Array(buffer)),
  U8: (buffer) => Int32Array.from(new Uint8Array(buffer)),
  BOOL: (buffer) => new Uint8Array(buffer).map((value) => (value ? 1 : 0)),
};

/** Precisions that float32 arrays can be written in. */
export type FloatType = 'F32' | 'F16' | 'BF16';

interface Encoding {
  readonly dtype: string;
  /** Of an element. */
  readonly bytes: number;
  encode(data: NdArray['data']): ArrayBufferView;
}

const asItIs = (data: NdArray['data']) => data;
const encodings: Readonly<Record<Exclude<DType, 'float32'> | FloatType, Encoding>> = {
  F32: { dtype: 'F32', bytes: 4, encode: asItIs },
  F16: { dtype: 'F16', bytes: 2, encode: encodeFloat16 },
  BF16: { dtype: 'BF16', bytes: 2, encode: (data) => encodeBfloat16(data as Float32Array) },
  int32: { dtype: 'I32', bytes: 4, encode: asItIs },
  bool: { dtype: 'BOOL', bytes: 1, encode: asItIs },
};

function encoding({ dtype }: NdArray, floats: FloatType): Encoding {
  return encodings[dtype === 'float32' ? floats : dtype];
}

/**
 * Reads tensors: F32, F16, BF16 and, rounded, F64 as float32; I8 to I64 and U8 to U64 as int32, if the values fit;
 * BOOL as bool. One tensor is read at a time, so files may be larger than memory is wide.
 *
 * @param options.names the tensors to read, others are skipped over; all where absent
 * @throws InputError for a file that isn't safetensors or is cut off, a name that isn't there, a type that can't be read
 */
export async function readSafetensors(
  file: string,
  options: { readonly names?: readonly string[] } = {},
): Promise<NdArrays> {
  const handle = await openInput(file, expectedFile);
  try {
    const { tensors } = await readHeader(handle, file);
    const arrays: [string, NdArray][] = [];
    for (const name of options.names ?? tensors.keys()) {
      const entry = tensors.get(name);
      if (!entry) throw new InputError({ file, found: 'no such tensor', expected: `a tensor '${name}'` });
      const bytes = new Uint8Array(entry.byteLength);
      if ((await readFully(handle, bytes, entry.offset)) < bytes.length) {
        throw new InputError({ file, found: `its end inside tensor '${name}'`, expected: expectedFile });
      }
      arrays.push([name, decode(bytes.buffer, entry, name, file)]);
    }
    return Object.fromEntries(arrays);
  } finally {
    await handle.close();
  }
}

/**
 * What a file holds, without reading the tensors.
 *
 * @throws InputError for a file that isn't safetensors or is cut off
 */
export async function readSafetensorsHeader(file: string): Promise<SafetensorsHeader> {
  const handle = await openInput(file, expectedFile);
  try {
    return await readHeader(handle, file);
  } finally {
    await handle.close();
  }
}

/**
 * Writes tensors, whole or not at all. They lie in the given order, the widest elements first, so that all are aligned.
 *
 * @param metadata texts by name, kept in the header
 * @param floats the precision that float32 arrays get in the file
 */
export async function writeSafetensors(
  file: string,
  tensors: NdArrays,
  metadata?: Readonly<Record<string, string>>,
  floats: FloatType = 'F32',
): Promise<void> {
  const entries = Object.entries(tensors);
  const width = (array: NdArray) => encoding(array, floats).bytes;
  const inOrder = entries.sort(([, a], [, b]) => width(b) - width(a));
  const header: [string, unknown][] = metadata ? [['__metadata__', metadata]] : [];
  let end = 0;
  for (const [name, array] of inOrder) {
    checkArray(name, array);
    const start = end;
    const { dtype, bytes } = encoding(array, floats);
    end += array.data.length * bytes;
    header.push([name, { dtype, shape: array.shape, data_offsets: [start, end] }]);
  }
  const text = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const padded = Buffer.alloc(8 + Math.ceil(text.length / 8) * 8, ' ');
  padded.writeBigUInt64LE(BigInt(padded.length - 8));
  text.copy(padded, 8);
  await writeAtomically(file, async (handle) => {
    await handle.writeFile(padded);
    for (const [, array] of inOrder) {
      const data = encoding(array, floats).encode(array.data);
      await handle.writeFile(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  });
}

function decode(buffer: ArrayBuffer, entry: SafetensorsEntry, name: string, file: string): NdArray {
  const data = Object.hasOwn(decoders, entry.dtype) ? decoders[entry.dtype]!(buffer) : undefined;
  if (!data) {
    const found = /^[IU](32|64)$/.test(entry.dtype) ? `${entry.dtype} values beyond 32 bits` : entry.dtype;
    const expected = Object.keys(decoders).join(', ');
    throw new InputError({ file, place: `tensor '${name}'`, field: 'dtype', found, expected });
  }
  const dtype = data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'bool';
  return { dtype, shape: entry.shape, data };
}

function narrowIntegers(wide: BigInt64Array | BigUint64Array | Uint32Array): Int32Array | undefined {
  const narrow = Int32Array.from(wide as Iterable<number | bigint>, Number);
  return narrow.every((value, i) => value === Number(wide[i])) ? narrow : undefined;
}

function checkArray(name: string, { dtype, shape, data }: NdArray): void {
  const kind = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }[dtype];
  const size = shape.reduce((product, extent) => product * extent, 1);
  if (name === '__metadata__' || !(data instanceof kind) || data.length !== size) {
    throw new TypeError(
      `'${name}' can't be written: ${dtype} [${shape.join(', ')}] in a ${data.constructor.name} of ${data.length}`,
    );
  }
}
