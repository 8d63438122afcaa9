import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { CombineOptions } from '@reelbert/ensemble';

import { inDataFolder } from '../dataset/data-folder.js';
import { formatComparison, formatScores } from './ensemble-comparison.js';
import type { WeightsChoice } from './ensemble-fit.js';
import { describeFit, reportOf, rounded } from './ensemble-report.js';
import { ensemble, type EnsembleOutcome } from './ensemble.js';
import { fingerprintFiles } from './fingerprint.js';
import { inFolder, type StageOutcome } from './in-stage-folder.js';
import { logitsFile, predictionsFile } from './prediction-stages.js';
import type { StageOptions } from './stage-options.js';

export interface EnsembleStage {
  /** Folders of prediction stages. */
  readonly members: readonly string[];
  readonly names?: readonly string[] | undefined;
  readonly weights?: WeightsChoice | undefined;
  readonly of?: CombineOptions['of'];
  /** Folders of out-of-fold logits, one a member, for weights that are searched or stacked. */
  readonly outOfFold?: readonly string[] | undefined;
  /** The data set's folder; null is the sample. */
  readonly folder: string | null;
  /** Annotation files in that folder, for fitting and for the tables. */
  readonly annotations: readonly string[];
}

/**
 * An ensemble as a stage with a folder of its own: the submission, report.json, and tables.txt of how the members differ
 * and what each class gains. Results: `predictions`, the submission, and `weights`.
 */
export async function ensembleStage(config: EnsembleStage, options: StageOptions): Promise<StageOutcome> {
  const { names, weights, of, folder } = config;
  const logits = config.members.map((member) => join(member, logitsFile));
  const outOfFold = config.outOfFold?.map((member) => join(member, logitsFile));
  const annotations = await Promise.all(
    config.annotations.map((file) => inDataFolder(folder, file, 'annotations')),
  );
  const inputs = {
    ...(await fingerprintFiles('logits', logits)),
    ...(await fingerprintFiles('outOfFold', outOfFold ?? [])),
    ...(await fingerprintFiles('annotations', annotations)),
  };
  return inFolder('ensemble', config, inputs, options, async () => {
    const out = join(options.out, predictionsFile);
    const outcome = await ensemble({ logits, names, weights, of, outOfFold, annotations, out });
    await writeFile(join(options.out, 'report.json'), JSON.stringify(reportOf(outcome), null, 2) + '\n');
    await writeFile(join(options.out, 'tables.txt'), tables(outcome));
    const { reporter } = options;
    for (const line of describeFit(outcome)) reporter.say(line);
    for (const warning of outcome.warnings) reporter.say(`warning: ${warning}`);
    const given = outcome.fit ? '' : `, weights ${outcome.weights!.map(rounded).join(',')}`;
    reporter.say(`ensemble: ${logits.length} models${given} -> ${out}`);
    return { predictions: out, ...(outcome.weights && { weights: outcome.weights }) };
  });
}

function tables({ outOfFold, predicted }: EnsembleOutcome): string {
  const named = { 'out of fold, each fold combined by a fit on the others': outOfFold, predicted };
  return Object.entries(named)
    .flatMap(([title, comparison]) =>
      comparison
        ? [`${title}, ${comparison.clips} clips`, formatScores(comparison), formatComparison(comparison)]
        : [],
    )
    .filter((part) => part !== '')
    .map((part) => `${part}\n`)
    .join('\n');
}
