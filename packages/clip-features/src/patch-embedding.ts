import type { Parameter, ParameterStore } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';

import { patchCount, type ClipVisionConfig } from './config.js';

/**
 * Cuts images into patches, projects each to a token, puts the class token before them and adds positions
 * (Dosovitskiy et al. 2021, section 3.1). The projection is a convolution whose stride is its width: one matrix
 * product over flattened patches. Its weight lies as PyTorch's, `[hidden, channel, row, column]`.
 */
export class PatchEmbedding {
  readonly #config: ClipVisionConfig;
  readonly #classEmbedding: Parameter; // [hidden]
  readonly #patchWeight: Parameter; // [hidden, 3, p, p]
  readonly #positions: Parameter; // [1 + patches, hidden]

  constructor(store: ParameterStore, prefix: string, config: ClipVisionConfig) {
    this.#config = config;
    const { hiddenSize, patchSize, initializerFactor } = config;
    const std = config.initializerRange * initializerFactor;
    this.#classEmbedding = store.declare(`${prefix}class_embedding`, [hiddenSize], {
      kind: 'normal',
      std: hiddenSize ** -0.5 * initializerFactor,
    });
    this.#patchWeight = store.declare(
      `${prefix}patch_embedding.weight`,
      [hiddenSize, 3, patchSize, patchSize],
      { kind: 'normal', std },
    );
    this.#positions = store.declare(
      `${prefix}position_embedding.weight`,
      [1 + patchCount(config), hiddenSize],
      { kind: 'normal', std },
    );
  }

  /** pixels `[n, S, S, 3]` -> tokens `[n, 1 + patches, hidden]` */
  forward(pixels: tf.Tensor): tf.Tensor3D {
    const { hiddenSize, imageSize, patchSize } = this.#config;
    const [images] = pixels.shape;
    const side = imageSize / patchSize; // patches along an edge
    const patches = patchCount(this.#config);
    const inner = patchSize * patchSize * 3;

    const strips = tf.reshape(pixels, [images! * side, patchSize, side, patchSize * 3]); // [n * side, row, side, column * 3]
    const cut = tf.reshape(tf.transpose(strips, [0, 2, 1, 3]), [images! * patches, inner]); // [n * patches, row * column * 3]
    const weight = tf.transpose(this.#patchWeight.value(), [2, 3, 1, 0]); // [row, column, channel, hidden]
    const flat = tf.matMul(cut, tf.reshape(weight, [inner, hiddenSize])); // [n * patches, hidden]
    const projected = tf.reshape(flat, [images!, patches, hiddenSize]); // [n, patches, hidden]

    // The class token is the same in every image, so it is added to the first position.
    const classToken = tf.reshape(this.#classEmbedding.value(), [1, hiddenSize]); // [1, hidden]
    const table = tf.add(this.#positions.value(), padRows(classToken, 0, patches)); // [1 + patches, hidden]
    return tf.add(padRows(projected, 1, 0), table); // [n, 1 + patches, hidden]
  }
}

// Zero rows before and after the last but one axis.
function padRows<T extends tf.Tensor>(x: T, before: number, after: number): T {
  const none: [number, number] = [0, 0];
  const outer = x.shape.slice(0, -2).map(() => none);
  return tf.pad(x, [...outer, [before, after], none]) as T;
}
