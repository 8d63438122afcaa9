import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { InputError } from '@reelbert/data';
import { bfloat16Problem } from '@reelbert/engine';
import { createRun, type RunFolder, type TrainingSettings } from '@reelbert/trainer';

import type { TrainingBatches } from '../dataset/training-batches.js';
import { useBackend } from './backend.js';
import type { Quarantine } from './quarantine.js';
import { configText } from './stage-folder.js';
import type { StageOptions } from './stage-options.js';

export interface RunPlan {
  /** The effective configuration. */
  readonly config: { readonly training: Pick<TrainingSettings, 'batchSize' | 'precision'> };
  readonly quarantine: Quarantine;
  /** How many clips there were before the quarantine. */
  readonly total: number;
  readonly batches: TrainingBatches;
  /** Go on with the run that lies there. */
  readonly resume: boolean;
}

/**
 * Makes a training run's folder. Until its checks are passed, nothing is written but the quarantine list.
 *
 * @throws InputError if no clip is usable, or there are too few for a batch
 */
export async function openRun(plan: RunPlan, options: StageOptions): Promise<RunFolder> {
  const { config, quarantine, total, batches, resume } = plan;
  if (quarantine.size > 0) {
    await mkdir(options.out, { recursive: true });
    await quarantine.report(join(options.out, 'quarantine.json'), total, options.reporter);
  }
  if (batches.stepsPerEpoch === 0) {
    const { batchSize } = config.training;
    const found = `${batchSize}, with ${batches.samplesPerEpoch} clips an epoch`;
    throw new InputError({
      field: 'training.batchSize',
      found,
      expected: `at most ${batches.samplesPerEpoch}`,
    });
  }
  const backend = await useBackend(options);
  const problem = config.training.precision === 'bf16' ? bfloat16Problem(backend) : undefined;
  if (problem !== undefined) {
    const expected = 'float32, or bf16-forced';
    throw new InputError({ field: 'training.precision', found: `bf16, but ${problem}`, expected });
  }
  return createRun(options.out, { config: configText(config), environment: { backend }, resume });
}
