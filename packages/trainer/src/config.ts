import { z } from 'zod';

const rate = z.number().nonnegative();

/** Every so many steps, or at the end of every epoch; 0: only at the end of the run. */
const cadence = z.union([z.literal('epoch'), z.int().min(0)]);

/** Parameters whose names contain one of `match`; a parameter belongs to the first group that it matches. */
const parameterGroup = z
  .strictObject({
    match: z.array(z.string().min(1)).min(1).describe('substrings of parameter names'),
    learningRate: rate.optional().describe('this rate in place of the common one'),
    factor: rate.optional().describe("this factor on the optimizer's common learning rate"),
    frozen: z.boolean().default(false).describe('neither differentiated nor updated'),
  })
  .refine((group) => group.learningRate === undefined || group.factor === undefined, {
    message: 'give learningRate or factor, not both',
  });

const layerDecay = z.strictObject({
  factor: z.number().positive().max(1).describe('of a layer to the one above it; the last layer has 1'),
  match: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('only names containing one of these; default: all'),
});

const optimizer = z.strictObject({
  kind: z
    .enum(['adamw', 'adamw-reference'])
    .default('adamw')
    .describe(
      "adamw: torch's form; adamw-reference: transformers' former one (epsilon unscaled, decay last)",
    ),
  learningRate: rate.default(5e-4),
  groups: z.array(parameterGroup).default([]),
  layerDecay: layerDecay
    .nullable()
    .default(null)
    .describe("a factor on every layer's learning rate, whatever group gives it"),
  weightDecay: rate.default(0.01),
  beta1: z.number().min(0).lt(1).default(0.9),
  beta2: z.number().min(0).lt(1).default(0.999),
  epsilon: z.number().positive().default(1e-8),
  noDecay: z
    .enum(['bias-and-norms', 'reference'])
    .default('bias-and-norms')
    .describe("reference: only names containing 'bias' or 'LayerNorm.weight' are spared"),
});

const schedule = z.strictObject({
  kind: z.enum(['cosine', 'linear', 'constant']).default('cosine'),
  warmup: z.number().min(0).max(1).default(0.1).describe('part of the steps in which the rate rises from 0'),
});

const ema = z.strictObject({
  enabled: z.boolean().default(false),
  decay: z.number().min(0).lt(1).default(0.999),
});

const table = z.string().min(1).describe('part of the name of the one parameter to perturb');
const epsilon = z.number().positive().default(1);
const manySteps = {
  table,
  epsilon,
  alpha: z.number().positive().default(0.3),
  steps: z.int().min(1).default(3),
};
const adversarial = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('fgm'), table: table.nullable(), epsilon }),
  z.strictObject({ kind: z.literal('pgd'), ...manySteps }),
  z.strictObject({ kind: z.literal('awp'), ...manySteps }),
]);

const keepOrRecompute = z.enum(['keep', 'recompute']).default('keep');

/** Settings of a training run: the `training` part of a configuration file. */
export const trainingSchema = z.strictObject({
  epochs: z.int().min(1).default(5),
  maxSteps: z.int().min(1).optional().describe('ends the run, and its schedule, after so many steps'),
  batchSize: z.int().min(1).default(32).describe('rows that go through the model at a time'),
  accumulation: z
    .int()
    .min(1)
    .default(1)
    .describe('batches whose gradients make one update, as if they were one batch'),
  optimizer: optimizer.prefault({}),
  schedule: schedule.prefault({}),
  precision: z
    .enum(['float32', 'bf16', 'bf16-forced'])
    .default('float32')
    .describe(
      'bf16: large matrix products in bfloat16, all else in float32; refused where the processor or GPU gains nothing by it, unless forced',
    ),
  memory: z
    .strictObject({
      attention: keepOrRecompute.describe(
        "attention's probabilities are kept for the gradient, or computed again",
      ),
      layers: keepOrRecompute.describe('all of a layer, or only its input, is kept for the gradient'),
    })
    .prefault({})
    .describe('recompute: slower, for less memory'),
  clipNorm: z.number().positive().nullable().default(null).describe('largest global norm of the gradients'),
  ema: ema.prefault({}),
  adversarial: adversarial.default({ kind: 'none' }),
  seed: z.int().default(0),
  evaluateEvery: cadence.default('epoch'),
  bestMetric: z
    .string()
    .default('meanF1')
    .describe('the evaluation value by which the best weights are kept'),
  bestAbove: z
    .number()
    .nullable()
    .default(null)
    .describe('weights that score no more than this are never the best (reference: 0.5)'),
  averageCheckpoints: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe('at the end, also try the mean of the weights after each of so many last epochs'),
  checkpointEvery: cadence.default('epoch'),
  keepCheckpoints: z.int().min(1).default(2),
  logEvery: z.int().min(1).default(10),
  maxNonFiniteSteps: z
    .int()
    .min(1)
    .default(10)
    .describe('so many steps in a row that are not finite stop the run'),
});

export type TrainingSettings = z.output<typeof trainingSchema>;
export type TrainingSettingsInput = z.input<typeof trainingSchema>;
export type OptimizerSettings = TrainingSettings['optimizer'];
export type LayerDecaySettings = z.output<typeof layerDecay>;
export type ScheduleSettings = TrainingSettings['schedule'];
export type AdversarialSettings = TrainingSettings['adversarial'];
export type Cadence = z.output<typeof cadence>;

/** Settings with every default filled in. Throws zod's error on unknown or wrong fields. */
export function trainingSettings(input: TrainingSettingsInput = {}): TrainingSettings {
  return trainingSchema.parse(input);
}
