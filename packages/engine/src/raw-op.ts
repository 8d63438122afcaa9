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
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
}

/**
 * tfjs-node's backend, or one that behaves as it does (the compiler's recorder). Kernels take it from their arguments
 * and never keep it: the same kernel serves execution and recording.
 */
export interface RawBackend extends KernelBackend {
  readonly binding: Binding;
  executeSingleOutput(op: string, attributes: readonly OpAttribute[], inputs: readonly TensorInfo[]): Tensor;
  executeMultipleOutputs(
    op: string,
    attributes: readonly OpAttribute[],
    inputs: readonly TensorInfo[],
    outputs: number,
  ): Tensor[];
}

/** Attribute `name` holding the type code of `dtype`. */
export function typeAttribute(backend: RawBackend, name: string, dtype: 'float32' | 'int32'): OpAttribute {
  const { binding } = backend;
  return {
    name,
    type: binding.TF_ATTR_TYPE,
    value: dtype === 'float32' ? binding.TF_FLOAT : binding.TF_INT32,
  };
}

/** Attribute `name` holding an integer. */
export function intAttribute(backend: RawBackend, name: string, value: number): OpAttribute {
  return { name, type: backend.binding.TF_ATTR_INT, value };
}
