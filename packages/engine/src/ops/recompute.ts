import { after } from '@reelbert/compiler';
import * as tf from '@tensorflow/tfjs-core';

/**
 * `compute(inputs, constants)`, of which only these are kept for the gradient; what lies between is computed again then
 * (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost").
 *
 * @param compute gives the same when it is called `again`, for the gradient
 * @param inputs what the result is differentiated by; at least one
 * @param constants other tensors that `compute` needs
 */
export function recompute(
  compute: (inputs: readonly tf.Tensor[], constants: readonly tf.Tensor[], again: boolean) => tf.Tensor,
  inputs: readonly tf.Tensor[],
  constants: readonly tf.Tensor[],
): tf.Tensor {
  const apply = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const given = args.slice(0, inputs.length) as tf.Tensor[];
    (args[inputs.length] as tf.GradSaveFunc)([...given, ...constants]);
    return {
      value: compute(given, constants, false),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const again = saved.slice(0, inputs.length).map((input, i) => (i === 0 ? after(input, dy) : input));
        const forward = () => compute(again, saved.slice(inputs.length), true);
        const { grads } = tf.engine().gradients(forward, again, dy, true);
        return again.map((input, i) => grads[i] ?? tf.zerosLike(input));
      },
    };
  });
  return apply(...inputs);
}
