import * as tf from '@tensorflow/tfjs-core';

import type { AdversarialSettings } from './config.js';
import { globalNorm, type LossAndGradients, type NamedTensors } from './gradients.js';

type Attack = Exclude<AdversarialSettings, { kind: 'none' }>;

/**
 * Gradients after an adversarial pass: the clean ones plus those at a perturbed value of the table `tableName`.
 * Only the value is perturbed, never a variable, so there is nothing to restore. `pass` computes loss and gradients
 * at the values that it is given, with dropout keys of its own.
 *
 * FGM (Miyato et al. 2017, as in the reference's adv_util.py): one attack, table + epsilon * g / |g|, |.| the
 * Frobenius norm over the whole table. PGD: `steps` attacks of length alpha, each along the gradient at the attack
 * before, projected on the ball of radius epsilon; the gradients of the last are added. AWP: the same loop with steps
 * relative to the table's norm, each element within epsilon of its own size.
 */
export function adversarialGradients(
  settings: AdversarialSettings,
  tableName: string | null,
  values: NamedTensors,
  clean: LossAndGradients,
  pass: (values: NamedTensors) => LossAndGradients,
): { gradients: NamedTensors; loss: tf.Scalar } {
  if (settings.kind === 'none') return { gradients: clean.gradients, loss: clean.loss };
  let last = clean;
  let attacked = values;
  for (let step = 0; step < ('steps' in settings ? settings.steps : 1); step++) {
    const gradient = tableName === null ? undefined : last.gradients.get(tableName);
    if (tableName !== null && gradient) {
      const value = perturb(settings, values.get(tableName)!, attacked.get(tableName)!, gradient);
      attacked = new Map([...values, [tableName, value]]);
    }
    last = pass(attacked);
  }
  return { gradients: addGradients(clean.gradients, last.gradients), loss: last.loss };
}

/** One attack's step from `value`, somewhere about the `original`, along `gradient`. A zero norm moves nothing. */
export function perturb(
  settings: Attack,
  original: tf.Tensor,
  value: tf.Tensor,
  gradient: tf.Tensor,
): tf.Tensor {
  const norm = globalNorm([gradient]);
  if (settings.kind === 'awp') {
    const length = tf.mul(settings.alpha, tf.add(globalNorm([value]), 1e-6));
    const moved = tf.add(value, tf.mul(gradient, tf.div(length, tf.add(norm, 1e-6))));
    const reach = tf.mul(settings.epsilon, tf.abs(original));
    return tf.minimum(tf.maximum(moved, tf.sub(original, reach)), tf.add(original, reach));
  }
  const length = settings.kind === 'fgm' ? settings.epsilon : settings.alpha;
  const positive = tf.greater(norm, 0);
  const scale = tf.where(positive, tf.div(length, tf.where(positive, norm, 1)), 0);
  const moved = tf.add(value, tf.mul(gradient, scale));
  return settings.kind === 'fgm' ? moved : projectOnBall(moved, original, settings.epsilon);
}

/** `value` itself within `radius` of `centre` (Frobenius norm), else the nearest point that is. */
function projectOnBall(value: tf.Tensor, centre: tf.Tensor, radius: number): tf.Tensor {
  const displacement = tf.sub(value, centre);
  const distance = globalNorm([displacement]);
  const nearest = tf.add(centre, tf.mul(displacement, tf.div(radius, tf.maximum(distance, radius))));
  return tf.where(tf.greater(distance, radius), nearest, value);
}

function addGradients(a: NamedTensors, b: NamedTensors): NamedTensors {
  const sum = new Map(a);
  for (const [name, gradient] of b) {
    const other = a.get(name);
    sum.set(name, other ? tf.add(other, gradient) : gradient);
  }
  return sum;
}
