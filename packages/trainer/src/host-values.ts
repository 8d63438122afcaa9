import type { HostTensor } from '@reelbert/compiler';

/** A float32 scalar, for a program's inputs or variables. */
export function hostScalar(value: number): HostTensor {
  return { dtype: 'float32', shape: [], data: Float32Array.of(value) };
}

/** Zeros of type float32. */
export function hostZeros(shape: readonly number[]): HostTensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return { dtype: 'float32', shape, data: new Float32Array(size) };
}
