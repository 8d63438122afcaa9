// Our own code, since there is no maintained safetensors library for Node: the package of that name stopped at 0.0.1,
// and Hugging Face's JavaScript client reads headers only. Bytes are taken as they lie, on little-endian machines.
import { writeAtomically } from './atomic-file.js';
import { decodeBfloat16, decodeFloat16 } from './float16.js';
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
  U8: (buffer) => Int32Array.from(new Uint8Array(buffer)),
  I8: (buffer) => Int32Array.from(new Int8Array(buffer)),
  BOOL: (buffer) => new Uint8Array(buffer).map((value) => (value ? 1 : 0)),
};

const fileTypes: Readonly<Record<DType, string>> = { float32: 'F32', int32: 'I32', bool: 'BOOL' };

/**
 * Reads tensors: F32, F16, BF16 and, rounded, F64 as float32; I32, U8, I8 and, where the values fit, I64 as int32;
 * BOOL as bool.
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
 * Writes tensors, whole or not at all. They lie in the given order, those of one byte last, so that all are aligned.
 *
 * @param metadata texts by name, kept in the header
 */
export async function writeSafetensors(
  file: string,
  tensors: NdArrays,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  const entries = Object.entries(tensors);
  const inOrder = [
    ...entries.filter(([, array]) => array.dtype !== 'bool'),
    ...entries.filter(([, array]) => array.dtype === 'bool'),
  ];
  const header: [string, unknown][] = metadata ? [['__metadata__', metadata]] : [];
  let end = 0;
  for (const [name, array] of inOrder) {
    checkArray(name, array);
    const start = end;
    end += array.data.byteLength;
    header.push([name, { dtype: fileTypes[array.dtype], shape: array.shape, data_offsets: [start, end] }]);
  }
  const text = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const padded = Buffer.alloc(8 + Math.ceil(text.length / 8) * 8, ' ');
  padded.writeBigUInt64LE(BigInt(padded.length - 8));
  text.copy(padded, 8);
  await writeAtomically(file, async (handle) => {
    await handle.writeFile(padded);
    for (const [, { data }] of inOrder) {
      await handle.writeFile(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  });
}

function decode(buffer: ArrayBuffer, entry: SafetensorsEntry, name: string, file: string): NdArray {
  const data = Object.hasOwn(decoders, entry.dtype) ? decoders[entry.dtype]!(buffer) : undefined;
  if (!data) {
    const found = entry.dtype === 'I64' ? 'I64 values beyond 32 bits' : entry.dtype;
    const expected = Object.keys(decoders).join(', ');
    throw new InputError({ file, place: `tensor '${name}'`, field: 'dtype', found, expected });
  }
  const dtype = data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'bool';
  return { dtype, shape: entry.shape, data };
}

function narrowIntegers(wide: BigInt64Array): Int32Array | undefined {
  const narrow = Int32Array.from(wide, Number);
  return narrow.every((value, i) => BigInt(value) === wide[i]) ? narrow : undefined;
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
