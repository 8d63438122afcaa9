import { biasAdd, matMul } from '@reelbert/engine';
import * as tf from '@tensorflow/tfjs-core';

import type { Initializer, Parameter, ParameterStore } from '../parameter-store.js';

export interface LinearOptions {
  readonly bias?: boolean;
}

/** `x weightᵀ + bias`; the weight lies as PyTorch's, `[out, in]`. */
export class Linear {
  readonly #weight: Parameter;
  readonly #bias: Parameter | undefined;

  /**
   * Declares `${prefix}weight` and `${prefix}bias`. Weights start by `initializer`, the bias at 0, except with
   * `'torch'`, PyTorch's own default: both uniform within 1/sqrt(in).
   */
  constructor(
    store: ParameterStore,
    prefix: string,
    inputs: number,
    outputs: number,
    initializer: Initializer | 'torch',
    { bias = true }: LinearOptions = {},
  ) {
    const uniform = { kind: 'uniform', bound: inputs ** -0.5 } as const;
    const torch = initializer === 'torch';
    this.#weight = store.declare(`${prefix}weight`, [outputs, inputs], torch ? uniform : initializer);
    if (bias) this.#bias = store.declare(`${prefix}bias`, [outputs], torch ? uniform : { kind: 'zeros' });
  }

  /** `[..., in]` -> `[..., out]`. Throws if the last axis isn't `in` wide. */
  forward(x: tf.Tensor): tf.Tensor {
    const weight = this.#weight.value() as tf.Tensor2D;
    const [outputs, inputs] = weight.shape;
    if (x.shape.at(-1) !== inputs) {
      throw new Error(`x must be [..., ${inputs}] for '${this.#weight.name}', found [${x.shape.join(', ')}]`);
    }
    const rows = tf.reshape(x, [-1, inputs]) as tf.Tensor2D;
    const product = matMul(rows, weight, false, true); // [rows, out]
    const shifted = this.#bias ? biasAdd(product, this.#bias.value()) : product;
    return tf.reshape(shifted, [...x.shape.slice(0, -1), outputs]);
  }
}
