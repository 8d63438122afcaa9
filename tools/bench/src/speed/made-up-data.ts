import { Random } from '@reelbert/data';

/** The made-up vocabulary's special ids, the same on all sides. */
export const specialIds = { pad: 0, unk: 1, cls: 2, sep: 3, mask: 4 } as const;

/** A text of `length` tokens: [CLS], ids that depend on position and sample, [SEP]. Time doesn't depend on them. */
export function madeUpText(length: number, sample: number, vocabSize: number): number[] {
  const first = specialIds.mask + 1;
  const inner = Array.from(
    { length: length - 2 },
    (_, i) => first + ((i * 7919 + sample * 104_729) % (vocabSize - first)),
  );
  return [specialIds.cls, ...inner, specialIds.sep];
}

/** Normal numbers; 4,096 of them, repeated. */
export function madeUpNumbers(size: number, seed: number): Float32Array {
  const random = new Random('speed', seed);
  const period = Float32Array.from({ length: Math.min(size, 4096) }, () => random.normal());
  const data = new Float32Array(size);
  for (let at = 0; at < size; at += period.length) data.set(period.subarray(0, size - at), at);
  return data;
}
