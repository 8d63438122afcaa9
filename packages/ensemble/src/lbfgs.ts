// Limited-memory BFGS with backtracking (Nocedal & Wright, Numerical Optimization, algorithms 7.4, 7.5 and 3.1), for smooth
// convex functions.

/** A function's value; writes its gradient at `x` into `gradient`. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

export interface MinimiseOptions {
  /** Ends where no entry of the gradient is larger; 1e-6 where absent. */
  readonly tolerance?: number;
  /** 200 where absent. */
  readonly iterations?: number;
}

interface Pair {
  readonly step: Float64Array;
  readonly change: Float64Array;
  readonly product: number;
}

const remembered = 10;

/** The minimum of a smooth convex function, from a start. Deterministic. */
export function minimise(
  objective: Objective,
  start: Float64Array,
  options: MinimiseOptions = {},
): Float64Array {
  const { tolerance = 1e-6, iterations = 200 } = options;
  let x = Float64Array.from(start);
  let gradient = new Float64Array(x.length);
  let value = objective(x, gradient);
  const pairs: Pair[] = [];
  for (let iteration = 0; iteration < iterations && largest(gradient) > tolerance; iteration++) {
    let direction = descent(gradient, pairs);
    let slope = dot(direction, gradient);
    if (slope >= 0) {
      pairs.length = 0;
      direction = gradient.map((g) => -g);
      slope = dot(direction, gradient);
    }
    const first = pairs.length === 0 ? Math.min(1, 1 / Math.sqrt(-slope)) : 1;
    const next = backtrack(objective, { x, value, direction, slope, first });
    if (!next) break;
    const step = next.x.map((to, i) => to - x[i]!);
    const change = next.gradient.map((to, i) => to - gradient[i]!);
    const product = dot(step, change);
    if (product > 1e-12 * dot(change, change)) pairs.push({ step, change, product });
    if (pairs.length > remembered) pairs.shift();
    ({ x, gradient, value } = next);
  }
  return x;
}

// Minus the gradient, times the inverse Hessian as the last steps tell it.
function descent(gradient: Float64Array, pairs: readonly Pair[]): Float64Array {
  const q = gradient.map((g) => -g);
  const alphas: number[] = [];
  for (const { step, change, product } of [...pairs].reverse()) {
    const alpha = dot(step, q) / product;
    alphas.push(alpha);
    addScaled(q, change, -alpha);
  }
  const last = pairs.at(-1);
  if (last) {
    const scale = last.product / dot(last.change, last.change);
    q.forEach((entry, i) => (q[i] = entry * scale));
  }
  for (const { step, change, product } of pairs) {
    addScaled(q, step, alphas.pop()! - dot(change, q) / product);
  }
  return q;
}

interface Line {
  readonly x: Float64Array;
  readonly value: number;
  readonly direction: Float64Array;
  readonly slope: number;
  /** The first length tried. */
  readonly first: number;
}

/** The first point along the line, of halved lengths, that lowers the value enough; undefined where float64 ends. */
function backtrack(objective: Objective, { x, value, direction, slope, first }: Line) {
  for (let length = first, tries = 0; tries < 40; tries++, length /= 2) {
    const to = x.map((entry, i) => entry + length * direction[i]!);
    const gradient = new Float64Array(x.length);
    const reached = objective(to, gradient);
    if (reached <= value + 1e-4 * length * slope) return { x: to, gradient, value: reached };
  }
  return undefined;
}

function addScaled(to: Float64Array, from: Float64Array, scale: number): void {
  for (let i = 0; i < to.length; i++) to[i]! += scale * from[i]!;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
