/** How a function of tensors is computed; what it computes is the same, rounding apart. */
export interface Computation {
  /** What the large matrix products are computed in; all else, weights and sums included, is float32. */
  readonly precision: 'float32' | 'bf16';
  /** Attention's probabilities are kept for the gradient, or computed again: slower, for less memory. */
  readonly attention: 'keep' | 'recompute';
  /** All that a layer computes is kept for the gradient, or only its input, and the rest computed again. */
  readonly layers: 'keep' | 'recompute';
}

let current: Computation = { precision: 'float32', attention: 'keep', layers: 'keep' };

/** How things are computed at present. */
export function currentComputation(): Computation {
  return current;
}

/** Runs `body`, and whatever gradients it takes, computing so; what isn't named stays as it is. */
export function withComputation<T>(changes: Partial<Computation>, body: () => T): T {
  const before = current;
  current = { ...before, ...changes };
  try {
    return body();
  } finally {
    current = before;
  }
}
