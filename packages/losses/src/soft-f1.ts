import * as tf from '@tensorflow/tfjs-core';

import { checkShape } from './check-shape.js';
import { labelIndicators } from './label-indicators.js';
import { weightedMean } from './weighted-mean.js';

export interface SoftF1Options {
  /** float32 or int32 `[batch]`: 0 = the row doesn't count. Default: all do. */
  readonly rowWeights?: tf.Tensor | undefined;
}

/**
 * One minus the batch's macro F1 with probabilities in place of decisions (Pastor-Pellicer et al. 2013, "F-Measure as
 * the Error Function to Train Neural Networks"): with sums over the rows, `F1_c = 2 sum(p_c y_c) / (sum(p_c) +
 * sum(y_c))`, and the loss is the mean of `1 - F1_c` over the classes that are some row's label; in [0, 1).
 *
 * It is a function of the batch as a whole, no mean over rows: batches should hold several rows of a class, and
 * accumulating gradients over parts of a batch isn't the same as taking it whole.
 *
 * @param logits `[batch, classes]`
 * @param labels int32 `[batch]`
 */
export function softF1Loss(
  logits: tf.Tensor2D,
  labels: tf.Tensor,
  { rowWeights = tf.ones(labels.shape) }: SoftF1Options = {},
): tf.Scalar {
  const truth = labelIndicators(logits, labels); // [batch, classes]
  checkShape('rowWeights', rowWeights, labels.shape);
  const weights = tf.expandDims(tf.cast(rowWeights, 'float32'), 1); // [batch, 1]
  const probabilities = tf.softmax(logits);
  const sum = (values: tf.Tensor) => tf.sum(tf.mul(values, weights), 0); // [classes]
  const [hits, predicted, actual] = [sum(tf.mul(probabilities, truth)), sum(probabilities), sum(truth)];
  const f1 = tf.div(tf.mul(2, hits), tf.maximum(tf.add(predicted, actual), 1e-12));
  return weightedMean(tf.sub(1, f1), tf.greater(actual, 0));
}
