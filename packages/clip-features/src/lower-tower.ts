import { ParameterStore, type Predictor } from '@reelbert/nn';
import * as tf from '@tensorflow/tfjs-core';

import type { ClipVisionConfig } from './config.js';
import { VisionTower } from './vision-tower.js';

/**
 * The first layers of a tower over a store of their own: for a batch of `pixels` `[n, S, S, 3]` the states
 * `[n, tokens * hidden]`, a row an image, that `VisionTower.encodeUpper` goes on from. The last norm is among the
 * parameters, unused.
 */
export function lowerTower(prefix: string, config: ClipVisionConfig, layers: number): Predictor {
  const parameters = new ParameterStore();
  const tower = new VisionTower(parameters, prefix, { ...config, numHiddenLayers: layers });
  return {
    parameters,
    logits: ({ pixels }) => {
      const states = tower.lowerStates(pixels!, layers); // [n, tokens, hidden]
      return tf.reshape(states, [states.shape[0], states.shape[1] * states.shape[2]]);
    },
  };
}
