import { expect, test } from 'vitest';

import { programModes } from './modes.js';
import { describeTraining } from './training-behaviour.js';
import { overflowingAttack, pretrainingCases } from './training-cases.js';
import { digests, startTraining } from './training-run.js';

const modes = await programModes();

for (const trained of pretrainingCases) describeTraining(trained);

test.each(modes)(
  'an attack whose pass alone is not finite changes no bit of any variable (%s)',
  async (mode) => {
    const training = await startTraining(overflowingAttack, mode);
    const before = digests(await training.everything());
    const { loss, adversarialLoss, finite } = await training.step(3);
    expect([loss, adversarialLoss].map(Number.isFinite)).toEqual([true, false]);
    expect(finite).toBe(0);
    expect(digests(await training.everything())).toEqual(before);
    training.dispose();
  },
);
