/** Mean and standard deviation of each colour, for values in [0, 1]. */
export interface Normalisation {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** ImageNet's: what the reference uses, for CLIP's tower too. */
export const imageNetNormalisation: Normalisation = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

/** CLIP's own (Radford et al. 2021). */
export const clipNormalisation: Normalisation = {
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
};

/** For each normalisation, what becomes of a byte: `[colour, 256]`. */
const tables = new WeakMap<Normalisation, readonly Float32Array[]>();

/** Bytes `[..., 3]` to float32: scaled to [0, 1], less the mean, by the deviation. */
export function normalisePixels(pixels: Uint8Array, normalisation: Normalisation): Float32Array {
  const [red, green, blue] = tablesOf(normalisation) as [Float32Array, Float32Array, Float32Array];
  const out = new Float32Array(pixels.length);
  for (let i = 0; i < pixels.length; i += 3) {
    out[i] = red[pixels[i]!]!;
    out[i + 1] = green[pixels[i + 1]!]!;
    out[i + 2] = blue[pixels[i + 2]!]!;
  }
  return out;
}

function tablesOf(normalisation: Normalisation): readonly Float32Array[] {
  let found = tables.get(normalisation);
  if (!found) {
    const { mean, std } = normalisation;
    found = mean.map((m, c) => Float32Array.from({ length: 256 }, (_, v) => (v / 255 - m) / std[c]!));
    tables.set(normalisation, found);
  }
  return found;
}
