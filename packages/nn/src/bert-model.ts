// BERT (Devlin et al. 2019), Hugging Face's BertModel: parameter names and outputs are the same.

import type { KeyStream } from '@reelbert/engine';
import type * as tf from '@tensorflow/tfjs-core';

import type { BertConfig } from './bert-config.js';
import { BertEmbeddings } from './bert-embeddings.js';
import { additiveMask } from './layers/attention.js';
import { BertEncoder } from './layers/bert-layer.js';
import { Linear } from './layers/linear.js';
import type { ParameterStore } from './parameter-store.js';

/** Embeddings and encoder: `${prefix}embeddings.*`, `${prefix}encoder.*`, and `${prefix}pooler.*` if asked for. */
export class BertModel {
  readonly embeddings: BertEmbeddings;
  readonly encoder: BertEncoder;

  constructor(store: ParameterStore, prefix: string, config: BertConfig) {
    this.embeddings = new BertEmbeddings(store, `${prefix}embeddings.`, config);
    this.encoder = new BertEncoder(store, `${prefix}encoder.`, config);
    if (config.addPoolingLayer) declarePooler(store, `${prefix}pooler.`, config);
  }

  /** inputIds, mask int32 `[batch, tokens]` -> last hidden states `[batch, tokens, hidden]` */
  forward(inputIds: tf.Tensor, mask: tf.Tensor, keys: KeyStream | null): tf.Tensor3D {
    return this.encoder.forward(this.embeddings.forward(inputIds, keys), additiveMask(mask), keys);
  }
}

/** Declares the weights of BERT's pooler, which no model here uses, so that checkpoints keep them. */
export function declarePooler(store: ParameterStore, prefix: string, config: BertConfig): void {
  const { hiddenSize, initializerRange: std } = config;
  new Linear(store, `${prefix}dense.`, hiddenSize, hiddenSize, { kind: 'normal', std });
}
