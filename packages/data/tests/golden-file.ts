import { readFileSync } from 'node:fs';
import type { NdArray } from '../src/nd-array.js';

const folder = new URL('./fixtures/golden/', import.meta.url);

/** Scalars and tables of the golden set. */
export function goldenTables(): Record<string, unknown> {
  return JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8')) as Record<string, unknown>;
}

/** A golden file's tensors, read without the code under test. */
export function goldenTensors(name: string): Record<string, NdArray> {
  const bytes = readFileSync(new URL(`${name}.safetensors`, folder));
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  return Object.fromEntries(
    Object.entries(header).map(
      ([
        tensor,
        {
          dtype,
          shape,
          data_offsets: [from, to],
        },
      ]) => {
        const buffer = Uint8Array.from(bytes.subarray(8 + headerLength + from, 8 + headerLength + to)).buffer;
        return [
          tensor,
          dtype === 'F32'
            ? { dtype: 'float32', shape, data: new Float32Array(buffer) }
            : { dtype: 'int32', shape, data: new Int32Array(buffer) },
        ];
      },
    ),
  );
}
