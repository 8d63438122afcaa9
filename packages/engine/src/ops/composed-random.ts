import * as tf from '@tensorflow/tfjs-core';

// Backends without TensorFlow compute where they are called, so a key may be read and numbers drawn in JavaScript.

// One round of a 32-bit avalanche hash (Ettinger's "lowbias32").
function scramble(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

function drawUniform(key: tf.Tensor, count: number): Float32Array {
  const [high, low] = key.dataSync<'int32'>();
  const numbers = new Float32Array(count);
  const seed = scramble(scramble(high! ^ 0x9e3779b9) ^ low!);
  for (let index = 0; index < count; index++) {
    const bits = scramble(seed ^ scramble(index + 0x85ebca6b));
    numbers[index] = (bits >>> 8) / 0x1000000; // 24 bits: exact in float32, below 1
  }
  return numbers;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Uniform in `[0, 1)` by hashing the key with each element's index. */
export function uniformFromKey(key: tf.Tensor, shape: readonly number[]): tf.Tensor {
  return tf.tensor(drawUniform(key, sizeOf(shape)), [...shape], 'float32');
}

/** Standard normal by the Box-Muller transform of two uniform numbers an element. */
export function normalFromKey(key: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const count = sizeOf(shape);
  const uniform = drawUniform(key, 2 * count);
  const numbers = new Float32Array(count);
  for (let index = 0; index < count; index++) {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform[2 * index]!));
    numbers[index] = radius * Math.cos(2 * Math.PI * uniform[2 * index + 1]!);
  }
  return tf.tensor(numbers, [...shape], 'float32');
}
