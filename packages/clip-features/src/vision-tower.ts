// CLIP's vision transformer (Radford et al. 2021, "Learning Transferable Visual Models From Natural Language
// Supervision", section 2.4; Dosovitskiy et al. 2021), with Hugging Face's names (CLIPVisionModel of
// transformers 4). Pre-norm layers; the class token's last state, normalised once more, stands for the image.
//
// n images, S image size, p patch size; patches = (S / p)^2; tokens = 1 + patches

import { gelu, quickGelu, type KeyStream } from '@reelbert/engine';
import { attention, LayerNorm, Linear, type ParameterStore } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';

import type { ClipVisionConfig } from './config.js';
import { PatchEmbedding } from './patch-embedding.js';

/** Turns frames into features: what a video model takes where it reads pixels. */
export interface FrameEncoder {
  /** Width of a feature. */
  readonly dimension: number;
  /** Height and width S of the images it takes. */
  readonly imageSize: number;
  /** pixels `[n, S, S, 3]` float32, normalised -> features `[n, dimension]`; `keys` for dropout, `null` without. */
  encode(pixels: tf.Tensor, keys?: KeyStream | null): tf.Tensor2D;
  /** The rest of the way from states `[n, tokens, hidden]` between two layers, for one whose lower part is frozen. */
  encodeStates?(states: tf.Tensor, keys?: KeyStream | null): tf.Tensor2D;
}

export interface VisionOutput {
  readonly lastHiddenState: tf.Tensor3D;
  readonly pooled: tf.Tensor2D;
}

// Deviations of the initial weights (transformers: CLIPPreTrainedModel._init_weights); biases start at zero.
function initialDeviations(config: ClipVisionConfig): {
  inward: number;
  outward: number;
  feedForward: number;
} {
  const { hiddenSize, numHiddenLayers, initializerFactor: factor } = config;
  const outward = hiddenSize ** -0.5 * factor;
  return {
    inward: outward * (2 * numHiddenLayers) ** -0.5, // queries, keys, values, second feed-forward layer
    outward, // attention's output
    feedForward: (2 * hiddenSize) ** -0.5 * factor, // first feed-forward layer
  };
}

class VisionAttention {
  readonly #config: ClipVisionConfig;
  readonly #query: Linear;
  readonly #key: Linear;
  readonly #value: Linear;
  readonly #output: Linear;

  constructor(store: ParameterStore, prefix: string, config: ClipVisionConfig) {
    this.#config = config;
    const { hiddenSize } = config;
    const { inward, outward } = initialDeviations(config);
    const linear = (name: string, std: number): Linear =>
      new Linear(store, `${prefix}${name}.`, hiddenSize, hiddenSize, { kind: 'normal', std });
    this.#key = linear('k_proj', inward);
    this.#value = linear('v_proj', inward);
    this.#query = linear('q_proj', inward);
    this.#output = linear('out_proj', outward);
  }

  /** x `[n, tokens, hidden]` -> the same shape */
  forward(x: tf.Tensor3D, keys: KeyStream | null): tf.Tensor {
    const { numAttentionHeads, attentionDropout: dropoutRate } = this.#config;
    const [query, key, value] = [this.#query.forward(x), this.#key.forward(x), this.#value.forward(x)];
    const mixed = attention(query, key, value, null, numAttentionHeads, { dropoutRate, keys });
    return this.#output.forward(mixed);
  }
}

class VisionLayer {
  readonly #attention: VisionAttention;
  readonly #attentionNorm: LayerNorm;
  readonly #inward: Linear;
  readonly #outward: Linear;
  readonly #feedForwardNorm: LayerNorm;
  readonly #activation: (x: tf.Tensor) => tf.Tensor;

  constructor(store: ParameterStore, prefix: string, config: ClipVisionConfig) {
    const { hiddenSize, intermediateSize, layerNormEps } = config;
    const { inward, feedForward } = initialDeviations(config);
    this.#attention = new VisionAttention(store, `${prefix}self_attn.`, config);
    this.#attentionNorm = new LayerNorm(store, `${prefix}layer_norm1.`, hiddenSize, layerNormEps);
    this.#inward = new Linear(store, `${prefix}mlp.fc1.`, hiddenSize, intermediateSize, {
      kind: 'normal',
      std: feedForward,
    });
    this.#outward = new Linear(store, `${prefix}mlp.fc2.`, intermediateSize, hiddenSize, {
      kind: 'normal',
      std: inward,
    });
    this.#feedForwardNorm = new LayerNorm(store, `${prefix}layer_norm2.`, hiddenSize, layerNormEps);
    this.#activation = config.hiddenAct === 'gelu' ? gelu : quickGelu;
  }

  forward(x: tf.Tensor3D, keys: KeyStream | null): tf.Tensor3D {
    const attended = tf.add(x, this.#attention.forward(this.#attentionNorm.forward(x), keys));
    const inner = this.#activation(this.#inward.forward(this.#feedForwardNorm.forward(attended))); // [n, tokens, intermediate]
    return tf.add(attended, this.#outward.forward(inner));
  }
}

/** A CLIP vision tower over a parameter store; its weights are named `${prefix}vision_model.*`. */
export class VisionTower implements FrameEncoder {
  readonly dimension: number;
  readonly imageSize: number;
  readonly #embedding: PatchEmbedding;
  readonly #preNorm: LayerNorm;
  readonly #layers: readonly VisionLayer[];
  readonly #postNorm: LayerNorm;

  /** @param prefix what stands before `vision_model.`, such as `visual_backbone.`; empty for a tower by itself. */
  constructor(store: ParameterStore, prefix: string, config: ClipVisionConfig) {
    const root = `${prefix}vision_model.`;
    const { hiddenSize, layerNormEps, numHiddenLayers } = config;
    this.dimension = hiddenSize;
    this.imageSize = config.imageSize;
    this.#embedding = new PatchEmbedding(store, `${root}embeddings.`, config);
    this.#preNorm = new LayerNorm(store, `${root}pre_layrnorm.`, hiddenSize, layerNormEps); // spelt so in every checkpoint
    this.#layers = Array.from(
      { length: numHiddenLayers },
      (_, layer) => new VisionLayer(store, `${root}encoder.layers.${layer}.`, config),
    );
    this.#postNorm = new LayerNorm(store, `${root}post_layernorm.`, hiddenSize, layerNormEps);
  }

  /**
   * @param pixels `[n, S, S, 3]` float32, normalised
   * @param keys for attention dropout; `null` turns it off
   * @returns `lastHiddenState` `[n, 1 + patches, hidden]`, not normalised; `pooled` `[n, hidden]`, the class token's
   * normalised
   */
  forward(pixels: tf.Tensor, keys: KeyStream | null = null): VisionOutput {
    return this.#upper(this.lowerStates(pixels, 0, keys), 0, keys);
  }

  encode(pixels: tf.Tensor, keys: KeyStream | null = null): tf.Tensor2D {
    return this.forward(pixels, keys).pooled;
  }

  /**
   * The states `[n, 1 + patches, hidden]` after the first `layers` layers, embeddings and first norm included: what a
   * tower that is trained in its upper layers alone computes once an image.
   */
  lowerStates(pixels: tf.Tensor, layers: number, keys: KeyStream | null = null): tf.Tensor3D {
    checkPixels(pixels, this.imageSize);
    let states = this.#preNorm.forward(this.#embedding.forward(pixels)) as tf.Tensor3D; // [n, 1 + patches, hidden]
    for (const layer of this.#layers.slice(0, layers)) states = layer.forward(states, keys);
    return states;
  }

  /** The features `[n, hidden]` of images whose states after the first `layers` layers are given. */
  encodeUpper(states: tf.Tensor, layers: number, keys: KeyStream | null = null): tf.Tensor2D {
    return this.#upper(states as tf.Tensor3D, layers, keys).pooled;
  }

  #upper(lower: tf.Tensor3D, layers: number, keys: KeyStream | null): VisionOutput {
    let states = lower;
    for (const layer of this.#layers.slice(layers)) states = layer.forward(states, keys);
    const [images] = states.shape;
    const classToken = tf.reshape(tf.slice(states, [0, 0, 0], [images, 1, this.dimension]), [
      images,
      this.dimension,
    ]); // [n, hidden]
    return { lastHiddenState: states, pooled: this.#postNorm.forward(classToken) as tf.Tensor2D };
  }
}

function checkPixels(pixels: tf.Tensor, size: number): void {
  if (pixels.shape.slice(1).join() !== `${size},${size},3` || pixels.dtype !== 'float32') {
    throw new Error(
      `VisionTower: pixels must be float32 [n, ${size}, ${size}, 3], ` +
        `they are ${pixels.dtype} [${pixels.shape.join(', ')}].`,
    );
  }
}
