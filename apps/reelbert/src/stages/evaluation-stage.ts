import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { MeanF1 } from '@reelbert/data';

import { inDataFolder } from '../dataset/data-folder.js';
import { evaluate, largestClassScores } from './evaluate.js';
import { fingerprintFile, fingerprintFiles } from './fingerprint.js';
import { inFolder, type StageOutcome } from './in-stage-folder.js';
import { predictionsFile } from './prediction-stages.js';
import type { StageOptions } from './stage-options.js';

export interface EvaluationStage {
  readonly predictions: readonly { readonly name: string; readonly folder: string }[];
  readonly folder: string | null;
  readonly annotations: string;
}

/** The scores of a pipeline's predictors, by name. */
export type PipelineScores = Readonly<Record<string, MeanF1>>;

/** What the scores of always predicting the most frequent category are called. */
export const baselineName = 'largest class';

/** Scores of several predictions, as a stage. Results: `scores` by name, that of the largest class among them. */
export async function evaluationStage(config: EvaluationStage, options: StageOptions): Promise<StageOutcome> {
  const annotations = await inDataFolder(config.folder, config.annotations, 'annotations');
  const files = config.predictions.map(({ folder }) => join(folder, predictionsFile));
  const inputs = {
    annotations: await fingerprintFile(annotations),
    ...(await fingerprintFiles('predictions', files)),
  };
  return inFolder('evaluate', config, inputs, options, async () => {
    const scores: Record<string, MeanF1> = { [baselineName]: await largestClassScores(annotations) };
    for (const [i, { name }] of config.predictions.entries()) {
      const { meanF1, lv1Micro, lv1Macro, lv2Micro, lv2Macro } = await evaluate({
        predictions: files[i]!,
        annotations,
      });
      scores[name] = { meanF1, lv1Micro, lv1Macro, lv2Micro, lv2Macro };
    }
    await writeFile(join(options.out, 'scores.json'), JSON.stringify(scores, null, 2) + '\n');
    return { scores };
  });
}
