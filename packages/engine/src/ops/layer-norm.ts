import * as tf from '@tensorflow/tfjs-core';

// Rows of x with mean 0 and variance 1, and the factor that made the variance so: [..., hidden], [..., 1]
function normalise(x: tf.Tensor, epsilon: number): { normal: tf.Tensor; scale: tf.Tensor } {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon));
  return { normal: tf.mul(centred, scale), scale };
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
 * variance (Ba et al. 2016, section 3). Its gradient is computed from x and gamma alone: op by op, none of the
 * intermediate values stays in memory for it. (In a recorded graph, TensorFlow's optimiser may merge the
 * recomputation with the forward pass.)
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
      value: tf.add(tf.mul(normalise(input!, epsilon).normal, weight!), bias!),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => layerNormGradient(dy, saved[0]!, saved[1]!, epsilon),
    };
  });
  return apply(x, gamma, beta) as T;
}

// Of x, gamma and beta.
function layerNormGradient(dy: tf.Tensor, x: tf.Tensor, gamma: tf.Tensor, epsilon: number): tf.Tensor[] {
  const { normal, scale } = normalise(x, epsilon);
  const rows = x.shape.slice(0, -1).map((_size, axis) => axis);
  const dNormal = tf.mul(dy, gamma); // [..., hidden]
  const alongNormal = tf.mul(normal, tf.mean(tf.mul(dNormal, normal), -1, true));
  const dx = tf.mul(scale, tf.sub(tf.sub(dNormal, tf.mean(dNormal, -1, true)), alongNormal));
  return [dx, tf.sum(tf.mul(dy, normal), rows), tf.sum(dy, rows)];
}
