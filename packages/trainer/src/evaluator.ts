import type { Program } from '@reelbert/compiler';
import type { NdArray, NdArrays } from '@reelbert/data';
import type { Predictor } from '@reelbert/nn';

import type { TrainingSettings } from './config.js';
import { emaName } from './ema.js';
import { parameterRules } from './parameter-groups.js';
import { prefetch } from './prefetch.js';

export interface EvaluatorOptions {
  /** Which weights to predict with: the model's own, or their averages. */
  readonly weights: 'model' | 'ema';
  /** Those of the training, if they freeze parameters: frozen ones have no averages and stand for themselves. */
  readonly settings?: TrainingSettings;
  /** Names the program's function; default `predict.model` or `predict.ema`. */
  readonly name?: string;
}

/** Computes the logits float32 `[batch, classes]` of a batch, filler rows included. */
export type PredictBatch = (batch: NdArrays) => Promise<NdArray>;

/**
 * Defines prediction without dropout over a program's weights: the same variables as training's, so it always sees the
 * present ones.
 */
export function evaluator(
  program: Program,
  predictor: Predictor,
  { weights, settings, name = `predict.${weights}` }: EvaluatorOptions,
): PredictBatch {
  const store = predictor.parameters;
  const rules = settings ? parameterRules(store.specs.values(), settings.optimizer) : [];
  const frozen = new Set(rules.filter((rule) => rule.frozen).map((rule) => rule.name));
  const variables = [...store.specs.values()].map((parameter) => {
    const averaged = weights === 'ema' && !frozen.has(parameter.name);
    const variable = program.variable(averaged ? emaName(parameter.name) : parameter.name, parameter.shape);
    return [parameter.name, variable] as const;
  });
  program.define(name, (batch) => {
    const values = new Map(variables.map(([parameter, variable]) => [parameter, variable.read()]));
    return { logits: store.bind(values, () => predictor.logits(batch)) };
  });
  return async (batch) => (await program.run(name, batch)).logits!;
}

/** A batch for prediction; its rows beyond `samples` fill it up. */
export interface PredictionBatch {
  readonly batch: NdArrays;
  /** The number of the sample in each row, each once in all batches. */
  readonly samples: readonly number[];
}

/**
 * Logits float32 `[n, classes]` of the batches' n samples, in the order of their numbers, whatever batches they are in.
 * A batch is made while the last one is worked on.
 */
export async function predictLogits(
  predict: PredictBatch,
  batches: AsyncIterable<PredictionBatch>,
): Promise<NdArray> {
  const rows = new Map<number, Float32Array>();
  let classes = 0;
  for await (const { batch, samples } of prefetch(batches)) {
    const { shape, data } = await predict(batch);
    classes = shape[1]!;
    samples.forEach((sample, row) => {
      rows.set(sample, (data as Float32Array).subarray(row * classes, (row + 1) * classes));
    });
  }
  const all = new Float32Array(rows.size * classes);
  const order = [...rows.keys()].sort((a, b) => a - b);
  order.forEach((sample, i) => all.set(rows.get(sample)!, i * classes));
  return { dtype: 'float32', shape: [rows.size, classes], data: all };
}
