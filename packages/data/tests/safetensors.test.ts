import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../src/input-error.js';
import type { NdArray } from '../src/nd-array.js';
import { readSafetensors, readSafetensorsHeader, writeSafetensors } from '../src/safetensors.js';
import { goldenTensors } from './golden-file.js';
import { temporaryFolder } from './temporary-folder.js';

const folder = temporaryFolder();
let files = 0;
const newFile = () => join(folder, `${files++}.safetensors`);

function handMade(header: unknown, data: Uint8Array = new Uint8Array(0)): string {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const file = newFile();
  writeFileSync(file, Buffer.concat([length, text, data]));
  return file;
}

async function refusal(file: string, names?: string[]): Promise<string> {
  const error = await readSafetensors(file, names ? { names } : {}).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InputError);
  return (error as InputError).message;
}

const extents = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 });
const array: fc.Arbitrary<NdArray> = extents.chain((shape) => {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const exactly = { minLength: size, maxLength: size };
  return fc.oneof(
    fc
      .array(fc.float(), exactly)
      .map((values): NdArray => ({ dtype: 'float32', shape, data: Float32Array.from(values) })),
    fc
      .array(fc.integer(), exactly)
      .map((values): NdArray => ({ dtype: 'int32', shape, data: Int32Array.from(values) })),
    fc
      .array(fc.integer({ min: 0, max: 1 }), exactly)
      .map((values): NdArray => ({ dtype: 'bool', shape, data: Uint8Array.from(values) })),
  );
});
const name = fc.string({ unit: 'binary' }).filter((text) => text !== '__metadata__');

describe('what is written', () => {
  test('is read back bit by bit, whatever the names', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, array), async (arrays) => {
        const file = newFile();
        await writeSafetensors(file, arrays);
        expect(await readSafetensors(file)).toEqual({ ...arrays });
      }),
      { numRuns: 50 },
    );
  });

  test('keeps metadata and aligns every tensor', async () => {
    const file = newFile();
    await writeSafetensors(
      file,
      {
        odd: { dtype: 'bool', shape: [3], data: Uint8Array.of(1, 0, 1) },
        wide: { dtype: 'float32', shape: [], data: Float32Array.of(1) },
      },
      { format: 'pt' },
    );
    const { metadata, tensors } = await readSafetensorsHeader(file);
    expect(metadata).toEqual({ format: 'pt' });
    expect([...tensors.keys()]).toEqual(['wide', 'odd']);
    expect(tensors.get('wide')!.offset % 8).toBe(0);
  });

  test('replaces a file whole and leaves nothing beside it', async () => {
    const file = join(folder, 'replaced.safetensors');
    const one: NdArray = { dtype: 'int32', shape: [1], data: Int32Array.of(1) };
    await writeSafetensors(file, { one });
    const before = readFileSync(file);
    const wrong: NdArray = { dtype: 'int32', shape: [2], data: Int32Array.of(1) };
    await expect(writeSafetensors(file, { wrong })).rejects.toThrow(TypeError);
    await expect(writeSafetensors(join(folder, 'no', 'such', 'folder'), { one })).rejects.toThrow(InputError);
    expect(readFileSync(file)).toEqual(before);
    expect(readdirSync(folder).filter((entry) => entry.endsWith('.tmp'))).toEqual([]);
  });
});

test('a file that another program wrote is read', async () => {
  const file = new URL('./fixtures/golden/single.pretrain.collation.safetensors', import.meta.url);
  expect(await readSafetensors(file.pathname)).toEqual(goldenTensors('single.pretrain.collation'));
});

test('only the tensors asked for are read', async () => {
  const file = handMade(
    {
      a: { dtype: 'C64', shape: [1], data_offsets: [0, 8] },
      b: { dtype: 'U8', shape: [2], data_offsets: [8, 10] },
    },
    new Uint8Array(10).fill(7),
  );
  const { b } = await readSafetensors(file, { names: ['b'] });
  expect(b).toEqual({ dtype: 'int32', shape: [2], data: Int32Array.of(7, 7) });
  expect(await refusal(file)).toMatch(/tensor 'a'.*C64/);
  expect(await refusal(file, ['c'])).toMatch(/'c'/);
});

test('other precisions and widths become what the library works with', async () => {
  const data = Buffer.alloc(22);
  data.writeUInt16LE(0x3555, 0);
  data.writeUInt16LE(0xbf80, 2);
  data.writeBigInt64LE(-5n, 4);
  data.writeDoubleLE(0.1, 12);
  data.writeInt8(-128, 20);
  data.writeUInt8(255, 21);
  const file = handMade(
    {
      half: { dtype: 'F16', shape: [1], data_offsets: [0, 2] },
      brain: { dtype: 'BF16', shape: [1], data_offsets: [2, 4] },
      long: { dtype: 'I64', shape: [1], data_offsets: [4, 12] },
      double: { dtype: 'F64', shape: [], data_offsets: [12, 20] },
      signed: { dtype: 'I8', shape: [1], data_offsets: [20, 21] },
      unsigned: { dtype: 'U8', shape: [1], data_offsets: [21, 22] },
    },
    data,
  );
  const { half, brain, long, double, signed, unsigned } = await readSafetensors(file);
  expect(half!.data).toEqual(Float32Array.of(0.333251953125));
  expect(brain!.data).toEqual(Float32Array.of(-1));
  expect(long!.data).toEqual(Int32Array.of(-5));
  expect(double!.data).toEqual(Float32Array.of(0.1));
  expect(signed!.data).toEqual(Int32Array.of(-128));
  expect(unsigned!.data).toEqual(Int32Array.of(255));
});

test('integers of every width are read', async () => {
  const data = Buffer.alloc(24);
  data.writeBigUInt64LE(7n, 0);
  data.writeUInt32LE(2 ** 31 - 1, 8);
  data.writeUInt32LE(2 ** 31, 12);
  data.writeUInt16LE(65535, 16);
  data.writeInt16LE(-2, 18);
  const file = handMade(
    {
      u64: { dtype: 'U64', shape: [1], data_offsets: [0, 8] },
      u32: { dtype: 'U32', shape: [1], data_offsets: [8, 12] },
      large: { dtype: 'U32', shape: [1], data_offsets: [12, 16] },
      u16: { dtype: 'U16', shape: [1], data_offsets: [16, 18] },
      i16: { dtype: 'I16', shape: [1], data_offsets: [18, 20] },
      rest: { dtype: 'U8', shape: [4], data_offsets: [20, 24] },
    },
    data,
  );
  const names = ['u64', 'u32', 'u16', 'i16'];
  const read = await readSafetensors(file, { names });
  expect(names.map((name) => read[name]!.data[0])).toEqual([7, 2 ** 31 - 1, 65535, -2]);
  expect(await refusal(file, ['large'])).toMatch(/'large'.*U32 values beyond 32 bits/);
});

test.each(['F16', 'BF16'] as const)(
  '%s is written rounded, and read back the same ever after',
  async (type) => {
    const [once, again] = [newFile(), newFile()];
    const values = Float32Array.of(0.1, -3, 65504, 1e-8, Infinity, NaN, 0, -0);
    const flags: NdArray = { dtype: 'bool', shape: [1], data: Uint8Array.of(1) };
    await writeSafetensors(once, { flags, a: { dtype: 'float32', shape: [2, 4], data: values } }, {}, type);
    const { tensors } = await readSafetensorsHeader(once);
    expect(tensors.get('a')).toMatchObject({ dtype: type, shape: [2, 4], byteLength: 16 });
    const read = await readSafetensors(once);
    expect(read.a!.data[0]).toBeCloseTo(0.1, 2);
    expect([...read.a!.data].slice(4)).toEqual([Infinity, NaN, 0, -0]);
    await writeSafetensors(again, read, {}, type);
    expect(readFileSync(again)).toEqual(readFileSync(once));
  },
);

test('a 64-bit integer that does not fit is refused by name', async () => {
  const data = Buffer.alloc(8);
  data.writeBigInt64LE(2n ** 31n);
  const file = handMade({ big: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } }, data);
  expect(await refusal(file)).toMatch(/'big'.*beyond 32 bits/);
});

test('a tensor that lies beyond 2 GiB is read', async () => {
  const far = 2 ** 31 + 8;
  const file = handMade({
    large: { dtype: 'U8', shape: [far], data_offsets: [0, far] },
    small: { dtype: 'F32', shape: [2], data_offsets: [far, far + 8] },
  });
  const end = statSync(file).size + far;
  truncateSync(file, end + 8); // a file with a hole, which takes no space
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, Buffer.from(Float32Array.of(1.5, -2).buffer), 0, 8, end);
  closeSync(descriptor);
  const { small } = await readSafetensors(file, { names: ['small'] });
  expect(small!.data).toEqual(Float32Array.of(1.5, -2));
});

describe('a file that breaks the rules is refused', () => {
  const four = new Uint8Array(4);
  const entry = (from: number, to: number, shape = [(to - from) / 4]) => ({
    dtype: 'F32',
    shape,
    data_offsets: [from, to],
  });
  test.each([
    ['missing', () => join(folder, 'missing'), /found nothing/],
    ['a folder', () => folder, /found a folder/],
    ['not an object', () => handMade('[1]   '), /not a JSON object/],
    ['malformed JSON', () => handMade('{"a": '), /not a JSON object/],
    ['a hole', () => handMade({ a: entry(4, 8) }, new Uint8Array(8)), /a hole at byte/],
    ['an overlap', () => handMade({ a: entry(0, 4), b: entry(0, 4) }, four), /an overlap/],
    ['cut off', () => handMade({ a: entry(0, 8) }, four), /cut off/],
    ['bytes left over', () => handMade({}, four), /expected \d+ bytes/],
    ['size against shape', () => handMade({ a: entry(0, 4, [2]) }, four), /8 bytes for F32 \[2\]/],
    ['an enormous shape', () => handMade({ a: entry(0, 4, [2 ** 40, 2 ** 40]) }, four), /data_offsets/],
    ['a negative extent', () => handMade({ a: entry(0, 4, [-1]) }, four), /shape/],
    ['backwards', () => handMade({ a: entry(4, 0) }, four), /data_offsets|shape/],
    [
      'an unknown type',
      () => handMade({ a: { dtype: 'X', shape: [1], data_offsets: [0, 4] } }, four),
      /found X/,
    ],
    [
      "a type named like an object's method",
      () => handMade({ a: { dtype: 'toString', shape: [1], data_offsets: [0, 4] } }, four),
      /toString/,
    ],
    [
      'a name twice',
      () => {
        const a = JSON.stringify(entry(0, 4));
        return handMade(`{"a":${a},"\\u0061":${a}}`, four);
      },
      /'a' twice/,
    ],
    ['metadata with a name twice', () => handMade('{"__metadata__":{"x":"1","x":"2"}}'), /'x' twice/],
    ['metadata that is not text', () => handMade({ __metadata__: { a: 1 } }), /__metadata__/],
  ])('%s', async (_, make, message) => {
    expect(await refusal(make())).toMatch(message);
  });

  test('a header length beyond the file or the limit', async () => {
    const file = newFile();
    writeFileSync(file, Buffer.from('ffffffffffffff7f7b7d', 'hex'));
    expect(await refusal(file)).toMatch(/a header of 9223372036854775807 bytes/);
  });

  test('any bytes at all give an InputError or tensors', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (bytes) => {
        const file = join(folder, 'any');
        writeFileSync(file, bytes);
        await readSafetensors(file).catch((error: unknown) => expect(error).toBeInstanceOf(InputError));
      }),
      { numRuns: 100 },
    );
  });
});
