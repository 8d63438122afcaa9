import * as tf from '@tensorflow/tfjs-core';
import { floatAttribute } from '../raw-op.js';
import { randomUniform, type KeyStream } from './random.js';
import { registerOp, runOp } from './register-op.js';

const dropoutOp = 'ReelbertDropout';
const dropoutAddOp = 'ReelbertDropoutAdd';

// 0 or 1 / (1 - rate)
const factors = (shape: readonly number[], key: tf.Tensor, rate: number): tf.Tensor =>
  tf.mul(tf.cast(tf.greaterEqual(randomUniform(shape, key), rate), 'float32'), 1 / (1 - rate));

registerOp(dropoutOp, {
  fused: (backend, { x, key }, { rate }) =>
    backend.executeSingleOutput(dropoutOp, [floatAttribute(backend, 'rate', rate as number)], [x!, key!]),
  composed: ({ x, key }, { rate }) => tf.mul(x!, factors(x!.shape, key!, rate as number)),
});

registerOp(dropoutAddOp, {
  fused: (backend, { x, residual, key }, { rate }) =>
    backend.executeSingleOutput(
      dropoutAddOp,
      [floatAttribute(backend, 'rate', rate as number)],
      [x!, residual!, key!],
    ),
  composed: ({ x, residual, key }, { rate }) =>
    tf.add(tf.mul(x!, factors(x!.shape, key!, rate as number)), residual!),
});

/** Elements set to zero with probability `rate`, chosen by the key, the others divided by `1 - rate`; no gradient. */
export function dropByKey(x: tf.Tensor, rate: number, key: tf.Tensor): tf.Tensor {
  return rate === 0 ? tf.clone(x) : runOp<tf.Tensor>(dropoutOp, { x, key }, { rate });
}

function checkRate(name: string, rate: number): void {
  if (!(rate >= 0 && rate < 1)) throw new Error(`${name}: rate must be in [0, 1), it is ${rate}.`);
}

/**
 * Sets each element to zero with probability `rate` and divides the others by `1 - rate`. What is dropped follows from
 * the key alone, so the gradient draws it anew and nothing is kept for it.
 * (tf.dropout draws each number in JavaScript and can't be recorded.)
 *
 * @param rate in `[0, 1)`.
 * @param keys where the mask's key comes from; `null` turns dropout off, as evaluation does.
 */
export function dropout<T extends tf.Tensor>(x: T, rate: number, keys: KeyStream | null): T {
  checkRate('dropout', rate);
  if (keys === null || rate === 0) return x;
  const key = keys.next();
  const apply = tf.customGrad((input: tf.Tensor | tf.GradSaveFunc, save: tf.Tensor | tf.GradSaveFunc) => {
    (save as tf.GradSaveFunc)([key]);
    return {
      value: dropByKey(input as tf.Tensor, rate, key),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => dropByKey(dy, rate, saved[0]!),
    };
  });
  return apply(x) as T;
}

/** `dropout(x) + residual`, both of one shape. */
export function dropoutAdd<T extends tf.Tensor>(x: T, residual: T, rate: number, keys: KeyStream | null): T {
  checkRate('dropoutAdd', rate);
  if (keys === null || rate === 0) return tf.add(x, residual);
  if (x.shape.join() !== residual.shape.join()) {
    const shapes = `x is [${x.shape.join(', ')}], residual [${residual.shape.join(', ')}]`;
    throw new Error(`dropoutAdd: both must have one shape, ${shapes}.`);
  }
  const key = keys.next();
  const apply = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [dropped, added] = args as tf.Tensor[];
    (args[2] as tf.GradSaveFunc)([key]);
    return {
      value: runOp<tf.Tensor>(dropoutAddOp, { x: dropped!, residual: added!, key }, { rate }),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [dropByKey(dy, rate, saved[0]!), tf.clone(dy)],
    };
  });
  return apply(x, residual) as T;
}
