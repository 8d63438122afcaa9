import type { NdArray } from '@reelbert/data';

import type { Objective } from './lbfgs.js';

/** Where the parameters of a stacking lie in one vector: weights of models, then of classes in them, then offsets. */
export interface StackingLayout {
  readonly models: number;
  readonly classes: number;
  readonly length: number;
  /** Where the deviations [models, classes] begin. */
  readonly deviations: number;
  /** Where the offsets [classes] begin. */
  readonly offsets: number;
}

export function stackingLayout(models: number, classes: number): StackingLayout {
  const offsets = models + models * classes;
  return { models, classes, length: offsets + classes, deviations: models, offsets };
}

/** Equal weights, nothing else: the geometric mean of the models' probabilities. */
export function equalStacking({ models, length }: StackingLayout): Float64Array {
  return new Float64Array(length).fill(1 / models, 0, models);
}

/**
 * Mean over rows of the cross-entropy of z[c] = sum over models m of (a[m] + d[m, c]) * logp[m, c], plus b[c], with the
 * penalty ((strength (|d|^2 + |b|^2) + |a - 1/models|^2) / 2) / rows. Convex.
 *
 * @param logs log probabilities [rows, classes] of each model
 */
export function stackingObjective(
  logs: readonly NdArray[],
  labels: Int32Array,
  strength: number,
  layout: StackingLayout,
): Objective {
  const { models, classes, deviations, offsets } = layout;
  const rows = labels.length;
  const z = new Float64Array(classes);
  return (x, gradient) => {
    gradient.fill(0);
    let loss = 0;
    for (let row = 0; row < rows; row++) {
      const at = row * classes;
      stackedRow(logs, at, x, layout, z);
      loss -= logSoftmax(z)[labels[row]!]!;
      for (let c = 0; c < classes; c++) {
        const error = Math.exp(z[c]!) - (c === labels[row] ? 1 : 0);
        gradient[offsets + c]! += error;
        for (let m = 0; m < models; m++) {
          const along = error * logs[m]!.data[at + c]!;
          gradient[m]! += along;
          gradient[deviations + m * classes + c]! += along;
        }
      }
    }
    let penalty = 0;
    for (let i = 0; i < x.length; i++) {
      const [distance, weight] = i < models ? [x[i]! - 1 / models, 1] : [x[i]!, strength];
      penalty += (weight * distance * distance) / 2;
      gradient[i] = (gradient[i]! + weight * distance) / rows;
    }
    return (loss + penalty) / rows;
  };
}

/** z of one row, whose values begin at `at`, into `z`. */
export function stackedRow(
  logs: readonly NdArray[],
  at: number,
  x: Float64Array,
  { models, classes, deviations, offsets }: StackingLayout,
  z: Float64Array,
): void {
  for (let c = 0; c < classes; c++) {
    let sum = x[offsets + c]!;
    for (let m = 0; m < models; m++) {
      sum += (x[m]! + x[deviations + m * classes + c]!) * logs[m]!.data[at + c]!;
    }
    z[c] = sum;
  }
}

/** In place. */
export function logSoftmax(z: Float64Array): Float64Array {
  let most = -Infinity;
  for (const value of z) most = Math.max(most, value);
  let sum = 0;
  for (const value of z) sum += Math.exp(value - most);
  const shift = most + Math.log(sum);
  for (let c = 0; c < z.length; c++) z[c]! -= shift;
  return z;
}
