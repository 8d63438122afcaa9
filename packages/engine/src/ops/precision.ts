/** What the large matrix products are computed in; everything else, weights and sums included, is float32. */
export type Precision = 'float32' | 'bf16';

let current: Precision = 'float32';

/** The precision of the products at hand. */
export function currentPrecision(): Precision {
  return current;
}

/** Runs `body`, and whatever gradients it takes, with products of this precision. */
export function withPrecision<T>(precision: Precision, body: () => T): T {
  const before = current;
  current = precision;
  try {
    return body();
  } finally {
    current = before;
  }
}
