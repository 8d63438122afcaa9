import * as tf from '@tensorflow/tfjs-core';

type Scalar = (x: tf.Tensor) => tf.Tensor;

/**
 * The gradient of `sum(weights * f(x))` by central differences, `weights` being fixed and uneven so that a wrong
 * sign or a transposed axis shows.
 */
export async function gradients(
  f: Scalar,
  x: tf.Tensor,
  step = 1e-2,
): Promise<{ analytic: number[]; numeric: number[] }> {
  const loss: Scalar = (input) => {
    const y = f(input);
    const weights = Array.from({ length: y.size }, (_value, index) => Math.sin(index + 1) + 0.3);
    return tf.sum(tf.mul(y, tf.tensor(weights, y.shape)));
  };
  const values = Array.from(await x.data());
  const at = (index: number, delta: number): number => {
    const moved = values.map((value, i) => (i === index ? value + delta : value));
    return loss(tf.tensor(moved, x.shape)).dataSync()[0]!;
  };
  const numeric = values.map((_value, index) => (at(index, step) - at(index, -step)) / (2 * step));
  const analytic = Array.from(await tf.grad(loss)(x).data());
  return { analytic, numeric };
}

/** The largest difference of two lists, relative to the largest element of the second. */
export function distance(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let difference = 0;
  let largest = 1e-6;
  for (let index = 0; index < expected.length; index++) {
    difference = Math.max(difference, Math.abs(actual[index]! - expected[index]!));
    largest = Math.max(largest, Math.abs(expected[index]!));
  }
  return difference / largest;
}

/** Fixed, uneven values in about [-1.5, 1.5]. */
export function uneven(shape: number[], phase = 0): tf.Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.tensor(
    Array.from({ length: size }, (_value, index) => 1.5 * Math.sin(1.7 * index + phase)),
    shape,
  );
}
