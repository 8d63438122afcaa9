import type * as tf from '@tensorflow/tfjs-core';

/** Throws, naming the argument, unless the tensor has this shape; `null` stands for any extent. */
export function checkShape(name: string, tensor: tf.Tensor, shape: readonly (number | null)[]): void {
  const fits =
    tensor.rank === shape.length &&
    shape.every((extent, axis) => extent === null || extent === tensor.shape[axis]);
  if (fits) return;
  const wanted = shape.map((extent) => extent ?? 'any').join(', ');
  throw new Error(`${name} must be of shape [${wanted}], found [${tensor.shape.join(', ')}]`);
}
