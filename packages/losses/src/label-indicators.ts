import * as tf from '@tensorflow/tfjs-core';

import { checkShape } from './check-shape.js';

/** float32 `[batch, classes]`: 1 at each row's label. Throws, naming the argument, where shapes or types don't fit. */
export function labelIndicators(logits: tf.Tensor2D, labels: tf.Tensor): tf.Tensor2D {
  checkShape('logits', logits, [null, null]);
  const [batch, classes] = logits.shape;
  checkShape('labels', labels, [batch]);
  if (labels.dtype !== 'int32') throw new Error(`labels must be int32, found ${labels.dtype}`);
  return tf.cast(tf.oneHot(labels, classes), 'float32') as tf.Tensor2D;
}
