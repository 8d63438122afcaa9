import { createHash } from 'node:crypto';

/** A key of two int32 that depends on every part, the same on every machine: SHA-256 over the parts. */
export function makeKey(...parts: readonly (number | string)[]): Int32Array {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest();
  return Int32Array.of(digest.readInt32LE(0), digest.readInt32LE(4));
}

/**
 * A stream of random numbers that depends on its parts alone (seed, epoch, index ...): xoshiro128** (Blackman & Vigna
 * 2018), seeded by SHA-256. Our own, since JavaScript's generator takes no seed and libraries differ in what they
 * promise to keep across versions.
 */
export class Random {
  readonly #state: Uint32Array;

  constructor(...parts: readonly (number | string)[]) {
    const digest = createHash('sha256').update(JSON.stringify(parts)).digest();
    this.#state = Uint32Array.from({ length: 4 }, (_, i) => digest.readUInt32LE(4 * i));
  }

  /** Uniform in [0, 1), a multiple of 2^-53. */
  uniform(): number {
    return ((this.#next() >>> 5) * 67108864 + (this.#next() >>> 6)) / 9007199254740992;
  }

  /** Standard normal (Box & Muller 1958). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Uniform among 0 .. n-1. */
  integer(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** A shuffled copy. */
  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
    }
    return shuffled;
  }

  /** `k` different numbers of 0 .. n-1, ascending. */
  sample(n: number, k: number): number[] {
    return this.shuffle(Array.from({ length: n }, (_, i) => i))
      .slice(0, k)
      .sort((a, b) => a - b);
  }

  #next(): number {
    const s = this.#state;
    const result = Math.imul(rotateLeft(Math.imul(s[1]!, 5), 7), 9) >>> 0;
    const t = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= t;
    s[3] = rotateLeft(s[3]!, 11);
    return result;
  }
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
