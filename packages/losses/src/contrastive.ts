import { sparseSoftmaxCrossEntropy } from '@reelbert/engine';
import * as tf from '@tensorflow/tfjs-core';

import { checkShape } from './check-shape.js';
import { l2Normalise } from './l2-normalise.js';
import { weightedMean } from './weighted-mean.js';

export interface ContrastiveOptions {
  /** Factor on the cosines: the inverse of a temperature. */
  readonly scale: tf.Scalar | number;
  /** float32 or int32 `[batch]`: 0 = the row is no part of the batch. Default: all are. */
  readonly rowWeights?: tf.Tensor | undefined;
  /** int32 `[batch]`: two rows of one group aren't each other's negatives. Default: all differ. */
  readonly groups?: tf.Tensor | undefined;
}

export interface ContrastiveLosses {
  /** Each row of `a` among all of `b`: the mean cross-entropy, in [0, inf). */
  readonly aToB: tf.Scalar;
  /** Each row of `b` among all of `a`. */
  readonly bToA: tf.Scalar;
}

/**
 * Contrast of matching pairs within a batch (Radford et al. 2021, figure 3): cross-entropies of
 * `S = scale * cos(a_i, b_j)` by rows and by columns, the diagonal being right. With n rows and all alike each is
 * log n. CLIP's loss is their mean; the reference's title contrast (ICT) is their sum at scale 1.
 *
 * @param a `[batch, dim]`, any length
 * @param b `[batch, dim]`
 */
export function contrastiveLosses(
  a: tf.Tensor2D,
  b: tf.Tensor2D,
  options: ContrastiveOptions,
): ContrastiveLosses {
  const { rowWeights, groups } = options;
  const [batch] = a.shape;
  checkShape('a', a, [null, null]);
  checkShape('b', b, a.shape);
  if (rowWeights) checkShape('rowWeights', rowWeights, [batch]);
  if (groups) checkShape('groups', groups, [batch]);
  const cosines = tf.matMul(l2Normalise(a), l2Normalise(b), false, true); // [batch, batch]
  const excluded = exclusions(batch, options);
  const scaled = tf.mul(cosines, options.scale);
  const similarities = (excluded ? tf.add(scaled, tf.mul(excluded, -1e8)) : scaled) as tf.Tensor2D;
  const labels = tf.range(0, batch, 1, 'int32');
  const weights = rowWeights ?? tf.ones([batch]);
  const direction = (scores: tf.Tensor2D) => weightedMean(sparseSoftmaxCrossEntropy(scores, labels), weights);
  return { aToB: direction(similarities), bToA: direction(tf.transpose(similarities)) };
}

// float32 [batch, batch]: 1 where a pair must not count as a negative; the diagonal always counts.
function exclusions(batch: number, { rowWeights, groups }: ContrastiveOptions): tf.Tensor | undefined {
  if (!rowWeights && !groups) return undefined;
  let excluded: tf.Tensor = tf.zeros([batch, batch]);
  if (groups) {
    const same = tf.equal(tf.expandDims(groups, 1), tf.expandDims(groups, 0));
    excluded = tf.cast(same, 'float32');
  }
  if (rowWeights) {
    const real = tf.cast(tf.greater(rowWeights, 0), 'float32');
    const both = tf.mul(tf.expandDims(real, 1), tf.expandDims(real, 0));
    excluded = tf.maximum(excluded, tf.sub(1, both));
  }
  return tf.mul(excluded, tf.sub(1, diagonal(batch)));
}

function diagonal(batch: number): tf.Tensor {
  const numbers = tf.range(0, batch, 1, 'int32');
  return tf.cast(tf.equal(tf.expandDims(numbers, 1), tf.expandDims(numbers, 0)), 'float32');
}
