import * as tf from '@tensorflow/tfjs-core';
import { stringAttribute, typeAttribute, type RawBackend } from '../raw-op.js';
import { registerOp, runOp } from './register-op.js';

const addOp = 'ReelbertBiasAdd';
const gradientOp = 'ReelbertBiasAddGradient';

const attributesOf = (backend: RawBackend) => [
  typeAttribute(backend, 'T', 'float32'),
  stringAttribute(backend, 'data_format', 'NHWC'),
];

registerOp(addOp, {
  raw: (backend, { x, bias }) => backend.executeSingleOutput('BiasAdd', attributesOf(backend), [x!, bias!]),
  composed: ({ x, bias }) => tf.add(x!, bias!),
});

registerOp(gradientOp, {
  fused: (backend, { dy, bias }) => backend.executeSingleOutput('ReelbertColumnSums', [], [dy!, bias!]),
  raw: (backend, { dy }) => backend.executeSingleOutput('BiasAddGrad', attributesOf(backend), [dy!]),
  composed: ({ dy }) => tf.sum(dy!, 0),
});

/** x `[rows, out]` + bias `[out]`; TensorFlow adds it while it computes a product, or in its memory. */
export function biasAdd(x: tf.Tensor2D, bias: tf.Tensor): tf.Tensor2D {
  if (bias.rank !== 1 || bias.shape[0] !== x.shape[1]) {
    throw new Error(`biasAdd: bias must be [${x.shape[1]}], it is [${bias.shape.join(', ')}].`);
  }
  const apply = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [rows, shift] = args as tf.Tensor[];
    (args[2] as tf.GradSaveFunc)([shift!]);
    return {
      value: runOp<tf.Tensor>(addOp, { x: rows!, bias: shift! }),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [
        tf.clone(dy),
        runOp<tf.Tensor>(gradientOp, { dy, bias: saved[0]! }),
      ],
    };
  });
  return apply(x, bias) as tf.Tensor2D;
}
