import { biasAdd, gelu, matMul, recompute } from '@reelbert/engine';
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

  /** `forward(gelu(x))`; for the gradient x is kept and its GELU, as wide as a layer gets, computed again. */
  forwardGelu(x: tf.Tensor): tf.Tensor {
    this.#checkWidth(x);
    const weight = this.#weight.value() as tf.Tensor2D;
    const bias = this.#bias!.value();
    return recompute(
      ([input, w, b]) => this.#apply(gelu(input!), w as tf.Tensor2D, b),
      [x, weight, bias],
      [],
    );
  }

  /** `[..., in]` -> `[..., out]`. Throws if the last axis isn't `in` wide. */
  forward(x: tf.Tensor): tf.Tensor {
    this.#checkWidth(x);
    return this.#apply(x, this.#weight.value() as tf.Tensor2D, this.#bias?.value());
  }

  #checkWidth(x: tf.Tensor): void {
    const inputs = this.#weight.shape[1];
    if (x.shape.at(-1) === inputs) return;
    throw new Error(`x must be [..., ${inputs}] for '${this.#weight.name}', found [${x.shape.join(', ')}]`);
  }

  #apply(x: tf.Tensor, weight: tf.Tensor2D, bias: tf.Tensor | undefined): tf.Tensor {
    const [outputs, inputs] = weight.shape;
    const rows = tf.reshape(x, [-1, inputs]) as tf.Tensor2D;
    const product = matMul(rows, weight, false, true); // [rows, out]
    const shifted = bias ? biasAdd(product, bias) : product;
    return tf.reshape(shifted, [...x.shape.slice(0, -1), outputs]);
  }
}
