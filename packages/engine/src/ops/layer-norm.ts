import { after } from '@reelbert/compiler';
import * as tf from '@tensorflow/tfjs-core';
import { floatAttribute } from '../raw-op.js';
import { registerOp, runOp } from './register-op.js';

const normOp = 'ReelbertLayerNorm';
const gradientOp = 'ReelbertLayerNormGradient';

registerOp(normOp, {
  fused: (backend, { x, gamma, beta }, { epsilon }) =>
    backend.executeSingleOutput(
      normOp,
      [floatAttribute(backend, 'epsilon', epsilon as number)],
      [x!, gamma!, beta!],
    ),
  composed: ({ x, gamma, beta }, { epsilon }) =>
    tf.add(tf.mul(normalise(x!, epsilon as number).normal, gamma!), beta!),
});

registerOp(gradientOp, {
  fused: (backend, { x, gamma, dy }, { epsilon }) =>
    backend.executeMultipleOutputs(
      gradientOp,
      [floatAttribute(backend, 'epsilon', epsilon as number)],
      [x!, gamma!, dy!],
      3,
    ),
  composed: ({ x, gamma, dy }, { epsilon }) => composedGradient(x!, gamma!, dy!, epsilon as number),
});

// Rows of x with mean 0 and variance 1, and the factor that made the variance so: [..., hidden], [..., 1]
function normalise(x: tf.Tensor, epsilon: number): { normal: tf.Tensor; scale: tf.Tensor } {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon));
  return { normal: tf.mul(centred, scale), scale };
}

// Of x, gamma and beta.
function composedGradient(x: tf.Tensor, gamma: tf.Tensor, dy: tf.Tensor, epsilon: number): tf.Tensor[] {
  const { normal, scale } = normalise(x, epsilon);
  const rows = x.shape.slice(0, -1).map((_size, axis) => axis);
  const dNormal = tf.mul(dy, gamma); // [..., hidden]
  const alongNormal = tf.mul(normal, tf.mean(tf.mul(dNormal, normal), -1, true));
  const dx = tf.mul(scale, tf.sub(tf.sub(dNormal, tf.mean(dNormal, -1, true)), alongNormal));
  return [dx, tf.sum(tf.mul(dy, normal), rows), tf.sum(dy, rows)];
}

function checkWeight(name: string, weight: tf.Tensor, hidden: number | undefined): void {
  if (weight.rank !== 1 || weight.shape[0] !== hidden) {
    throw new Error(
      `layerNorm: ${name} must be [${hidden}] as the last axis of x, its shape is [${weight.shape.join(', ')}].`,
    );
  }
}

/**
 * Layer normalisation over the last axis, `(x - mean) / sqrt(variance + epsilon) * gamma + beta` with the biased
 * variance (Ba et al. 2016, section 3). Its gradient is computed from x and gamma alone: none of the intermediate
 * values stays in memory for it.
 *
 * @param x `[..., hidden]`.
 * @param gamma `[hidden]`.
 * @param beta `[hidden]`.
 */
export function layerNorm<T extends tf.Tensor>(x: T, gamma: tf.Tensor, beta: tf.Tensor, epsilon: number): T {
  const hidden = x.shape.at(-1);
  checkWeight('gamma', gamma, hidden);
  checkWeight('beta', beta, hidden);
  const apply = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [input, weight, bias] = args as tf.Tensor[];
    const save = args[3] as tf.GradSaveFunc;
    save([input!, weight!]);
    return {
      value: runOp<tf.Tensor>(normOp, { x: input!, gamma: weight!, beta: bias! }, { epsilon }),
      gradFunc: (dy: tf.Tensor, [kept, scales]: tf.Tensor[]) =>
        runOp<tf.Tensor[]>(gradientOp, { x: after(kept!, dy), gamma: scales!, dy }, { epsilon }),
    };
  });
  return apply(x, gamma, beta) as T;
}
