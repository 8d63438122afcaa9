import { z } from 'zod';

const name = z
  .string()
  .regex(/^[\w-]+$/, 'a name of letters, digits, - and _')
  .describe("the stage's name, and its folder's");
const reference = z.string().min(1).describe('the name of a stage before this one');
const preset = z.string().min(1).describe('a preset or a file');
const settings = z.record(z.string(), z.unknown()).default({}).describe('laid over the preset');
const annotations = z.string().min(1).default('test.json').describe("a file in the data set's folder");

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
    settings,
  }),
  z.strictObject({
    name,
    stage: z.literal('finetune'),
    config: preset.default('small-finetune'),
    features: reference.optional(),
    tower: reference.optional().describe('for input: pixels'),
    from: reference.optional().describe('the pretraining to start from; absent: from scratch'),
    settings,
  }),
  z.strictObject({
    name,
    stage: z.literal('predict'),
    model: reference,
    features: reference.optional().describe('absent: the frames themselves'),
    annotations,
    frames,
  }),
  z.strictObject({
    name,
    stage: z.literal('ensemble'),
    members: z.array(reference).min(2).describe('predict stages'),
    weights: z.array(z.number().nonnegative()).optional().describe('one a member; absent: all 1'),
  }),
  z.strictObject({
    name,
    stage: z.literal('evaluate'),
    predictions: z.array(reference).min(1).describe('predict and ensemble stages'),
    annotations,
  }),
]);

/** A pipeline: its stages in order, each naming those whose results it uses. */
export const pipelineSchema = z.strictObject({
  data: z.string().min(1).nullable().default(null).describe("the data set's folder; null is the sample"),
  stages: z.array(stage).min(1),
});

export type PipelineConfig = z.output<typeof pipelineSchema>;
export type PipelineStage = PipelineConfig['stages'][number];
