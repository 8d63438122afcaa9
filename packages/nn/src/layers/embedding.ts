import { gatherRows } from '@reelbert/engine';
import * as tf from '@tensorflow/tfjs-core';

import type { InitializerWithRow, Parameter, ParameterStore } from '../parameter-store.js';

/** A table of vectors, `${prefix}weight` `[rows, size]`. */
export class Embedding {
  readonly #weight: Parameter;

  constructor(
    store: ParameterStore,
    prefix: string,
    rows: number,
    size: number,
    initializer: InitializerWithRow,
  ) {
    this.#weight = store.declare(`${prefix}weight`, [rows, size], initializer);
  }

  /** The whole table, `[rows, size]`. */
  table(): tf.Tensor2D {
    return this.#weight.value() as tf.Tensor2D;
  }

  /** ids int32 `[...]` -> `[..., size]` */
  lookUp(ids: tf.Tensor): tf.Tensor {
    return gatherRows(this.table(), ids);
  }

  /** The first `count` rows, `[count, size]`. Throws if the table is shorter. */
  first(count: number): tf.Tensor2D {
    const [rows, size] = this.#weight.shape as [number, number];
    if (count > rows) {
      throw new RangeError(`'${this.#weight.name}' has ${rows} rows; a sequence of ${count} doesn't fit`);
    }
    return count === rows ? this.table() : tf.slice(this.table(), [0, 0], [count, size]);
  }
}
