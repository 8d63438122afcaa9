import * as tf from '@tensorflow/tfjs-core';

/** The element types that cross the boundary of a program. */
export type DType = 'float32' | 'int32' | 'bool';

/** A tensor in JavaScript's memory: row-major `data`, `bool` as 0 or 1 in a `Uint8Array`. */
export interface HostTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

export type HostTensors = Readonly<Record<string, HostTensor>>;

/** Shape and type of one input, without data. */
export interface TensorSpec {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

export type Signature = Readonly<Record<string, TensorSpec>>;

const arrayTypes = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

/** Throws a `TypeError` naming `label` unless the data's type and length fit `dtype` and `shape`. */
export function checkHostTensor(label: string, tensor: HostTensor): void {
  const size = tensor.shape.reduce((product, extent) => product * extent, 1);
  const arrayType = arrayTypes[tensor.dtype];
  if (!(tensor.data instanceof arrayType)) {
    throw new TypeError(`${label}: ${tensor.dtype} data must be a ${arrayType.name}`);
  }
  if (tensor.data.length !== size) {
    throw new TypeError(
      `${label}: shape [${tensor.shape.join(', ')}] needs ${size} elements, found ${tensor.data.length}`,
    );
  }
}

/** One line that two inputs share exactly when the same recording serves both. */
export function signatureKey(signature: Signature): string {
  return Object.keys(signature)
    .sort()
    .map((name) => `${name}:${signature[name]!.dtype}[${signature[name]!.shape.join(',')}]`)
    .join(' ');
}

/** A tfjs tensor of the active backend with a copy of the host's data. */
export function toTensor(host: HostTensor): tf.Tensor {
  return tf.tensor(host.data.slice(), [...host.shape], host.dtype);
}

/** Reads a tfjs tensor back; the tensor stays alive. */
export async function toHost(tensor: tf.Tensor): Promise<HostTensor> {
  const data = (await tensor.data()) as Float32Array | Int32Array | Uint8Array;
  return { dtype: tensor.dtype as DType, shape: [...tensor.shape], data: data.slice() };
}
