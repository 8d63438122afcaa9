// Prints a digest of all variables after ten compiled steps: of wide pretraining, and of video-text contrast.
import { createHash } from 'node:crypto';

import { startBackend } from '@reelbert/engine';

import { videoTextContrast, widePretraining } from './training-cases.js';
import { digests, startTraining } from './training-run.js';

await startBackend();
for (const trained of [widePretraining, videoTextContrast]) {
  const training = await startTraining(trained, 'compiled');
  for (let index = 0; index < 10; index++) await training.step(index);
  const each = JSON.stringify(digests(await training.everything()));
  process.stdout.write(`${createHash('sha256').update(each).digest('hex')}\n`);
  training.dispose();
}
