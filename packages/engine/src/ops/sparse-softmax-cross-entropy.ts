import * as tf from '@tensorflow/tfjs-core';
import { typeAttribute } from '../raw-op.js';
import { registerOp, runOp } from './register-op.js';

const op = 'ReelbertSparseSoftmaxCrossEntropy';

registerOp(op, {
  raw: (backend, { logits, labels }) =>
    backend.executeMultipleOutputs(
      'SparseSoftmaxCrossEntropyWithLogits',
      [typeAttribute(backend, 'T', 'float32'), typeAttribute(backend, 'Tlabels', 'int32')],
      [logits!, labels!],
      2,
    ),
  composed: ({ logits, labels }) => {
    const classes = logits!.shape[1]!;
    const logProbabilities = tf.logSoftmax(logits!); // [rows, classes]
    const chosen = tf.cast(tf.oneHot(labels!, classes), 'float32'); // [rows, classes]
    const loss = tf.neg(tf.sum(tf.mul(logProbabilities, chosen), 1)); // [rows]
    return [loss, tf.sub(tf.exp(logProbabilities), chosen)];
  },
});

/**
 * Cross-entropy of each row's softmax with its true class: `-log softmax(logits)[label]`, in `[0, inf)`.
 * TensorFlow computes loss and gradient (`softmax - onehot`) in one operation; nothing of size `[rows, classes]` but
 * that gradient is kept.
 *
 * @param logits `[rows, classes]` float32.
 * @param labels `[rows]` int32, each in `[0, classes)`; give rows that don't count any valid label and weight them 0.
 * @returns `[rows]`, not reduced.
 */
export function sparseSoftmaxCrossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  if (logits.rank !== 2) {
    throw new Error(
      `sparseSoftmaxCrossEntropy: logits must be [rows, classes], their shape is [${logits.shape.join(', ')}].`,
    );
  }
  if (labels.dtype !== 'int32' || labels.rank !== 1 || labels.shape[0] !== logits.shape[0]) {
    throw new Error(
      `sparseSoftmaxCrossEntropy: labels must be int32 [${logits.shape[0]}], they are ${labels.dtype} [${labels.shape.join(', ')}].`,
    );
  }
  const rowLoss = tf.customGrad((x: tf.Tensor | tf.GradSaveFunc, save: tf.Tensor | tf.GradSaveFunc) => {
    const [loss, gradient] = runOp<tf.Tensor[]>(op, { logits: x as tf.Tensor, labels });
    (save as tf.GradSaveFunc)([gradient!]);
    return {
      value: loss!,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(tf.expandDims(dy, 1), saved[0]!),
    };
  });
  return rowLoss(logits) as tf.Tensor1D;
}
