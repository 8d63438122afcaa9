import { z } from 'zod';

import { isMapping } from './merge.js';

const name = z
  .string()
  .regex(/^[\w-]+$/, 'a name of letters, digits, - and _')
  .describe("the stage's name, and its folder's");
const reference = z.string().min(1).describe('the name of a stage before this one, or a path with a / in it');
const stageName = z.string().min(1).describe('the name of a stage before this one');
const preset = z.string().min(1).describe('a preset or a file');
const mapping = z.record(z.string(), z.unknown()).default({});
const settings = mapping.describe('laid over the preset');
const annotations = z.string().min(1).default('test.json').describe("a file in the data set's folder");
const averaged = z
  .enum(['probabilities', 'logits'])
  .default('probabilities')
  .describe('what is averaged over models');
const folds = z.int().min(2).nullable();

const frames = z
  .string()
  .min(1)
  .default('frames')
  .describe("folder of zipped frames in the data set's folder");

const stage = z.discriminatedUnion('stage', [
  z.strictObject({
    name,
    stage: z.literal('clip-pretrain'),
    config: preset.default('small-clip-pretrain'),
    tower: reference.optional().describe("the tower to train on; absent: the preset's"),
    from: reference.optional().describe("the text encoder to start from; absent: the preset's"),
    settings,
  }),
  z.strictObject({
    name,
    stage: z.literal('extract-features'),
    tower: reference,
    annotations: z.array(z.string().min(1)).default(['unlabelled.json', 'labelled.json', 'test.json']),
    frames,
  }),
  z.strictObject({
    name,
    stage: z.literal('pretrain'),
    config: preset.default('small-pretrain'),
    features: reference.optional().describe('absent: of text alone, frames.perClip is 0'),
    from: reference.optional().describe("the weights to start from; absent: the preset's"),
    settings,
  }),
  z.strictObject({
    name,
    stage: z.literal('finetune'),
    config: preset.default('small-finetune'),
    features: reference.optional(),
    tower: reference.optional().describe('for input: pixels'),
    from: reference.optional().describe('the pretraining to start from; absent: from scratch'),
    folds: folds
      .optional()
      .describe(
        "a model for each of so many folds, and the out-of-fold logits of all labelled clips; null: one model of all clips; absent: as the pipeline's folds",
      ),
    settings,
  }),
  z.strictObject({
    name,
    stage: z.literal('predict'),
    model: reference.describe("a finetune stage; of one with folds, the models' average"),
    features: reference.optional().describe('absent: the frames themselves'),
    annotations,
    frames,
    of: averaged,
  }),
  z.strictObject({
    name,
    stage: z.literal('ensemble'),
    members: z.array(stageName).min(2).describe('predict stages'),
    weights: z
      .union([z.array(z.number().nonnegative()), z.enum(['search', 'stack'])])
      .optional()
      .describe(
        'one a member; search: those with the best mean F1 on out-of-fold logits; stack: one a member and class, learned from them; absent: all 1',
      ),
    outOfFold: z
      .array(stageName)
      .optional()
      .describe("finetune stages with folds to fit on, one a member; absent: the members' own"),
    labelled: z
      .array(z.string().min(1))
      .min(1)
      .default(['labelled.json'])
      .describe('the categories of the out-of-fold clips'),
    of: averaged,
  }),
  z.strictObject({
    name,
    stage: z.literal('evaluate'),
    predictions: z
      .array(stageName)
      .min(1)
      .describe('predict and ensemble stages; or finetune stages with folds, of the labelled clips'),
    annotations,
  }),
]);

/** A pipeline: its stages in order, each naming those whose results it uses. */
export const pipelineSchema = z.strictObject({
  data: z.string().min(1).nullable().default(null).describe("the data set's folder; null is the sample"),
  folds: folds.default(null).describe('of every finetune stage that does not say; null: all labelled clips'),
  settings: z
    .strictObject({ 'clip-pretrain': mapping, pretrain: mapping, finetune: mapping })
    .prefault({})
    .describe('laid over the settings of all stages of a kind'),
  stages: z
    .preprocess(stageList, z.array(stage).min(1))
    .describe('a list; or a mapping from names to stages, which another file can extend by name'),
});

export type PipelineConfig = z.output<typeof pipelineSchema>;
export type PipelineStage = PipelineConfig['stages'][number];
export type StageOf<K extends PipelineStage['stage']> = Extract<PipelineStage, { stage: K }>;

/** Of how many folds a finetune stage makes models; null is one model of all labelled clips. */
export function foldsOf(stage: StageOf<'finetune'>, pipeline: Pick<PipelineConfig, 'folds'>): number | null {
  return stage.folds === undefined ? pipeline.folds : stage.folds;
}

/** Stages as a list, where they are a mapping from their names; anything else as it is. */
export function stageList(stages: unknown): unknown {
  if (!isMapping(stages)) return stages;
  return Object.entries(stages).map(([name, stage]) => (isMapping(stage) ? { name, ...stage } : stage));
}
