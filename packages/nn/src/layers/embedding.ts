import { gatherRows } from '@reelbert/engine';
import * as tf from '@tensorflow/tfjs-core';

import type { InitializerWithRow, Parameter, ParameterStore } from '../parameter-store.js';

/**
 * A table of vectors, `${prefix}weight` `[rows, size]`. A row that starts at zero (`zeroRow`) is a padding row: looking
 * it up gives it no gradient, as torch's `padding_idx`.
 */
export class Embedding {
  readonly weight: Parameter;
  readonly #paddingRow: number | undefined;

  constructor(
    store: ParameterStore,
    prefix: string,
    rows: number,
    size: number,
    initializer: InitializerWithRow,
  ) {
    this.#paddingRow = initializer.zeroRow;
    this.weight = store.declare(`${prefix}weight`, [rows, size], initializer);
  }

  /** The whole table, `[rows, size]`. */
  table(): tf.Tensor2D {
    return this.weight.value() as tf.Tensor2D;
  }

  /** ids int32 `[...]` -> `[..., size]` */
  lookUp(ids: tf.Tensor): tf.Tensor {
    const vectors = gatherRows(this.table(), ids);
    if (this.#paddingRow === undefined) return vectors;
    const real = tf.cast(tf.notEqual(ids, tf.scalar(this.#paddingRow, 'int32')), 'float32');
    return keepGradientWhere(tf.expandDims(real, -1), vectors);
  }

  /** The first `count` rows, `[count, size]`. Throws if the table is shorter. */
  first(count: number): tf.Tensor2D {
    const [rows, size] = this.weight.shape as [number, number];
    if (count > rows) {
      throw new RangeError(`'${this.weight.name}' has ${rows} rows; a sequence of ${count} doesn't fit`);
    }
    return count === rows ? this.table() : tf.slice(this.table(), [0, 0], [count, size]);
  }
}

// x itself; its gradient is multiplied by `keep`, 0 or 1, broadcast
function keepGradientWhere(keep: tf.Tensor, x: tf.Tensor): tf.Tensor {
  const apply = tf.customGrad((input: tf.Tensor | tf.GradSaveFunc, save: tf.Tensor | tf.GradSaveFunc) => {
    (save as tf.GradSaveFunc)([keep]);
    return {
      value: tf.clone(input as tf.Tensor),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, saved[0]!),
    };
  });
  return apply(x);
}
