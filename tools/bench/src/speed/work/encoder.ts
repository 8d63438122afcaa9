import type { Program } from '@reelbert/compiler';
import { makeKey } from '@reelbert/data';
import { KeyStream } from '@reelbert/engine';
import { BertEncoder, bertConfigSchema, ParameterStore, type Task } from '@reelbert/nn';
import { globalNorm, lossAndGradients } from '@reelbert/trainer';
import * as tf from '@tensorflow/tfjs-core';

import { madeUpNumbers } from '../made-up-data.js';
import type { ProgramWork } from '../our-work.js';
import type { WorkPlan } from '../plan.js';
import { bertSizes } from './models.js';
import { writeMadeUpWeights } from './weights.js';

/** Forward and backward of bare encoder layers on full rows `[batch, tokens, hidden]`: no padding, mask or optimizer. */
export async function encoderWork(program: Program, { sizes, batches }: WorkPlan): Promise<ProgramWork> {
  const parameters = new ParameterStore();
  const encoder = new BertEncoder(parameters, '', bertConfigSchema.parse(bertSizes(sizes)));
  const task: Task = {
    parameters,
    objectives: [],
    loss: ({ states }, keys) => {
      const out = encoder.forward(states as tf.Tensor3D, null, keys);
      return { loss: tf.mean(tf.square(out)) as tf.Scalar, parts: {} };
    },
  };
  await writeMadeUpWeights(program, parameters);
  const names = [...parameters.specs.keys()];
  program.define('encode', ({ states, key }) => {
    const at = new Map(
      [...parameters.specs.values()].map(({ name, shape }) => [name, program.variable(name, shape).read()]),
    );
    const { loss, gradients } = lossAndGradients(task, at, names, { states: states! }, new KeyStream(key!));
    // What nothing consumes is not computed.
    return { loss, norm: globalNorm(gradients.values()) };
  });
  const inputs = batches.map((batch, i) => {
    const shape = [batch.length, sizes.textLength + sizes.frames, sizes.hiddenSize];
    const size = shape.reduce((product, extent) => product * extent, 1);
    return {
      states: { dtype: 'float32', shape, data: madeUpNumbers(size, i) },
      key: { dtype: 'int32', shape: [2], data: makeKey('speed', i) },
    } as const;
  });
  return { functionName: 'encode', inputs };
}
