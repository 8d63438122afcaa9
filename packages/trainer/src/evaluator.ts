import type { Program } from '@reelbert/compiler';
import type { NdArray, NdArrays } from '@reelbert/data';
import type { Predictor } from '@reelbert/nn';

import type { TrainingSettings } from './config.js';
import { emaName } from './ema.js';
import { parameterRules } from './parameter-groups.js';

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

/** Logits float32 `[n, classes]` of all real rows of the batches, in order: filler rows (`rowMask` 0) are left out. */
export async function predictLogits(
  predict: PredictBatch,
  batches: AsyncIterable<NdArrays>,
): Promise<NdArray> {
  const rows: Float32Array[] = [];
  let classes = 0;
  for await (const batch of batches) {
    const { shape, data } = await predict(batch);
    classes = shape[1]!;
    const mask = batch.rowMask?.data;
    for (let row = 0; row < shape[0]!; row++) {
      if (mask && mask[row] === 0) continue;
      rows.push((data as Float32Array).subarray(row * classes, (row + 1) * classes));
    }
  }
  const all = new Float32Array(rows.length * classes);
  rows.forEach((row, i) => all.set(row, i * classes));
  return { dtype: 'float32', shape: [rows.length, classes], data: all };
}
