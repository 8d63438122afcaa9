import * as tf from '@tensorflow/tfjs-core';

import { classificationLoss, contrastiveLosses, diceLoss, focalLoss, softF1Loss } from '../src/index.js';
import { maskedFrameLoss, maskedLanguageLoss, matchingLoss } from '../src/index.js';
import { uneven } from './finite-difference.js';

type Inputs = Readonly<Record<string, tf.Tensor>>;

/** A loss with inputs in general position. */
export interface Case {
  readonly name: string;
  readonly inputs: Inputs;
  /** The inputs that have a gradient. */
  readonly differentiable: readonly string[];
  readonly loss: (inputs: Inputs) => tf.Scalar;
}

const int32 = (values: number[]) => tf.tensor1d(values, 'int32');
const matrix = (x: tf.Tensor | undefined) => x as tf.Tensor2D;

/** Every loss, with every option. Call once the backend has started. */
export function lossCases(): Case[] {
  const weights = tf.tensor1d([1, 0, 1, 1]);
  const frames = {
    predictions: uneven([4, 3]),
    candidates: uneven([5, 3], 1),
    targets: int32([4, 0, 2, 1]),
    queryMask: tf.tensor1d([1, 0, 1, 1]), // a query of mask 0 rounds to -1e8: no differences to see
    candidateMask: tf.tensor1d([1, 1, 1, 0, 1]),
    weights,
  };
  const frameLoss = (options: object) => (inputs: Inputs) =>
    maskedFrameLoss(inputs as unknown as Parameters<typeof maskedFrameLoss>[0], options);
  const pairs = { a: uneven([4, 3]), b: uneven([4, 3], 2) };
  const contrast = ({ a, b, scale, ...options }: Inputs) => {
    const { aToB, bToA } = contrastiveLosses(matrix(a), matrix(b), { scale: scale as tf.Scalar, ...options });
    return tf.add(aToB, tf.mul(bToA, 0.7)) as tf.Scalar;
  };
  return [
    {
      name: 'masked language',
      inputs: { logits: uneven([4, 6]), labels: int32([5, 0, 2, 2]), weights },
      differentiable: ['logits'],
      loss: ({ logits, labels, weights }) => maskedLanguageLoss(matrix(logits), labels!, weights!),
    },
    {
      name: 'matching',
      inputs: { logits: uneven([4, 2]), labels: int32([1, 0, 0, 1]), weights },
      differentiable: ['logits'],
      loss: ({ logits, labels, weights }) => matchingLoss(matrix(logits), labels!, weights!),
    },
    {
      name: 'masked frames, dot products',
      inputs: frames,
      differentiable: ['predictions', 'candidates'],
      loss: frameLoss({ temperature: 0.5 }),
    },
    {
      name: 'masked frames, cosines',
      inputs: frames,
      differentiable: ['predictions', 'candidates'],
      loss: frameLoss({ normalise: true, temperature: 0.5 }),
    },
    {
      name: 'contrast',
      inputs: { ...pairs, scale: tf.scalar(3) },
      differentiable: ['a', 'b', 'scale'],
      loss: contrast,
    },
    {
      name: 'contrast of weighted rows in groups',
      inputs: { ...pairs, scale: tf.scalar(3), rowWeights: weights, groups: int32([7, 8, 7, 9]) },
      differentiable: ['a', 'b', 'scale'],
      loss: contrast,
    },
    {
      name: 'classification',
      inputs: { logits: uneven([4, 5]), labels: int32([4, 0, 2, 2]) },
      differentiable: ['logits'],
      loss: ({ logits, labels }) => classificationLoss(matrix(logits), labels!),
    },
    {
      name: 'classification, smoothed, of weighted rows',
      inputs: { logits: uneven([4, 5]), labels: int32([4, 0, 2, 2]), rowWeights: weights },
      differentiable: ['logits'],
      loss: ({ logits, labels, rowWeights }) =>
        classificationLoss(matrix(logits), labels!, { labelSmoothing: 0.3, rowWeights }),
    },
    ...[0, 0.5, 2].map((gamma) => ({
      name: `focal, gamma ${gamma}`,
      inputs: { logits: uneven([4, 5]), labels: int32([4, 0, 2, 2]), rowWeights: weights },
      differentiable: ['logits'],
      loss: ({ logits, labels, rowWeights }: Inputs) =>
        focalLoss(matrix(logits), labels!, { gamma, rowWeights }),
    })),
    {
      name: 'dice',
      inputs: { logits: uneven([4, 5]), labels: int32([4, 0, 2, 2]), rowWeights: weights },
      differentiable: ['logits'],
      loss: ({ logits, labels, rowWeights }) =>
        diceLoss(matrix(logits), labels!, { smooth: 0.5, rowWeights }),
    },
    {
      name: 'soft F1',
      inputs: { logits: uneven([4, 5]), labels: int32([4, 0, 2, 2]), rowWeights: weights },
      differentiable: ['logits'],
      loss: ({ logits, labels, rowWeights }) => softF1Loss(matrix(logits), labels!, { rowWeights }),
    },
  ];
}
