import type { KernelBackend, Tensor, TensorInfo } from '@tensorflow/tfjs-core';

/** An attribute of a TensorFlow operation as tfjs's binding takes it. */
export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** The part of tfjs-node's binding that a raw operation needs: the codes of attribute kinds and of data types. */
interface Binding {
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
}

/**
 * tfjs-node's backend, or one that behaves as it does (the compiler's recorder). Kernels take it from their arguments
 * and never keep it: the same kernel serves execution and recording.
 */
export interface RawBackend extends KernelBackend {
  readonly binding: Binding;
  readonly isUsingGpuDevice: boolean;
  executeSingleOutput(op: string, attributes: readonly OpAttribute[], inputs: readonly TensorInfo[]): Tensor;
  executeMultipleOutputs(
    op: string,
    attributes: readonly OpAttribute[],
    inputs: readonly TensorInfo[],
    outputs: number,
  ): Tensor[];
}

/** Attribute `name` holding the type code of `dtype`. */
export function typeAttribute(
  backend: RawBackend,
  name: string,
  dtype: 'float32' | 'int32' | 'bfloat16',
): OpAttribute {
  const { binding } = backend;
  const codes = { float32: binding.TF_FLOAT, int32: binding.TF_INT32, bfloat16: 14 }; // tf_datatype.h
  return { name, type: binding.TF_ATTR_TYPE, value: codes[dtype] };
}

/** Attribute `name` holding an integer. */
export function intAttribute(backend: RawBackend, name: string, value: number): OpAttribute {
  return { name, type: backend.binding.TF_ATTR_INT, value };
}

/** Attribute `name` holding a float32. */
export function floatAttribute(backend: RawBackend, name: string, value: number): OpAttribute {
  return { name, type: backend.binding.TF_ATTR_FLOAT, value };
}

/** Attribute `name` holding a boolean. */
export function boolAttribute(backend: RawBackend, name: string, value: boolean): OpAttribute {
  return { name, type: backend.binding.TF_ATTR_BOOL, value };
}

/** Attribute `name` holding a text. */
export function stringAttribute(backend: RawBackend, name: string, value: string): OpAttribute {
  return { name, type: backend.binding.TF_ATTR_STRING, value };
}
