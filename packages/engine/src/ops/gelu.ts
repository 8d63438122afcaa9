import { after } from '@reelbert/compiler';
import * as tf from '@tensorflow/tfjs-core';
import { boolAttribute, type RawBackend } from '../raw-op.js';
import { registerOp, runOp } from './register-op.js';

const geluOp = 'ReelbertGelu';
const gradientOp = 'ReelbertGeluGradient';

// P(standard normal <= x)
const cumulative = (x: tf.Tensor): tf.Tensor => tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
const density = (x: tf.Tensor): tf.Tensor =>
  tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
const steepness = 1.702;

const quickAttribute = (backend: RawBackend, quick: unknown) => [
  boolAttribute(backend, 'quick', quick === true),
];

registerOp(geluOp, {
  fused: (backend, { x }, { quick }) =>
    backend.executeSingleOutput(geluOp, quickAttribute(backend, quick), [x!]),
  composed: ({ x }, { quick }) => {
    return tf.mul(x!, quick ? tf.sigmoid(tf.mul(x!, steepness)) : cumulative(x!));
  },
});

registerOp(gradientOp, {
  fused: (backend, { x, dy }, { quick }) =>
    backend.executeSingleOutput(gradientOp, quickAttribute(backend, quick), [x!, dy!]),
  composed: ({ x, dy }, { quick }) => {
    if (!quick) return tf.mul(dy!, tf.add(cumulative(x!), tf.mul(x!, density(x!))));
    const sigmoid = tf.sigmoid(tf.mul(x!, steepness));
    return tf.mul(dy!, tf.mul(sigmoid, tf.add(1, tf.mul(tf.mul(x!, steepness), tf.sub(1, sigmoid)))));
  },
});

// The gradient is computed from x alone: nothing else stays in memory for it.
function activation<T extends tf.Tensor>(x: T, quick: boolean): T {
  const apply = tf.customGrad((input: tf.Tensor | tf.GradSaveFunc, save: tf.Tensor | tf.GradSaveFunc) => {
    (save as tf.GradSaveFunc)([input as tf.Tensor]);
    return {
      value: runOp<tf.Tensor>(geluOp, { x: input as tf.Tensor }, { quick }),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
        runOp<tf.Tensor>(gradientOp, { x: after(saved[0]!, dy), dy }, { quick }),
    };
  });
  return apply(x) as T;
}

/** Gaussian error linear unit in its exact form, `x * P(normal <= x)` (Hendrycks & Gimpel 2016, section 2). */
export function gelu<T extends tf.Tensor>(x: T): T {
  return activation(x, false);
}

/** `x * sigmoid(1.702 x)`, the cheap approximation of GELU (same paper, section 2) that CLIP uses. */
export function quickGelu<T extends tf.Tensor>(x: T): T {
  return activation(x, true);
}
