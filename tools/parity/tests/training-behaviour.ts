import type { NdArray, NdArrays } from '@reelbert/data';
import type { StepScalars } from '@reelbert/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';

import { programModes, type Mode } from './modes.js';
import type { TrainingCase } from './training-cases.js';
import { digests, startTraining } from './training-run.js';

const modes = await programModes();
const steps = 20;

interface Observed {
  readonly losses: readonly Readonly<Record<string, number>>[];
  /** Tensors of tfjs and of its binding after each step. */
  readonly tensors: readonly (readonly number[])[];
  /** All variables after the last step. */
  readonly variables: NdArrays;
  /** What became of steps on broken batches that followed, by the value that broke them. */
  readonly broken: readonly BrokenStep[];
}

interface BrokenStep {
  readonly value: number;
  readonly scalars: StepScalars;
  readonly before: Readonly<Record<string, string>>;
  readonly after: NdArrays;
}

/** Describes what holds of training a task, whatever the task. */
export function describeTraining(trained: TrainingCase): void {
  describe(trained.name, () => {
    const observed = {} as Record<Mode, Observed>;
    beforeAll(async () => {
      for (const mode of modes) observed[mode] = await observe(trained, mode);
    }, 120_000);

    test.runIf(modes.length > 1)('has the same losses compiled and op by op', () => {
      observed.compiled.losses.forEach((parts, step) => {
        const others = observed.eager.losses[step]!;
        expect(Object.keys(parts)).toEqual(Object.keys(others));
        for (const [name, value] of Object.entries(parts)) {
          const allowed = 1e-5 * Math.abs(others[name]!);
          expect(Math.abs(value - others[name]!), `${name} of step ${step}`).toBeLessThanOrEqual(allowed);
        }
      });
    });

    test.runIf(modes.length > 1)('changes all variables alike compiled and op by op', () => {
      expectAlike(observed.compiled.variables, observed.eager.variables);
    });

    test.each(modes)('keeps no tensor (%s)', (mode) => {
      const [first, ...others] = observed[mode].tensors;
      for (const counts of others) expect(counts).toEqual(first);
    });

    test.each(modes)('changes no bit of any variable when the loss is not finite (%s)', (mode) => {
      for (const { value, scalars, before, after } of observed[mode].broken) {
        if (!Number.isFinite(value)) expect(scalars, String(value)).toMatchObject({ finite: 0 });
        if (scalars.finite === 0) expect(digests(after), String(value)).toEqual(before);
      }
    });

    test.each(modes)('has finite variables after any batch (%s)', (mode) => {
      for (const { value, after } of observed[mode].broken) {
        for (const [name, { data }] of Object.entries(after)) {
          expect(data.every(Number.isFinite), `${name} after ${value}`).toBe(true);
        }
      }
    });
  });
}

async function observe(trained: TrainingCase, mode: Mode): Promise<Observed> {
  const training = await startTraining(trained, mode);
  const losses: Record<string, number>[] = [];
  const tensors: number[][] = [];
  for (let index = 0; index < steps; index++) {
    losses.push(await training.step(index));
    tensors.push(tensorCounts());
  }
  const variables = await training.everything();
  const broken: BrokenStep[] = [];
  // Norms make frames of 1e38 harmless, where nothing but them sees frames; the other losses become infinite.
  for (const value of [NaN, Infinity, 1e38]) {
    const batch = trained.batch(3);
    const field = { [trained.breakable]: startingWith(value, batch[trained.breakable]!) };
    const before = digests(await training.everything());
    const scalars = await training.step(3, { ...batch, ...field });
    broken.push({ value, scalars, before, after: await training.everything() });
  }
  training.dispose();
  return { losses, tensors, variables, broken };
}

function tensorCounts(): number[] {
  const { binding } = tf.backend() as unknown as { binding?: { getNumOfTensors(): number } };
  return [tf.memory().numTensors, binding?.getNumOfTensors() ?? 0];
}

function startingWith(value: number, { dtype, shape, data }: NdArray): NdArray {
  const changed = Float32Array.from(data);
  changed[0] = value;
  return { dtype, shape, data: changed };
}

/**
 * The bias of attention's keys shifts all scores of a query alike, which softmax ignores: its gradient is zero but for
 * rounding, and Adam, which divides by the gradient's own size, makes steps of that. Compared is that it is so.
 */
const keyBias = /(self\.key|k_proj)\.bias$/;

function expectAlike(found: NdArrays, expected: NdArrays): void {
  expect(Object.keys(found)).toEqual(Object.keys(expected));
  for (const [name, { data }] of Object.entries(found)) {
    if (keyBias.test(name)) continue;
    const other = expected[name]!.data;
    const allowed = 1e-4 * largest(other);
    const difference = largest(Float32Array.from(data, (value, i) => value - other[i]!));
    expect(difference, name).toBeLessThanOrEqual(allowed);
  }
  for (const name of Object.keys(found).filter(
    (key) => key.startsWith('optimizer.m/') && keyBias.test(key),
  )) {
    const ofWeight = name.replace(/bias$/, 'weight');
    for (const state of [found, expected]) {
      expect(largest(state[name]!.data), name).toBeLessThanOrEqual(1e-4 * largest(state[ofWeight]!.data));
    }
  }
}

function largest(values: NdArray['data']): number {
  return Array.from(values, Math.abs).reduce((most, value) => Math.max(most, value), 0);
}
