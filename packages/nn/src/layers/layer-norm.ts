import { layerNorm } from '@reelbert/engine';
import type * as tf from '@tensorflow/tfjs-core';

import type { Parameter, ParameterStore } from '../parameter-store.js';

/** Layer normalisation over the last axis (Ba et al. 2016), with `${prefix}weight` and `${prefix}bias`. */
export class LayerNorm {
  readonly #weight: Parameter;
  readonly #bias: Parameter;
  readonly #epsilon: number;

  constructor(store: ParameterStore, prefix: string, size: number, epsilon: number) {
    this.#weight = store.declare(`${prefix}weight`, [size], { kind: 'ones' });
    this.#bias = store.declare(`${prefix}bias`, [size], { kind: 'zeros' });
    this.#epsilon = epsilon;
  }

  /** `[..., size]` -> the same shape */
  forward<T extends tf.Tensor>(x: T): T {
    return layerNorm(x, this.#weight.value(), this.#bias.value(), this.#epsilon);
  }
}
