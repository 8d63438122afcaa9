import { dropout, gatherRows, type KeyStream } from '@reelbert/engine';
import * as tf from '@tensorflow/tfjs-core';

import type { BertConfig } from './bert-config.js';
import { Embedding } from './layers/embedding.js';
import { LayerNorm } from './layers/layer-norm.js';
import type { Parameter, ParameterStore } from './parameter-store.js';

export interface BertEmbeddingsOptions {
  /** Whether to hold a word table; without one only vectors can be embedded. */
  readonly words?: boolean;
}

/**
 * Words (or vectors in their place), positions and token type 0, summed, normalised, dropped out:
 * `${prefix}{word,position,token_type}_embeddings.weight`, `${prefix}LayerNorm.*`.
 */
export class BertEmbeddings {
  readonly #words: Embedding | undefined;
  readonly #positions: Embedding;
  readonly #tokenTypes: Embedding;
  readonly #norm: LayerNorm;
  readonly #hiddenSize: number;
  readonly #dropoutRate: number;

  constructor(
    store: ParameterStore,
    prefix: string,
    config: BertConfig,
    { words = true }: BertEmbeddingsOptions = {},
  ) {
    const { hiddenSize, initializerRange: std } = config;
    const table = (name: string, rows: number, row: { zeroRow?: number } = {}) =>
      new Embedding(store, `${prefix}${name}_embeddings.`, rows, hiddenSize, { kind: 'normal', std, ...row });
    if (words) this.#words = table('word', config.vocabSize, { zeroRow: config.padTokenId });
    this.#positions = table('position', config.maxPositionEmbeddings);
    this.#tokenTypes = table('token_type', config.typeVocabSize);
    this.#norm = new LayerNorm(store, `${prefix}LayerNorm.`, hiddenSize, config.layerNormEps);
    this.#hiddenSize = hiddenSize;
    this.#dropoutRate = config.hiddenDropoutProb;
  }

  /** The word table, `[vocabulary, hidden]`. */
  wordTable(): Parameter {
    return this.#wordEmbedding().weight;
  }

  /** ids int32 `[batch, tokens]` -> `[batch, tokens, hidden]` */
  forward(ids: tf.Tensor, keys: KeyStream | null): tf.Tensor3D {
    checkIds(ids);
    return this.embed(this.#wordEmbedding().lookUp(ids), keys);
  }

  /**
   * The same for rows in which texts begin anywhere: positions int32 `[batch, tokens]`, each below `length`. Throws if
   * a text of that length is too long.
   */
  forwardAt(ids: tf.Tensor, positions: tf.Tensor, length: number, keys: KeyStream | null): tf.Tensor3D {
    checkIds(ids);
    const places = gatherRows(this.#places(length), positions); // [batch, tokens, hidden]
    return this.#finish(tf.add(this.#wordEmbedding().lookUp(ids), places), keys);
  }

  /** vectors `[batch, tokens, hidden]` in place of words -> the same shape. Throws if there are too many tokens. */
  embed(vectors: tf.Tensor, keys: KeyStream | null): tf.Tensor3D {
    if (vectors.rank !== 3 || vectors.shape[2] !== this.#hiddenSize) {
      const found = `found [${vectors.shape.join(', ')}]`;
      throw new Error(`vectors must be [batch, tokens, ${this.#hiddenSize}], ${found}`);
    }
    return this.#finish(tf.add(vectors, this.#places(vectors.shape[1]!)), keys);
  }

  // Positions 0 to count - 1 with token type 0: [count, hidden]
  #places(count: number): tf.Tensor2D {
    return tf.add(this.#positions.first(count), this.#tokenTypes.first(1));
  }

  #finish(sum: tf.Tensor, keys: KeyStream | null): tf.Tensor3D {
    return dropout(this.#norm.forward(sum), this.#dropoutRate, keys) as tf.Tensor3D;
  }

  #wordEmbedding(): Embedding {
    if (!this.#words) throw new Error('these embeddings have no word table');
    return this.#words;
  }
}

function checkIds(ids: tf.Tensor): void {
  if (ids.rank !== 2) throw new Error(`ids must be [batch, tokens], found [${ids.shape.join(', ')}]`);
}
