import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import type { NdArray, NdArrays } from '@reelbert/data';
import { expect } from 'vitest';

// The set in fixtures/golden, or another of the same make.
const given = process.env.GOLDEN_DIR;
const folder = given ? pathToFileURL(join(given, '/')) : new URL('./fixtures/golden/', import.meta.url);

/** One of the set's JSON files. */
export function goldenJson<T>(name: 'config' | 'expected'): T {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as T;
}

/** One of the set's tensor files, read without the code under test; nothing if the set lacks it. */
export function goldenTensors(name: string): NdArrays {
  const file = fileURLToPath(new URL(`${name}.safetensors`, folder));
  if (!existsSync(file)) return {};
  const bytes = readFileSync(file);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, start)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors = Object.entries(header).filter(([tensor]) => tensor !== '__metadata__');
  return Object.fromEntries(
    tensors.map(
      ([
        tensor,
        {
          dtype,
          shape,
          data_offsets: [from, to],
        },
      ]): [string, NdArray] => {
        const { buffer } = Uint8Array.from(bytes.subarray(start + from, start + to));
        if (dtype === 'F32') return [tensor, { dtype: 'float32', shape, data: new Float32Array(buffer) }];
        return [tensor, { dtype: 'int32', shape, data: new Int32Array(buffer) }];
      },
    ),
  );
}

/** The tensors whose names begin with `prefix`, without it. */
export function withPrefix(prefix: string, tensors: NdArrays): NdArrays {
  const chosen = Object.entries(tensors).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(chosen.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** [sum, l2 norm, first three values] by parameter, in place of tensors. */
export type Digests = Readonly<Record<string, readonly number[]>>;

/** Digests that a set holds in place of the tensors `prefix.*` of a file, if it does. */
export function goldenDigests(file: string, prefix: string): Digests | undefined {
  const { digests = {} } = goldenJson<{ digests?: Readonly<Record<string, Digests>> }>('expected');
  const key = [`${file}.${prefix}`, prefix].find((name) => name in digests);
  return key === undefined ? undefined : digests[key];
}

/** Whether the set is the one in fixtures, which has a tensor or a digest for everything that tests compare. */
export const isOwnSet = !given;

/** Every element within `tolerance` times the tensor's largest. */
export function expectClose(name: string, found: NdArray, expected: NdArray, tolerance: number): void {
  const values = [...expected.data];
  const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const worst = values.reduce((max, value, i) => Math.max(max, Math.abs(value - found.data[i]!)), 0);
  expect(worst, `${name}: ${worst} off, of ${largest}`).toBeLessThanOrEqual(tolerance * largest);
}

/** The same for a digest; its sum may be off by as much as all elements together. */
export function expectDigest(
  name: string,
  { data }: NdArray,
  digest: readonly number[],
  tolerance: number,
): void {
  const values = [...(data as Float32Array)];
  const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const [sum, norm, ...first] = digest as [number, number, ...number[]];
  const near = (found: number, expected: number, scale: number, what: string) =>
    expect(Math.abs(found - expected), `${name}: ${what} ${found}, ${expected}`).toBeLessThanOrEqual(
      tolerance * scale,
    );
  near(
    values.reduce((a, b) => a + b, 0),
    sum,
    largest * values.length,
    'sum',
  );
  near(Math.hypot(...values), norm, norm, 'norm');
  first.slice(0, values.length).forEach((value, i) => near(values[i]!, value, largest, `element ${i}`));
}
