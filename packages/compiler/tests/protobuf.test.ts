import { describe, expect, it } from 'vitest';

import { messageFields } from '../src/protobuf.js';

describe('the fields of a protobuf message', () => {
  it('are numbers and bytes in order, floating-point ones left out', () => {
    // message { int64 f1 = 1; fixed64 f2 = 2; bytes f3 = 3; float f5 = 5; int64 f16 = 16; }
    const message = Uint8Array.of(
      8,
      172,
      2,
      17,
      ...new Array<number>(8).fill(9),
      26,
      2,
      7,
      8,
      45,
      1,
      2,
      3,
      4,
      128,
      1,
      5,
    );
    expect(messageFields(message)).toEqual([
      { number: 1, integer: 300, bytes: new Uint8Array(0) },
      { number: 3, integer: 0, bytes: Uint8Array.of(7, 8) },
      { number: 16, integer: 5, bytes: new Uint8Array(0) },
    ]);
  });

  it('may be negative: ten bytes of two’s complement', () => {
    const minusTwo = Uint8Array.of(8, 254, ...new Array<number>(8).fill(255), 1);
    expect(messageFields(minusTwo)[0]!.integer).toBe(-2);
  });
});
