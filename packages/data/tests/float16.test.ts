import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeBfloat16,
  decodeFloat16,
  encodeFloat16,
  fromFloat16Bits,
  toFloat16Bits,
} from '../src/float16.js';

test('every half-precision number survives a round trip exactly', () => {
  const halves = Uint16Array.from({ length: 65536 }, (_, half) => half);
  const values = decodeFloat16(halves);
  const back = encodeFloat16(values);
  halves.forEach((half, i) => {
    if (Number.isNaN(values[i])) expect(back[i]! & 0x7fff).toBe(0x7e00);
    else expect(back[i]).toBe(half);
  });
});

// numpy.float16([1/3, 65504, 65519.996, 65520, 2**-24, 2**-25, 2**-25 * 1.5, -0., 1 + 2**-11, 1 + 3 * 2**-11, 1e-3]).view('uint16')
test('rounding is that of NumPy', () => {
  const values = [
    1 / 3,
    65504,
    65519.996,
    65520,
    2 ** -24,
    2 ** -25,
    2 ** -25 * 1.5,
    -0,
    1 + 2 ** -11,
    1 + 3 * 2 ** -11,
    1e-3,
  ];
  const expected = [0x3555, 0x7bff, 0x7bff, 0x7c00, 1, 0, 1, 0x8000, 0x3c00, 0x3c02, 0x1419];
  expect(values.map(toFloat16Bits)).toEqual(expected);
});

test('no half-precision number is nearer, and halves go to the even one', () => {
  fc.assert(
    fc.property(fc.float({ min: -65504, max: 65504, noNaN: true }), (value) => {
      const bits = toFloat16Bits(value);
      const distance = Math.abs(fromFloat16Bits(bits) - value);
      for (const neighbour of [bits - 1, bits + 1]) {
        if ((neighbour & 0x7fff) >= 0x7c00 || neighbour < 0 || ((neighbour ^ bits) & 0x8000) !== 0) continue;
        const other = Math.abs(fromFloat16Bits(neighbour) - value);
        expect(distance).toBeLessThanOrEqual(other);
        if (distance === other) expect(bits & 1).toBe(0);
      }
    }),
  );
});

test('bfloat16 is the upper half of a float32', () => {
  expect(decodeBfloat16(Uint16Array.of(0x3f80, 0xc020, 0x7f80))).toEqual(Float32Array.of(1, -2.5, Infinity));
});
