/** Fixed-point digits of a weight: 32 - 8 bits of a pixel - 2 of headroom. */
export const tapPrecision = 22;

/** Which input pixels make up each output pixel of a resize along one side, and with what weight. */
export interface ResizeTaps {
  /** The first input pixel of each output pixel. */
  readonly first: Int32Array;
  /** How many input pixels, at least one. */
  readonly count: Int32Array;
  /** `[outputs, most]` fixed-point weights of `tapPrecision` digits. */
  readonly weights: Int32Array;
  readonly most: number;
}

/** The latest taps by inputs and outputs; frames of a collection have few sizes. */
const cache = new Map<string, ResizeTaps>();
const mostCached = 64;

/** The taps of a resize from so many pixels to so many (Pillow's precompute_coeffs, bilinear). */
export function resizeTaps(inputs: number, outputs: number): ResizeTaps {
  const key = `${inputs}:${outputs}`;
  const cached = cache.get(key);
  if (cached) return cached;
  const taps = computeTaps(inputs, outputs);
  if (cache.size === mostCached) cache.delete(cache.keys().next().value!);
  cache.set(key, taps);
  return taps;
}

/** A triangle as wide as the reduction, at least one pixel each way. */
function computeTaps(inputs: number, outputs: number): ResizeTaps {
  const scale = inputs / outputs;
  const filterScale = Math.max(scale, 1);
  const support = filterScale; // the triangle's half width is 1 at scale 1
  const most = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(outputs);
  const count = new Int32Array(outputs);
  const weights = new Int32Array(outputs * most);
  for (let x = 0; x < outputs; x++) {
    const centre = (x + 0.5) * scale;
    const from = Math.max(0, Math.trunc(centre - support + 0.5));
    const to = Math.min(inputs, Math.trunc(centre + support + 0.5));
    const raw = Array.from({ length: to - from }, (_, i) => {
      return Math.max(0, 1 - Math.abs((from + i - centre + 0.5) / filterScale));
    });
    const sum = raw.reduce((total, weight) => total + weight, 0);
    raw.forEach((weight, i) => {
      weights[x * most + i] = Math.floor((weight / sum) * 2 ** tapPrecision + 0.5);
    });
    first[x] = from;
    count[x] = to - from;
  }
  return { first, count, weights, most };
}
