import { createProgram } from '@reelbert/compiler';
import { makeKey, type NdArrays } from '@reelbert/data';
import { KeyStream, withComputation, type Computation } from '@reelbert/engine';
import { lossAndGradients } from '@reelbert/trainer';
import { describe, expect, test } from 'vitest';

import { programModes } from './modes.js';
import { classificationCases, widePretraining, type TrainingCase } from './training-cases.js';
import { startTraining } from './training-run.js';

const modes = await programModes();

// To the nearest number of 8 bits of mantissa.
function roundedToBfloat16(values: Float32Array): Float32Array {
  const bits = new Uint32Array(values.slice().buffer);
  bits.forEach((value, i) => (bits[i] = (value + 0x7fff + ((value >>> 16) & 1)) & 0xffff0000));
  return new Float32Array(bits.buffer);
}

const rounded = (state: NdArrays): NdArrays =>
  Object.fromEntries(
    Object.entries(state).map(([name, tensor]) => [
      name,
      { ...tensor, data: roundedToBfloat16(tensor.data as Float32Array) },
    ]),
  );

// Loss and gradients at a state, dropout included.
async function passOf(
  trained: TrainingCase,
  computation: Partial<Computation>,
  change = (state: NdArrays) => state,
) {
  const task = trained.task();
  const program = createProgram({ mode: 'compiled' });
  const { specs } = task.parameters;
  const variables = [...specs.values()].map(({ name, shape }) => program.variable(name, shape));
  await program.write(change(task.parameters.initialState(1)));
  program.define('pass', ({ key, ...batch }) => {
    const values = new Map(variables.map((variable) => [variable.name, variable.read()]));
    const pass = () => lossAndGradients(task, values, [...values.keys()], batch, new KeyStream(key!));
    const { loss, gradients } = withComputation(computation, pass);
    return { loss, ...Object.fromEntries(gradients) };
  });
  const key = { dtype: 'int32', shape: [2], data: makeKey('pass') } as const;
  const { loss, ...gradients } = await program.run('pass', { ...trained.batch(0), key });
  program.dispose();
  return { loss: loss!.data[0]!, gradients };
}

// |a - b| / |b| over all gradients.
function distance(a: NdArrays, b: NdArrays): number {
  let [difference, size] = [0, 0];
  for (const [name, { data }] of Object.entries(b)) {
    data.forEach((value, i) => {
      difference += (a[name]!.data[i]! - value) ** 2;
      size += value ** 2;
    });
  }
  return Math.sqrt(difference / size);
}

describe.runIf(modes.length > 1).each([widePretraining, ...classificationCases])(
  'bfloat16 products in $name',
  (trained) => {
    test('move the gradients about as far as rounding the weights to bfloat16 does', async () => {
      const exact = await passOf(trained, {});
      const noise = distance((await passOf(trained, {}, rounded)).gradients, exact.gradients);
      const found = await passOf(trained, { precision: 'bf16' });
      expect(distance(found.gradients, exact.gradients)).toBeGreaterThan(1e-5);
      expect(distance(found.gradients, exact.gradients)).toBeLessThan(3 * noise);
      expect(Math.abs(found.loss / exact.loss - 1)).toBeLessThan(2 ** -9);
    });
  },
);

test.runIf(modes.length > 1)(
  'training in bfloat16 follows training in float32, on float32 weights',
  async () => {
    const { settings } = widePretraining;
    const losses = { float32: [] as number[], bf16: [] as number[] };
    for (const precision of ['float32', 'bf16'] as const) {
      const training = await startTraining(
        { ...widePretraining, settings: { ...settings, precision } },
        'compiled',
      );
      for (let step = 0; step < 20; step++) losses[precision].push((await training.step(step)).loss);
      const weights = Object.values(await training.weights());
      const kept = weights.some(({ data }) =>
        new Uint32Array(data.slice().buffer).some((bits) => (bits & 0xffff) !== 0),
      );
      expect(kept).toBe(true); // more than bfloat16 holds
      training.dispose();
    }
    losses.bf16.forEach((loss, step) =>
      expect(Math.abs(loss / losses.float32[step]! - 1), `step ${step}`).toBeLessThan(0.005),
    );
  },
);
