import type * as tf from '@tensorflow/tfjs-core';
import { z } from 'zod';

import { classificationLoss } from './classification.js';
import { diceLoss } from './dice.js';
import { focalLoss } from './focal.js';
import { softF1Loss } from './soft-f1.js';

/** The fields of a classifier's configuration that choose its loss, to be spread into its schema. */
export const classificationFields = {
  labelSmoothing: z.number().min(0).lt(1).default(0).describe("of the loss 'cross-entropy'"),
  classificationLoss: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('cross-entropy') }),
      z.strictObject({ kind: z.literal('focal'), gamma: z.number().min(0).default(2) }),
      z.strictObject({ kind: z.literal('dice'), smooth: z.number().positive().default(1) }),
      z.strictObject({ kind: z.literal('soft-f1') }),
    ])
    .default({ kind: 'cross-entropy' })
    .describe('what the classifier minimises'),
};

export type ClassificationChoice = Readonly<z.output<z.ZodObject<typeof classificationFields>>>;

/** For a schema's `refine`: smoothed labels are a part of cross-entropy only. */
export const smoothingFits: [(choice: ClassificationChoice) => boolean, { path: string[]; message: string }] =
  [
    ({ labelSmoothing, classificationLoss: { kind } }) => labelSmoothing === 0 || kind === 'cross-entropy',
    { path: ['labelSmoothing'], message: "must be 0 unless classificationLoss.kind is 'cross-entropy'" },
  ];

/**
 * The loss that a configuration chooses.
 *
 * @param logits `[batch, classes]`
 * @param labels int32 `[batch]`
 * @param rowWeights float32 or int32 `[batch]`: 0 = the row doesn't count. Default: all do.
 */
export function classificationObjective(
  { labelSmoothing, classificationLoss: chosen }: ClassificationChoice,
  logits: tf.Tensor2D,
  labels: tf.Tensor,
  rowWeights?: tf.Tensor,
): tf.Scalar {
  switch (chosen.kind) {
    case 'cross-entropy':
      return classificationLoss(logits, labels, { labelSmoothing, rowWeights });
    case 'focal':
      return focalLoss(logits, labels, { gamma: chosen.gamma, rowWeights });
    case 'dice':
      return diceLoss(logits, labels, { smooth: chosen.smooth, rowWeights });
    case 'soft-f1':
      return softF1Loss(logits, labels, { rowWeights });
  }
}
