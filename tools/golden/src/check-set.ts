import { InputError } from '@reelbert/data';

import type { Mode } from './bound-program.js';
import type { Check } from './check-context.js';
import { checkCollation } from './checks/collation.js';
import { checkContrast } from './checks/contrast.js';
import { checkEndToEnd } from './checks/end-to-end.js';
import { checkEnsemble } from './checks/ensemble.js';
import { checkFinetuning } from './checks/finetuning.js';
import { checkFinetuningUpdates } from './checks/finetuning-updates.js';
import { checkParameterGroups } from './checks/parameter-groups.js';
import { checkPreprocess } from './checks/preprocess.js';
import { checkPretraining } from './checks/pretraining.js';
import { checkPretrainingUpdates } from './checks/pretraining-updates.js';
import { checkTables } from './checks/tables.js';
import { checkTwoStream } from './checks/two-stream.js';
import type { GoldenSet } from './golden-set.js';
import { Report } from './report.js';

const checks: Readonly<Record<string, Check>> = {
  collation: checkCollation,
  pretraining: checkPretraining,
  'pretraining updates': checkPretrainingUpdates,
  'fine-tuning': checkFinetuning,
  'fine-tuning updates': checkFinetuningUpdates,
  'two-stream': checkTwoStream,
  contrast: checkContrast,
  'end to end': checkEndToEnd,
  ensemble: checkEnsemble,
  'image transform': checkPreprocess,
  'parameter groups': checkParameterGroups,
  tables: checkTables,
};

/** Every comparison that a set allows. Where one can't be made, that is reported, and the others are. */
export async function checkSet(set: GoldenSet, mode: Mode): Promise<Report> {
  const report = new Report();
  for (const [family, check] of Object.entries(checks)) {
    try {
      await check({ set, report, mode });
    } catch (error) {
      if (error instanceof InputError) throw error; // the set is damaged
      report.notRun(family, 'the rest', (error as Error).message.trim().split('\n')[0]!);
    }
  }
  return report;
}
