import { createProgram } from '@reelbert/compiler';
import type { NdArray, NdArrays } from '@reelbert/data';
import type { Task } from '@reelbert/nn';
import {
  declareTrainingState,
  defineTrainStep,
  loadInitialState,
  runTrainStep,
  scheduleFactor,
  trainingSettings,
  writeInitialState,
  type StepScalars,
  type TrainingSettings,
  type TrainingSettingsInput,
} from '@reelbert/trainer';

import type { Mode } from './bound-program.js';
import type { OptimizerConfig } from './set-schema.js';

/** Rates by part of a parameter's name; `others` is everyone else's. */
export type Rates = Readonly<Record<string, number>>;

/** The original's optimizer, at a set's rates. */
export function referenceSettings(
  optimizer: OptimizerConfig,
  rates: Rates,
  warmupSteps: number,
  changes: TrainingSettingsInput = {},
): TrainingSettings {
  const { others = 0, ...groups } = rates;
  const warmup = warmupSteps / optimizer.total_steps;
  return trainingSettings({
    optimizer: {
      kind: 'adamw-reference',
      learningRate: others,
      groups: Object.entries(groups).map(([part, learningRate]) => ({ match: [part], learningRate })),
      weightDecay: optimizer.weight_decay,
      beta1: optimizer.betas[0],
      beta2: optimizer.betas[1],
      epsilon: optimizer.eps,
      noDecay: 'reference',
    },
    schedule: { kind: 'cosine', warmup },
    ...changes,
  });
}

export interface RunOptions {
  readonly mode: Mode;
  readonly task: Task;
  readonly settings: TrainingSettings;
  readonly weights: NdArrays;
  readonly batches: readonly NdArrays[];
  readonly totalSteps: number;
}

export interface Run {
  readonly steps: readonly StepScalars[];
  /** Factor of the schedule at each update. */
  readonly factors: readonly number[];
  readonly parameters: NdArrays;
  /** Empty where they are off. */
  readonly averages: NdArrays;
  /** Of the first update, the adversarial passes' added: its moment is a tenth of it. */
  readonly gradients: NdArrays;
  /** By how much more than a gradient's error each value may be off, since AdamW divides by the gradient's size. */
  readonly sensitivity: Readonly<Record<string, Float64Array>>;
}

/** One update on each of the batches, from the given weights. */
export async function trainingRun(options: RunOptions): Promise<Run> {
  const { mode, task, settings, weights, batches, totalSteps } = options;
  const program = createProgram({ mode });
  try {
    const state = declareTrainingState(program, task.parameters, settings);
    defineTrainStep(program, task, state, settings);
    const { state: initial } = loadInitialState(task.parameters, weights, { strict: false, seed: 0 });
    await writeInitialState(program, state, settings, initial);
    const readAll = async (prefix: string): Promise<NdArrays> => {
      const found = await program.read(state.trainable.map((name) => prefix + name));
      return Object.fromEntries(state.trainable.map((name) => [name, found[prefix + name]!]));
    };

    const steps: StepScalars[] = [];
    const factors: number[] = [];
    let gradients: NdArrays = {};
    for (const [step, batch] of batches.entries()) {
      const factor = scheduleFactor(settings.schedule, step, totalSteps);
      factors.push(factor);
      steps.push(await runTrainStep(program, batch, Int32Array.of(0, step), factor));
      if (step === 0) gradients = scaled(await readAll('optimizer.m/'), 1 / (1 - settings.optimizer.beta1));
    }
    const parameters = await readAll('');
    const averages = state.ema.size > 0 ? await readAll('ema/') : {};
    const moments = await readAll('optimizer.v/');
    const sensitivity = Object.fromEntries(
      state.rules.map(({ name, learningRate }) => {
        return [name, adamSensitivity(settings.optimizer, learningRate, factors, moments[name]!)];
      }),
    );
    return { steps, factors, parameters, averages, gradients, sensitivity };
  } finally {
    program.dispose();
  }
}

/**
 * How far each parameter moves with its gradients: an update is rate * g / (|g| + epsilon / sqrt(1 - beta2^t)), |g| the
 * root mean square of the gradients so far, so gradients that nearly vanish pass their rounding errors on enlarged.
 */
function adamSensitivity(
  { beta2, epsilon }: TrainingSettings['optimizer'],
  learningRate: number,
  factors: readonly number[],
  { data: secondMoments }: NdArray,
): Float64Array {
  const corrected = 1 - beta2 ** factors.length;
  return Float64Array.from(secondMoments, (moment) => {
    const size = Math.sqrt(moment / corrected);
    const terms = factors.map((factor, i) => factor / (size + epsilon / Math.sqrt(1 - beta2 ** (i + 1))));
    return learningRate * terms.reduce((sum, term) => sum + term, 0);
  });
}

function scaled(tensors: NdArrays, factor: number): NdArrays {
  const entries = Object.entries(tensors).map(([name, tensor]): [string, NdArray] => [
    name,
    { ...tensor, data: Float32Array.from(tensor.data, (value) => factor * value) },
  ]);
  return Object.fromEntries(entries);
}
