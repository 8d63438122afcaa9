/** How far a value may be off: the larger of the two. */
export interface Tolerance {
  /** As a share of the largest value of its tensor. */
  readonly relative?: number;
  readonly absolute?: number;
}

/** What is compared may differ by so much. */
export const tolerances = {
  exact: { absolute: 0 },
  outputs: { absolute: 1e-5 },
  losses: { relative: 1e-5 },
  /** The absolute part is for attention's key biases, whose gradient is zero but for rounding. */
  gradients: { relative: 1e-4, absolute: 1e-6 },
  /** Tables of numbers that no floating-point model computed, as written with eight digits. */
  tables: { absolute: 1e-7 },
  /** One, and float32's rounding of it. */
  greyLevel: { absolute: 1.001 },
} as const satisfies Record<string, Tolerance>;

/** `rel 1e-4 or abs 1e-6` */
export function describeTolerance({ relative, absolute }: Tolerance): string {
  const parts = [
    ...(relative === undefined ? [] : [`rel ${short(relative)}`]),
    ...(absolute === undefined ? [] : [absolute === 0 ? 'exact' : `abs ${short(absolute)}`]),
  ];
  return parts.join(' or ');
}

/** `1e-5`, `3.5e-6`, `0` */
export function short(value: number): string {
  if (value === 0) return '0';
  return Number.isFinite(value) ? value.toExponential(1).replace('.0e', 'e') : String(value);
}
