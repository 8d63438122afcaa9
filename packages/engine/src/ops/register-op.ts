import * as tf from '@tensorflow/tfjs-core';
import { hasKernels } from '../kernels.js';
import type { RawBackend } from '../raw-op.js';

export type OpInputs = Readonly<Record<string, tf.Tensor>>;
export type OpAttributes = Readonly<Record<string, unknown>>;

type RawOp = (backend: RawBackend, inputs: OpInputs, attributes: OpAttributes) => tf.Tensor | tf.Tensor[];

export interface OpImplementations {
  /** With one of this package's own operations, where they are loaded. */
  readonly fused?: RawOp;
  /** With TensorFlow's raw operations, sent to `backend`. */
  readonly raw?: RawOp;
  /** With ordinary tfjs operations, for whatever has no others. */
  readonly composed: (inputs: OpInputs, attributes: OpAttributes) => tf.Tensor | tf.Tensor[];
}

const composedBackends = ['cpu', 'wasm'] as const;

/** Registers an operation under one name with every backend. Done once, when the operation's module is imported. */
export function registerOp(name: string, { fused, raw, composed }: OpImplementations): void {
  tf.registerKernel({
    kernelName: name,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs, backend: active }) => {
      const backend = active as RawBackend;
      const op = fused && hasKernels(backend) ? fused : raw;
      const attributes = (attrs ?? {}) as OpAttributes;
      if (op) return op(backend, inputs as OpInputs, attributes);
      return tf.tidy(() => composed(inputs as OpInputs, attributes));
    },
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
