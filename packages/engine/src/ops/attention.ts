import { after } from '@reelbert/compiler';
import * as tf from '@tensorflow/tfjs-core';
import { currentComputation } from '../computation.js';
import { floatAttribute } from '../raw-op.js';
import { dropByKey } from './dropout.js';
import { matMul } from './mat-mul.js';
import type { KeyStream } from './random.js';
import { registerOp, runOp } from './register-op.js';

const softmaxOp = 'ReelbertMaskedSoftmax';
const gradientOp = 'ReelbertMaskedSoftmaxGradient';

registerOp(softmaxOp, {
  fused: (backend, { scores, mask }, { scale }) =>
    backend.executeSingleOutput(
      softmaxOp,
      [floatAttribute(backend, 'scale', scale as number)],
      [scores!, mask!],
    ),
  composed: ({ scores, mask }, { scale }) => tf.softmax(tf.add(tf.mul(scores!, scale as number), mask!)),
});

registerOp(gradientOp, {
  fused: (backend, { y, dy, key }, { rate, scale }) =>
    backend.executeSingleOutput(
      gradientOp,
      [floatAttribute(backend, 'rate', rate as number), floatAttribute(backend, 'scale', scale as number)],
      [y!, dy!, key!],
    ),
  composed: ({ y, dy, key }, { rate, scale }) => {
    const slope = dropByKey(dy!, rate as number, key!);
    const along = tf.sum(tf.mul(slope, y!), -1, true);
    return tf.mul(tf.mul(y!, tf.sub(slope, along)), scale as number);
  },
});

export interface AttendOptions {
  /** Probability of dropping an attention weight, in `[0, 1)`; default 0. */
  readonly dropoutRate?: number;
  /** `null`, the default: no dropout. */
  readonly keys?: KeyStream | null;
}

/**
 * Scaled dot-product attention (Vaswani et al. 2017, section 3.2): `dropout(softmax(q kᵀ / sqrt(width) + mask)) v`.
 * What dropout did is drawn anew for the gradient from its key; of size `[queries, keys]` only the probabilities stay
 * in memory, or nothing (`withComputation`).
 *
 * @param query `[batch, heads, queries, width]`
 * @param key `[batch, heads, keys, width]`
 * @param value `[batch, heads, keys, width]`
 * @param mask added to the scores, `[batch or 1, 1, queries or 1, keys or 1]`; it has no gradient
 * @returns `[batch, heads, queries, width]`
 */
export function attend(
  query: tf.Tensor4D,
  key: tf.Tensor4D,
  value: tf.Tensor4D,
  mask: tf.Tensor4D,
  { dropoutRate = 0, keys = null }: AttendOptions = {},
): tf.Tensor4D {
  const { attention: policy } = currentComputation();
  const rate = keys === null ? 0 : dropoutRate;
  const dropKey = keys !== null && rate > 0 ? keys.next() : tf.zeros([2], 'int32');
  const scale = query.shape[3] ** -0.5;
  const softmax = (q: tf.Tensor4D, k: tf.Tensor4D, added: tf.Tensor): tf.Tensor4D =>
    runOp(softmaxOp, { scores: matMul(q, k, false, true), mask: added }, { scale });

  const apply = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [q, k, v] = args as tf.Tensor4D[];
    const probabilities = softmax(q!, k!, mask);
    const kept = policy === 'keep' ? probabilities : mask;
    (args[3] as tf.GradSaveFunc)([q!, k!, v!, kept, dropKey]);
    return {
      value: matMul(dropByKey(probabilities, rate, dropKey), v!),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [q, k, v, kept, dropKey] = saved as [
          tf.Tensor4D,
          tf.Tensor4D,
          tf.Tensor4D,
          tf.Tensor4D,
          tf.Tensor,
        ];
        // Not before the gradient is there, else the graph's optimiser would keep the forward pass's.
        const again = policy === 'keep' ? after(kept, dy) : softmax(after(q, dy), k, kept);
        const dValue = matMul(dropByKey(again, rate, dropKey), dy as tf.Tensor4D, true, false);
        const dDropped = matMul(dy as tf.Tensor4D, v, false, true);
        const dScores = runOp<tf.Tensor4D>(
          gradientOp,
          { y: again, dy: dDropped, key: dropKey },
          { rate, scale },
        );
        return [matMul(dScores, k), matMul(dScores, q, true, false), dValue];
      },
    };
  });
  return apply(query, key, value) as tf.Tensor4D;
}
