// What the JSON files of a golden set look like. Tables that a set may lack are read where they are compared.
import { z } from 'zod';

const count = z.int().min(0);
const rates = z.record(z.string(), z.number());

const specialIds = z.object({ pad: count, unk: count, cls: count, sep: count, mask: count });

const single = z.object({
  hidden_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  intermediate_size: count,
  vocab_size: count,
  max_position_embeddings: count,
  frame_dim: count,
  vlad_hidden_size: count.optional(),
});

const two = z.object({
  hidden_size: count,
  text_layers: count,
  video_layers: count,
  cross_layers: count,
  num_attention_heads: count,
  intermediate_size: count,
  vocab_size: count,
  max_position_embeddings: count,
});

const clip = z.object({
  hidden_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  intermediate_size: count,
  image_size: count,
  patch_size: count,
  layer_norm_eps: z.number().default(1e-5),
  hidden_act: z.enum(['quick_gelu', 'gelu']).default('quick_gelu'),
});

const optimizer = z.object({
  betas: z.tuple([z.number(), z.number()]).default([0.9, 0.999]),
  eps: z.number(),
  weight_decay: z.number(),
  finetune_lr: rates.optional(),
  pretrain_lr: rates.optional(),
  contrastive_lr: rates.optional(),
  two_stream_lr: rates.optional(),
  total_steps: count,
  warmup_steps_in_5_step_runs: count,
  warmup_steps_in_1_step_runs: count.default(0),
});

/** `config.json`: shapes, special ids and hyperparameters. A set without a model lacks its part. */
export const configSchema = z.object({
  seed: z.number().optional(),
  size: z.string().optional(),
  special_ids: specialIds.default({ pad: 0, unk: 1, cls: 2, sep: 3, mask: 4 }),
  layer_norm_eps: z.number().default(1e-12),
  num_classes: count,
  single: single.optional(),
  two: two.optional(),
  clip: clip.optional(),
  optimizer: optimizer.optional(),
  fgm: z.object({ epsilon: z.number() }).optional(),
  pgd: z.object({ K: count, epsilon: z.number(), alpha: z.number() }).optional(),
  ema_decay: z.number().optional(),
});

export type GoldenConfig = z.output<typeof configSchema>;
export type OptimizerConfig = z.output<typeof optimizer>;

/** [sum, l2 norm, first three values] by tensor name. */
export const digestTable = z.record(z.string(), z.array(z.number()).min(2).max(5));
export type Digests = z.output<typeof digestTable>;

/** `manifest.json`: dtype and shape by tensor, by file. */
export const manifestSchema = z.record(
  z.string(),
  z.record(z.string(), z.tuple([z.string(), z.array(count)])),
);

/** Numbers by name: losses, norms. */
export const numberTable = z.record(z.string(), z.number());
export const nameList = z.array(z.string());

/** What an update of a run reported. */
export const stepTable = z.array(
  z.object({
    loss: z.number().optional(),
    losses: numberTable.optional(),
    lr: z.array(z.number()).optional(),
    adv_loss: z.number().optional(),
    adv_losses: z.array(z.number()).optional(),
    gradient_l2: numberTable.optional(),
  }),
);
export type Steps = z.output<typeof stepTable>;
