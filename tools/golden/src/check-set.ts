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

const checks: readonly Check[] = [
  checkCollation,
  checkPretraining,
  checkPretrainingUpdates,
  checkFinetuning,
  checkFinetuningUpdates,
  checkTwoStream,
  checkContrast,
  checkEndToEnd,
  checkEnsemble,
  checkPreprocess,
  checkParameterGroups,
  checkTables,
];

/** Every comparison that a set allows. */
export async function checkSet(set: GoldenSet, mode: Mode): Promise<Report> {
  const report = new Report();
  for (const check of checks) await check({ set, report, mode });
  return report;
}
