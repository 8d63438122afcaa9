import * as tf from '@tensorflow/tfjs-core';

/** Fixed, uneven values in about [-1.5, 1.5]. */
export function uneven(shape: readonly number[], phase = 0): tf.Tensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const values = Array.from({ length: size }, (_, i) => 1.5 * Math.sin(1.7 * i + phase));
  return tf.tensor(values, [...shape]);
}

/** The gradient of a scalar function of a tensor, and the same by central differences. */
export function gradients(
  f: (x: tf.Tensor) => tf.Scalar,
  x: tf.Tensor,
): { analytic: number[]; numeric: number[] } {
  const values = Array.from(x.dataSync());
  const step = 1e-2;
  const at = (index: number, by: number) => {
    const moved = values.map((value, i) => (i === index ? value + by : value));
    return f(tf.tensor(moved, x.shape)).dataSync()[0]!;
  };
  const numeric = values.map((_, i) => (at(i, step) - at(i, -step)) / (2 * step));
  return { analytic: Array.from(tf.grad(f)(x).dataSync()), numeric };
}

/** The largest difference of two lists, in units of the second's largest value. */
export function distance(found: readonly number[], expected: readonly number[]): number {
  if (found.length !== expected.length) return Infinity;
  const largest = Math.max(...expected.map(Math.abs), 1e-3);
  return Math.max(...expected.map((value, i) => Math.abs(value - found[i]!))) / largest;
}
