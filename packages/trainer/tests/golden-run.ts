import { createProgram } from '@reelbert/compiler';
import type { NdArrays } from '@reelbert/data';
import type { Task } from '@reelbert/nn';
import { referencePreset, visualBertConfigSchema, type VisualBertConfig } from '@reelbert/visual-bert';
import { expect } from 'vitest';

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
} from '../src/index.js';
import {
  expectClose,
  expectDigest,
  goldenJson,
  goldenTensors,
  isOwnSet,
  withPrefix,
  type Digests,
} from './golden.js';

/** What the golden set says of its models and of their training. */
export const golden = goldenJson<{
  readonly num_classes: number;
  readonly special_ids: { pad: number; unk: number; cls: number; sep: number; mask: number };
  readonly single: Readonly<Record<string, number>>;
  readonly optimizer: {
    readonly eps: number;
    readonly weight_decay: number;
    readonly finetune_lr: { readonly others: number; readonly roberta: number };
    readonly pretrain_lr: { readonly others: number; readonly roberta: number };
    readonly total_steps: number;
    readonly warmup_steps_in_5_step_runs: number;
  };
  readonly fgm: { readonly epsilon: number };
  readonly pgd: { readonly K: number; readonly epsilon: number; readonly alpha: number };
  readonly ema_decay: number;
}>('config');

/** The golden single-stream model, without dropout. */
export function goldenModelConfig(): VisualBertConfig {
  const single = golden.single as { readonly [name: string]: number };
  return visualBertConfigSchema.parse({
    ...referencePreset,
    frameDim: single.frame_dim,
    text: {
      vocabSize: single.vocab_size,
      hiddenSize: single.hidden_size,
      numHiddenLayers: single.num_hidden_layers,
      numAttentionHeads: single.num_attention_heads,
      intermediateSize: single.intermediate_size,
      maxPositionEmbeddings: single.max_position_embeddings,
      hiddenDropoutProb: 0,
      attentionProbsDropoutProb: 0,
      padTokenId: golden.special_ids.pad,
      addPoolingLayer: true,
    },
  });
}

/** The reference's optimizer at the golden rates; parameters whose names contain `roberta` have a rate of their own. */
export function goldenSettings(
  stage: 'finetune' | 'pretrain',
  warmupSteps: number,
  changes: TrainingSettingsInput = {},
): TrainingSettings {
  const { eps, weight_decay, total_steps, ...rates } = golden.optimizer;
  const { others, roberta } = rates[`${stage}_lr`];
  return trainingSettings({
    optimizer: {
      kind: 'adamw-reference',
      learningRate: others,
      groups: [{ match: ['roberta'], learningRate: roberta }],
      weightDecay: weight_decay,
      epsilon: eps,
      noDecay: 'reference',
    },
    schedule: { kind: 'cosine', warmup: warmupSteps / total_steps },
    ...changes,
  });
}

export interface GoldenRun {
  readonly steps: readonly StepScalars[];
  readonly parameters: NdArrays;
  readonly averages: NdArrays;
  /** Of the first update: its moment is a tenth of its gradient. */
  readonly gradients: NdArrays;
}

/** One update on each of the batches, from the golden weights. */
export async function goldenRun(
  mode: 'compiled' | 'eager',
  task: Task,
  settings: TrainingSettings,
  batches: readonly NdArrays[],
): Promise<GoldenRun> {
  const program = createProgram({ mode });
  const state = declareTrainingState(program, task.parameters, settings);
  defineTrainStep(program, task, state, settings);
  const weights = goldenTensors('single.weights');
  const { state: initial, report } = loadInitialState(task.parameters, weights, { strict: false, seed: 0 });
  expect(report.missing).toEqual([]);
  await writeInitialState(program, state, settings, initial);

  const steps: StepScalars[] = [];
  let gradients: NdArrays = {};
  for (const [step, batch] of batches.entries()) {
    const factor = scheduleFactor(settings.schedule, step, golden.optimizer.total_steps);
    steps.push(await runTrainStep(program, batch, Int32Array.of(0, step), factor));
    if (step === 0) gradients = mapData(await readAll('optimizer.m/'), (value) => 10 * value);
  }
  const [parameters, averages] = [await readAll(''), state.ema.size > 0 ? await readAll('ema/') : {}];
  program.dispose();
  return { steps, parameters, averages, gradients };

  async function readAll(prefix: string): Promise<NdArrays> {
    return withPrefix(prefix, await program.read(state.trainable.map((name) => prefix + name)));
  }
}

/** Ten times float32's own noise, as the golden set gives it; of each tensor's largest value. */
export const tolerance = 10 * 3.4e-7;

/**
 * Compares tensors with those of a golden state, and with its digests, as far as the set has either. The gradient of a
 * key's bias is zero (it shifts all scores alike); Adam divides its rounding errors by epsilon, so it gets more.
 */
export function expectState(found: NdArrays, state: NdArrays, digests: Digests | undefined): void {
  const allowed = (name: string) => (name.endsWith('self.key.bias') ? 1e-3 : tolerance);
  if (isOwnSet) expect(Object.keys({ ...state, ...digests })).not.toEqual([]);
  for (const [name, tensor] of Object.entries(state)) expectClose(name, found[name]!, tensor, allowed(name));
  for (const [name, digest] of Object.entries(digests ?? {}))
    expectDigest(name, found[name]!, digest, allowed(name));
}

function mapData(tensors: NdArrays, map: (value: number) => number): NdArrays {
  const mapped = Object.entries(tensors).map(([name, tensor]) => [
    name,
    { ...tensor, data: Float32Array.from(tensor.data, map) },
  ]);
  return Object.fromEntries(mapped);
}
