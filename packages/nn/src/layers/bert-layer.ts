import { currentComputation, dropoutAdd, recompute, type KeyStream } from '@reelbert/engine';
import type * as tf from '@tensorflow/tfjs-core';

import type { BertConfig } from '../bert-config.js';
import type { ParameterStore } from '../parameter-store.js';
import { attention } from './attention.js';
import { LayerNorm } from './layer-norm.js';
import { Linear } from './linear.js';

type LayerConfig = Omit<BertConfig, 'vocabSize'>;

/** Queries, keys and values of BERT: `${prefix}{query,key,value}.*`. */
export class BertSelfAttention {
  readonly #query: Linear;
  readonly #key: Linear;
  readonly #value: Linear;
  readonly #config: LayerConfig;

  constructor(store: ParameterStore, prefix: string, config: LayerConfig) {
    const { hiddenSize, initializerRange: std } = config;
    const linear = (name: string) =>
      new Linear(store, `${prefix}${name}.`, hiddenSize, hiddenSize, { kind: 'normal', std });
    this.#query = linear('query');
    this.#key = linear('key');
    this.#value = linear('value');
    this.#config = config;
  }

  /** x `[batch, queries, hidden]` attends to context `[batch, keys, hidden]` -> `[batch, queries, hidden]` */
  forward(x: tf.Tensor, context: tf.Tensor, mask: tf.Tensor4D | null, keys: KeyStream | null): tf.Tensor3D {
    const { numAttentionHeads, attentionProbsDropoutProb: dropoutRate } = this.#config;
    return attention(
      this.#query.forward(x),
      this.#key.forward(context),
      this.#value.forward(context),
      mask,
      numAttentionHeads,
      { dropoutRate, keys },
    );
  }
}

/** What follows attention and feed-forward in BERT: dense, dropout, residual, norm: `${prefix}{dense,LayerNorm}.*`. */
export class BertOutput {
  readonly #dense: Linear;
  readonly #norm: LayerNorm;
  readonly #dropoutRate: number;

  constructor(store: ParameterStore, prefix: string, inputs: number, config: LayerConfig) {
    const { hiddenSize, initializerRange: std, layerNormEps } = config;
    this.#dense = new Linear(store, `${prefix}dense.`, inputs, hiddenSize, { kind: 'normal', std });
    this.#norm = new LayerNorm(store, `${prefix}LayerNorm.`, hiddenSize, layerNormEps);
    this.#dropoutRate = config.hiddenDropoutProb;
  }

  /** x `[batch, tokens, inputs]`, residual `[batch, tokens, hidden]` -> `[batch, tokens, hidden]` */
  forward(x: tf.Tensor, residual: tf.Tensor, keys: KeyStream | null): tf.Tensor3D {
    return this.#rest(this.#dense.forward(x), residual, keys);
  }

  /** The same of GELU(x). */
  forwardGelu(x: tf.Tensor, residual: tf.Tensor, keys: KeyStream | null): tf.Tensor3D {
    return this.#rest(this.#dense.forwardGelu(x), residual, keys);
  }

  #rest(projected: tf.Tensor, residual: tf.Tensor, keys: KeyStream | null): tf.Tensor3D {
    return this.#norm.forward(dropoutAdd(projected, residual, this.#dropoutRate, keys)) as tf.Tensor3D;
  }
}

/**
 * One post-norm transformer layer (Devlin et al. 2019), erf-GELU: `${prefix}{attention,intermediate,output}.*`. With
 * `withComputation({ layers: 'recompute' })` only its input is kept for the gradient.
 */
export class BertLayer {
  readonly #store: ParameterStore;
  readonly #prefix: string;
  readonly #attention: BertSelfAttention;
  readonly #attentionOutput: BertOutput;
  readonly #intermediate: Linear;
  readonly #output: BertOutput;

  constructor(store: ParameterStore, prefix: string, config: LayerConfig) {
    const { hiddenSize, intermediateSize, initializerRange: std } = config;
    const normal = { kind: 'normal', std } as const;
    this.#store = store;
    this.#prefix = prefix;
    this.#attention = new BertSelfAttention(store, `${prefix}attention.self.`, config);
    this.#attentionOutput = new BertOutput(store, `${prefix}attention.output.`, hiddenSize, config);
    this.#intermediate = new Linear(
      store,
      `${prefix}intermediate.dense.`,
      hiddenSize,
      intermediateSize,
      normal,
    );
    this.#output = new BertOutput(store, `${prefix}output.`, intermediateSize, config);
  }

  /** x `[batch, tokens, hidden]`, mask additive, as `attention` takes it -> the shape of x */
  forward(x: tf.Tensor3D, mask: tf.Tensor4D | null, keys: KeyStream | null): tf.Tensor3D {
    if (currentComputation().layers === 'keep') return this.#compute(x, mask, keys);
    const replayed = keys?.replay() ?? null;
    const names = this.#store.below(this.#prefix);
    const layer = ([input, ...values]: readonly tf.Tensor[], [seen]: readonly tf.Tensor[], again: boolean) =>
      this.#store.bind(new Map(names.map((name, i) => [name, values[i]!])), () =>
        this.#compute(
          input as tf.Tensor3D,
          (seen as tf.Tensor4D | undefined) ?? null,
          again ? replayed : keys,
        ),
      );
    const weights = names.map((name) => this.#store.value(name));
    return recompute(layer, [x, ...weights], mask ? [mask] : []) as tf.Tensor3D;
  }

  #compute(x: tf.Tensor3D, mask: tf.Tensor4D | null, keys: KeyStream | null): tf.Tensor3D {
    const attended = this.#attentionOutput.forward(this.#attention.forward(x, x, mask, keys), x, keys);
    return this.#output.forwardGelu(this.#intermediate.forward(attended), attended, keys);
  }
}

/** The stack of layers: `${prefix}layer.N.*`. */
export class BertEncoder {
  readonly #layers: readonly BertLayer[];

  constructor(store: ParameterStore, prefix: string, config: LayerConfig) {
    this.#layers = Array.from(
      { length: config.numHiddenLayers },
      (_, i) => new BertLayer(store, `${prefix}layer.${i}.`, config),
    );
  }

  /** x `[batch, tokens, hidden]`, mask additive, as `attention` takes it -> the shape of x */
  forward(x: tf.Tensor3D, mask: tf.Tensor4D | null, keys: KeyStream | null): tf.Tensor3D {
    return this.#layers.reduce((states, layer) => layer.forward(states, mask, keys), x);
  }
}
