import type { HostTensors, Program } from '@reelbert/compiler';

import type { WorkPlan } from './plan.js';
import { encoderWork } from './work/encoder.js';
import { featureWork, jpegFeatureWork } from './work/features.js';
import { productWork } from './work/products.js';
import { inferenceWork, trainingWork } from './work/models.js';

/** A function of a program and what it is given, batch by batch. */
export interface ProgramWork {
  readonly functionName: string;
  /** One a batch of the plan. */
  readonly inputs: readonly HostTensors[];
  /** In place of one run a batch: all of a round. */
  readonly round?: () => Promise<void>;
}

/** Prepares our side of a piece of work on a program. */
export function prepareWork(program: Program, plan: WorkPlan): Promise<ProgramWork> {
  switch (plan.work) {
    case 'products':
      return productWork(program, plan);
    case 'encoder':
      return encoderWork(program, plan);
    case 'features':
      return featureWork(program, plan);
    case 'jpeg-features':
      return jpegFeatureWork(program, plan);
    case 'inference':
      return inferenceWork(program, plan);
    case 'pretraining':
    case 'small-pretraining':
    case 'finetuning':
    case 'end-to-end':
    case 'two-stream':
      return trainingWork(program, plan);
  }
}
