import { biasAdd, gelu, matMul } from '@reelbert/engine';
import type * as tf from '@tensorflow/tfjs-core';

import type { BertConfig } from './bert-config.js';
import { LayerNorm } from './layers/layer-norm.js';
import { Linear } from './layers/linear.js';
import type { Initializer, Parameter, ParameterStore } from './parameter-store.js';

export interface PredictionHeadOptions {
  /** Columns of the output: the vocabulary's size, or a feature's width. */
  readonly outputs: number;
  /** The decoder's weight is this table `[outputs, hidden]`; `decoder.weight` is then its second name. */
  readonly tiedTo?: Parameter;
  readonly initializer: Initializer | 'torch';
}

/**
 * BERT's head for predicting what was masked: dense, GELU, norm, decoder (Hugging Face's BertLMPredictionHead):
 * `${prefix}{transform.dense,transform.LayerNorm,decoder}.*` and `${prefix}bias`, whose second name is `decoder.bias`.
 */
export class PredictionHead {
  readonly #dense: Linear;
  readonly #norm: LayerNorm;
  readonly #decoder: Parameter;
  readonly #bias: Parameter;

  constructor(store: ParameterStore, prefix: string, config: BertConfig, options: PredictionHeadOptions) {
    const { hiddenSize, layerNormEps } = config;
    const { outputs, tiedTo, initializer } = options;
    this.#bias = store.declare(`${prefix}bias`, [outputs], { kind: 'zeros' });
    store.alias(`${prefix}decoder.bias`, `${prefix}bias`);
    this.#dense = new Linear(store, `${prefix}transform.dense.`, hiddenSize, hiddenSize, initializer);
    this.#norm = new LayerNorm(store, `${prefix}transform.LayerNorm.`, hiddenSize, layerNormEps);
    if (tiedTo && tiedTo.shape.join() !== [outputs, hiddenSize].join()) {
      throw new Error(
        `tiedTo must be [${outputs}, ${hiddenSize}], '${tiedTo.name}' is [${tiedTo.shape.join(', ')}]`,
      );
    }
    if (tiedTo) store.alias(`${prefix}decoder.weight`, tiedTo.name);
    this.#decoder = tiedTo ?? declareDecoder(store, prefix, hiddenSize, options);
  }

  /** states `[positions, hidden]` -> scores `[positions, outputs]` */
  forward(states: tf.Tensor2D): tf.Tensor2D {
    const transformed = this.#norm.forward(gelu(this.#dense.forward(states))) as tf.Tensor2D;
    const scores = matMul(transformed, this.#decoder.value() as tf.Tensor2D, false, true);
    return biasAdd(scores, this.#bias.value());
  }
}

function declareDecoder(
  store: ParameterStore,
  prefix: string,
  hiddenSize: number,
  { outputs, initializer }: PredictionHeadOptions,
): Parameter {
  const uniform = { kind: 'uniform', bound: hiddenSize ** -0.5 } as const;
  const init = initializer === 'torch' ? uniform : initializer;
  return store.declare(`${prefix}decoder.weight`, [outputs, hiddenSize], init);
}
