import { join } from 'node:path';

import { meanF1, type Annotation, type MeanF1 } from '@reelbert/data';
import { argmax } from '@reelbert/ensemble';

import type { FrameLocations } from '../dataset/classifier-frames.js';
import { score } from '../terminal/table.js';
import { predictClips, writePredictions } from './predict.js';
import { Quarantine } from './quarantine.js';
import type { StageOptions } from './stage-options.js';

/** Predictions of a run's test clips, in its folder. */
export const testPredictionsFile = 'test-predictions.csv';

/** Scores a finished run's export on the test clips, and leaves their predictions in its folder. */
export async function scoreTest(
  run: string,
  clips: readonly Annotation[],
  locations: FrameLocations,
  options: StageOptions,
): Promise<MeanF1> {
  const quarantine = new Quarantine();
  const predictions = await predictClips({ model: run, clips, ...locations }, quarantine, options);
  await writePredictions(predictions, { out: join(run, testPredictionsFile) });
  const file = join(run, 'test-quarantine.json');
  await quarantine.report(file, clips.length, options.reporter, 'predicted from their texts alone');
  const labels = clips.map((clip) => predictions.categories.indexOf(clip.category_id!)!);
  const scores = meanF1(labels, argmax(predictions.logits), predictions.categories);
  options.reporter.say(`finetune: mean F1 ${score(scores.meanF1)} on ${clips.length} test clips`);
  return scores;
}
