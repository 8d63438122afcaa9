/** The element types of arrays that batches and files hold. */
export type DType = 'float32' | 'int32' | 'bool';

/** A typed array with a shape, row-major; `bool` as 0 or 1 in a `Uint8Array`. */
export interface NdArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

export type NdArrays = Readonly<Record<string, NdArray>>;
