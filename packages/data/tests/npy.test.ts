import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../src/input-error.js';
import type { NdArray } from '../src/nd-array.js';
import { decodeNpy, encodeNpy, readNpy, writeNpy, type NpyType } from '../src/npy.js';
import { temporaryFolder } from './temporary-folder.js';

const folder = temporaryFolder();
const int = (values: number[], shape = [values.length]): NdArray => ({
  dtype: 'int32',
  shape,
  data: Int32Array.from(values),
});

/** A file with this header, as NumPy writes version 1.0 or, where `wide`, 2.0. */
function handMade(dict: string, values: Uint8Array, wide = false): Buffer {
  const length = Buffer.alloc(wide ? 4 : 2);
  length.writeUIntLE(dict.length + 1, 0, length.length);
  const start = Buffer.from(`\x93NUMPY${wide ? '\x02' : '\x01'}\x00`, 'latin1');
  return Buffer.concat([start, length, Buffer.from(`${dict}\n`), values]);
}

const extents = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 });
const sized = (shape: number[]) => {
  const length = shape.reduce((product, extent) => product * extent, 1);
  return { minLength: length, maxLength: length };
};

describe('an array', () => {
  test.each<NpyType>(['int32', 'int64'])('of integers survives a round trip as %s', async (type) => {
    await fc.assert(
      fc.asyncProperty(
        extents.chain((shape) => fc.array(fc.integer(), sized(shape)).map((values) => int(values, shape))),
        async (array) => {
          const file = join(folder, `${type}.npy`);
          await writeNpy(file, array, type);
          expect(await readNpy(file)).toEqual(array);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('of floats survives a round trip as float32, special values included', () => {
    fc.assert(
      fc.property(
        extents.chain((shape) =>
          fc.array(fc.float(), sized(shape)).map((values) => ({ shape, data: Float32Array.from(values) })),
        ),
        (array) => {
          expect(decodeNpy(encodeNpy({ dtype: 'float32', ...array }), '')).toEqual({
            dtype: 'float32',
            ...array,
          });
        },
      ),
    );
  });

  test("has NumPy's bytes", () => {
    // numpy.save of numpy.array([[1, -2]], dtype='float16')
    const header = "{'descr': '<f2', 'fortran_order': False, 'shape': (1, 2), }".padEnd(117);
    expect(encodeNpy({ dtype: 'float32', shape: [1, 2], data: Float32Array.of(1, -2) }, 'float16')).toEqual(
      handMade(header, Uint8Array.of(0x00, 0x3c, 0x00, 0xc0)),
    );
  });

  test('is not written as what it is not', () => {
    expect(() => encodeNpy(int([1]), 'float32')).toThrow(TypeError);
    expect(() => encodeNpy(int([1], [2]))).toThrow(TypeError);
    expect(() => encodeNpy({ dtype: 'bool', shape: [1], data: Uint8Array.of(1) })).toThrow(TypeError);
  });
});

test('version 2 and a scalar are read', () => {
  const file = handMade(
    "{'descr': '<i4', 'fortran_order': False, 'shape': (), }",
    Uint8Array.of(7, 0, 0, 0),
    true,
  );
  expect(decodeNpy(file, '')).toEqual(int([7], []));
});

describe('refused by name:', () => {
  const four = new Uint8Array(4);
  const plain = "{'descr': '<i4', 'fortran_order': False, 'shape': (1,), }";
  test.each([
    ['an empty file', Buffer.alloc(0), /no \.npy header/],
    ['text', Buffer.from('1, 2, 3, 4, 5'), /no \.npy header/],
    ['a header beyond the end', handMade(plain, four).subarray(0, 40), /descr/],
    ['another type', handMade(plain.replace('<i4', '>i4'), four), />i4/],
    ['objects', handMade(plain.replace('<i4', '|O'), four), /\|O/],
    ['columns first', handMade(plain.replace('False', 'True').replace('1,', '1, 1'), four), /rows first/],
    ['no shape', handMade("{'descr': '<i4', 'fortran_order': False, }", four), /descr/],
    ['too few values', handMade(plain, four.subarray(1)), /3 bytes for 1 numbers of 4 bytes/],
    ['an enormous shape', handMade(plain.replace('1,', '99999999999, 99999999999'), four), /4 bytes for/],
    [
      'an integer beyond 32 bits',
      handMade(plain.replace('<i4', '<i8'), Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0)),
      /4294967296 as entry 0/,
    ],
  ])('%s', async (_, bytes, message) => {
    const file = join(folder, 'broken.npy');
    writeFileSync(file, bytes);
    await expect(readNpy(file)).rejects.toThrow(message);
    await expect(readNpy(file)).rejects.toThrow(InputError);
    await expect(readNpy(file)).rejects.toThrow(/broken\.npy/);
  });

  test('a file that is not there', async () => {
    await expect(readNpy(join(folder, 'none.npy'))).rejects.toThrow(/found nothing/);
  });

  test('any changed byte gives an array or an InputError', () => {
    fc.assert(
      fc.property(fc.nat(131), fc.nat(255), (at, value) => {
        const bytes = encodeNpy(int([5]));
        bytes[at] = value;
        try {
          decodeNpy(bytes, 'changed');
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
