const floats = new Float32Array(1);
const bits = new Uint32Array(floats.buffer);

let decoded: Float32Array | undefined;

/** The bits of a number rounded to half precision, halves to even; too large ones become infinite, as in NumPy. */
export function toFloat16Bits(value: number): number {
  floats[0] = value;
  const sign = (bits[0]! >>> 16) & 0x8000;
  const magnitude = bits[0]! & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // From 65520 on, half precision's largest number (65504) is no longer the nearest.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  }
  // Subnormal: around 0.5 a float32 has the same step of 2^-24, so adding 0.5 rounds.
  floats[0] = Math.abs(value) + 0.5;
  return sign | (bits[0]! - 0x3f000000);
}

/** The number that 16 bits of half precision stand for; exact. */
export function fromFloat16Bits(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** Rounds to half precision, halves to even. */
export function encodeFloat16(values: ArrayLike<number>): Uint16Array {
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < halves.length; i++) halves[i] = toFloat16Bits(values[i]!);
  return halves;
}

/** Half precision as float32; exact. */
export function decodeFloat16(halves: Uint16Array): Float32Array {
  decoded ??= Float32Array.from({ length: 65536 }, (_, half) => fromFloat16Bits(half));
  const values = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) values[i] = decoded[halves[i]!]!;
  return values;
}

/** bfloat16 (the upper half of a float32) as float32; exact. */
export function decodeBfloat16(halves: Uint16Array): Float32Array {
  const upper = Uint32Array.from(halves, (half) => half << 16);
  return new Float32Array(upper.buffer);
}

/** Rounds to bfloat16, halves to even. */
export function encodeBfloat16(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(words, (word) => {
    if ((word & 0x7fffffff) > 0x7f800000) return (word >>> 16) | 0x40; // NaN stays one
    return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  });
}
