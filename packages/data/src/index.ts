export { InputError, type InputErrorDetails } from './input-error.js';
export type { DType, NdArray, NdArrays } from './nd-array.js';
export { makeKey, Random } from './random.js';
export type { SpecialIds } from './special-ids.js';
