import type { KeyStream } from '@reelbert/engine';
import type { TensorBatch } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';

import type { FrameEncoder } from './vision-tower.js';

/** What a model that reads frames needs of a tower. */
export type FrameEncoding = Pick<FrameEncoder, 'encode' | 'encodeStates'>;

/**
 * Features `[batch, frames, dim]` of a batch's frames, from whichever field it has: `frames` `[batch, frames, dim]` are
 * features already; `pixels` `[batch, frames, S, S, 3]` go through the tower; `frameStates`
 * `[batch, frames, tokens, hidden]` through its upper layers, since a frozen lower part was computed before.
 */
export function frameFeatures(
  batch: TensorBatch,
  encoder: FrameEncoding | undefined,
  keys: KeyStream | null,
): tf.Tensor3D {
  if (batch.frames) return batch.frames as tf.Tensor3D;
  const images = batch.pixels ?? batch.frameStates;
  if (!encoder || !images) {
    throw new Error("a batch needs 'frames', or 'pixels' and a classifier with a frame encoder");
  }
  const [rows, frames, ...image] = images.shape as [number, number, ...number[]];
  const flat = tf.reshape(images, [rows * frames, ...image]);
  const features = batch.pixels ? encoder.encode(flat, keys) : encodeStates(encoder, flat, keys); // [rows * frames, dim]
  return tf.reshape(features, [rows, frames, features.shape[1]]);
}

function encodeStates(encoder: FrameEncoding, states: tf.Tensor, keys: KeyStream | null): tf.Tensor2D {
  if (!encoder.encodeStates) throw new Error("this frame encoder takes no 'frameStates'");
  return encoder.encodeStates(states, keys);
}
