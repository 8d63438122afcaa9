import type { StateVariable } from '@reelbert/compiler';
import * as tf from '@tensorflow/tfjs-core';

/** The name of the variable that averages the parameter `name`. */
export const emaName = (name: string) => `ema/${name}`;

/**
 * Exponential moving average of the parameters, s <- d s + (1 - d) p, in every step, from the initial weights,
 * without bias correction (the reference's ema_util.py). Where `finite` is false nothing changes.
 */
export function updateEma(
  averages: ReadonlyMap<string, StateVariable>,
  parameters: ReadonlyMap<string, StateVariable>,
  decay: number,
  finite: tf.Tensor,
): void {
  const keep = tf.where(finite, decay, 1);
  const take = tf.where(finite, 1 - decay, 0);
  for (const [name, average] of averages) {
    average.assign(tf.add(tf.mul(average.read(), keep), tf.mul(parameters.get(name)!.read(), take)));
  }
}
