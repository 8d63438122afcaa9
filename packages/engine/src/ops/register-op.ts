import * as tf from '@tensorflow/tfjs-core';
import type { RawBackend } from '../raw-op.js';

export type OpInputs = Readonly<Record<string, tf.Tensor>>;
export type OpAttributes = Readonly<Record<string, unknown>>;

export interface OpImplementations {
  /** With raw TensorFlow operations, sent to `backend`. */
  readonly raw: (backend: RawBackend, inputs: OpInputs, attributes: OpAttributes) => tf.Tensor | tf.Tensor[];
  /** With ordinary tfjs operations, for the backends that have no raw ones. */
  readonly composed: (inputs: OpInputs, attributes: OpAttributes) => tf.Tensor | tf.Tensor[];
}

const composedBackends = ['cpu', 'wasm'] as const;

/** Registers an operation under one name with every backend. Done once, when the operation's module is imported. */
export function registerOp(name: string, { raw, composed }: OpImplementations): void {
  tf.registerKernel({
    kernelName: name,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs, backend }) =>
      raw(backend as RawBackend, inputs as OpInputs, (attrs ?? {}) as OpAttributes),
  });
  for (const backendName of composedBackends) {
    tf.registerKernel({
      kernelName: name,
      backendName,
      kernelFunc: ({ inputs, attrs }) =>
        tf.tidy(() => composed(inputs as OpInputs, (attrs ?? {}) as OpAttributes)),
    });
  }
}

/** Runs a registered operation on the active backend. */
export function runOp<T extends tf.Tensor | tf.Tensor[]>(
  name: string,
  inputs: OpInputs,
  attributes: OpAttributes = {},
): T {
  return tf
    .engine()
    .runKernel(
      name,
      inputs as tf.NamedTensorMap,
      attributes as Parameters<ReturnType<typeof tf.engine>['runKernel']>[2],
    ) as T;
}
