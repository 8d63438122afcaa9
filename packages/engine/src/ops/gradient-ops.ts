import * as tf from '@tensorflow/tfjs-core';
import { typeAttribute } from '../raw-op.js';
import { registerOp, runOp } from './register-op.js';

// What is done with gradients once they are there; none of these has a gradient itself.
const halfSquaresOp = 'ReelbertHalfSumOfSquares';
const zeroUnlessOp = 'ReelbertZeroUnless';

registerOp(halfSquaresOp, {
  fused: (backend, { x }) => backend.executeSingleOutput(halfSquaresOp, [], [x!]),
  raw: (backend, { x }) =>
    backend.executeSingleOutput('L2Loss', [typeAttribute(backend, 'T', 'float32')], [x!]),
  composed: ({ x }) => tf.mul(tf.sum(tf.square(x!)), 0.5),
});

registerOp(zeroUnlessOp, {
  fused: (backend, { condition, x }) => backend.executeSingleOutput(zeroUnlessOp, [], [condition!, x!]),
  composed: ({ condition, x }) => tf.where(condition!, x!, tf.zerosLike(x!)),
});

/** The sum of the squares of all elements, in one pass over them. */
export function sumOfSquares(x: tf.Tensor): tf.Scalar {
  return tf.mul(runOp<tf.Tensor>(halfSquaresOp, { x }), 2) as tf.Scalar;
}

/** x itself where `condition` (a scalar) holds, else zeros, whatever x holds: zero times infinity is not zero. */
export function zeroUnless<T extends tf.Tensor>(condition: tf.Tensor, x: T): T {
  return runOp<T>(zeroUnlessOp, { condition, x });
}
