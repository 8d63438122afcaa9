// What is compared of a training run, whichever the model: losses, rates, resulting parameters.
import type { NdArrays } from '@reelbert/data';

import { compareByName, isKeyBias, type Stored } from '../check-context.js';
import type { GoldenSet } from '../golden-set.js';
import type { Pair, Report } from '../report.js';
import { numberTable, type Steps } from '../set-schema.js';
import { tolerances } from '../tolerance.js';
import type { Rates, Run } from '../training-run.js';

/**
 * Ten times float32's own noise, as the set gives it (float32 against float64).
 *
 * @param names which of the set's noises concern this model; the largest counts
 */
export function tenfoldNoise(set: GoldenSet, names: RegExp): number | undefined {
  const noises = Object.entries(set.expected(numberTable, 'noise_float32_vs_float64') ?? {});
  const ours = noises.filter(([name]) => names.test(name));
  const values = (ours.length > 0 ? ours : noises).map(([, noise]) => noise);
  return values.length === 0 ? undefined : 10 * Math.max(...values);
}

/** Losses and rates of each update. */
export function compareSteps(
  report: Report,
  family: string,
  label: string,
  run: Run,
  wanted: Steps | undefined,
  { rates }: { readonly rates: Rates },
): void {
  if (!wanted) return report.missing(family, `${label}: losses and rates of each update`);
  const losses = wanted.flatMap(({ loss }, i) =>
    loss === undefined ? [] : [[`update ${i + 1}`, run.steps[i]?.loss ?? NaN, loss] as const],
  );
  if (losses.length > 0) report.numbers(family, `${label}: loss of each update`, tolerances.losses, losses);
  const pairs = wanted.flatMap(({ lr }, i): Pair[] => {
    if (!lr) return [];
    // Two groups a rate, with and without decay.
    const ours = Object.values(rates).map((rate) => rate * run.factors[i]!);
    return [{ name: `update ${i + 1}`, found: { data: distinct(ours) }, wanted: { data: distinct(lr) } }];
  });
  report.compare(family, `${label}: learning rates`, { relative: 1e-6 }, pairs);
}

function distinct(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}

/**
 * Parameters (or their averages) after a run. Each may be off by ten times float32's noise: of the tensor's largest
 * value, and of its gradient's largest value as AdamW passes it on. A key's bias has no gradient but noise, which is
 * held against the absolute tolerance of gradients.
 */
export function compareState(
  report: Report,
  [family, quantity]: readonly [string, string],
  noise: number | undefined,
  { sensitivity, gradients }: Run,
  found: NdArrays,
  wanted: Stored,
): void {
  const count = Object.keys({ ...wanted.tensors, ...wanted.digests }).length;
  if (noise === undefined) {
    if (count === 0) return report.missing(family, quantity);
    return report.notRun(family, quantity, 'expected.json has no noise_float32_vs_float64, so no tolerance');
  }
  const slackOf = (name: string) => {
    const largest = Array.from(gradients[name]!.data).reduce(
      (most, value) => Math.max(most, Math.abs(value)),
      0,
    );
    const ofGradient = isKeyBias(name) ? tolerances.gradients.absolute : noise * largest;
    return sensitivity[name]!.map((sensitive) => sensitive * ofGradient);
  };
  compareByName(report, [family, quantity], { relative: noise }, found, wanted, slackOf);
}

/** What a run left of every parameter, against what it was. */
export function unchanged(weights: NdArrays, { parameters }: Run): Pair[] {
  return Object.entries(parameters).map(([name, found]) => ({ name, found, wanted: weights[name]! }));
}
