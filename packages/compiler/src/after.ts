import * as tf from '@tensorflow/tfjs-core';

import { recordAfter, recordingBackend } from './recorder.js';

const kernelName = 'ReelbertAfter';

for (const backendName of ['tensorflow', 'wasm', 'cpu']) {
  tf.registerKernel({
    kernelName,
    backendName,
    kernelFunc: ({ inputs }) => tf.clone(inputs['x'] as tf.Tensor),
  });
}
tf.registerKernel({
  kernelName,
  backendName: recordingBackend,
  kernelFunc: ({ inputs }) => recordAfter(inputs['x'] as tf.Tensor, inputs['trigger'] as tf.Tensor),
});

/**
 * x itself, which in a recorded graph isn't there before `trigger` is. What is computed from it is computed then, a
 * second time if need be: without, TensorFlow would find the same computation in the forward pass and keep its result
 * in memory until the backward pass. It has no gradient, being meant for use in gradients.
 */
export function after<T extends tf.Tensor>(x: T, trigger: tf.Tensor): T {
  return tf.engine().runKernel(kernelName, { x, trigger } as unknown as tf.NamedTensorMap) as T;
}
