// nx run golden:check --dir DIR: compares what is computed here with the numbers of a golden set.
// Status 0: all within tolerance; 1: something is not; 2: no set, a damaged one, or one that allows no comparison.
import { resolve } from 'node:path';

import { sessionAddonProblem } from '@reelbert/compiler';
import { InputError } from '@reelbert/data';
import { startBackend } from '@reelbert/engine';
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';

import type { Mode } from './bound-program.js';
import { checkSet } from './check-set.js';
import { GoldenSet } from './golden-set.js';
import { formatSummary } from './summary.js';
import { formatTable } from './table.js';

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const options = await parseOptions();
    // Nx runs its commands in the workspace's root: a relative path is meant from where the user stands.
    const folder = resolve(process.env['INIT_CWD'] ?? '.', options.dir);
    const set = await GoldenSet.read(folder);
    const mode = await startMode(options.eager);
    const report = await checkSet(set, mode);
    if (report.compared === 0 && report.failures.length === 0) {
      throw new InputError({
        file: folder,
        found: 'a set that allows no comparison',
        expected: 'tensors or tables of the documented format',
      });
    }
    process.stdout.write(`${formatTable(report.rows)}\n\n${await formatSummary(set, report, mode)}\n`);
    return report.failures.length === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    process.stderr.write(`golden:check: ${error.message}\n`);
    return 2;
  }
}

async function parseOptions(): Promise<{ dir: string; eager: boolean }> {
  return yargs(hideBin(process.argv))
    .scriptName('golden:check')
    .usage('Compares what is computed here with the numbers of a golden set')
    .option('dir', { type: 'string', demandOption: true, requiresArg: true, describe: "the set's folder" })
    .option('eager', { type: 'boolean', default: false, describe: 'op by op instead of compiled' })
    .strict()
    .fail((message: string | null, error: Error | undefined) => {
      throw error ?? new InputError({ expected: `--dir DIR [--eager] (${message})` });
    })
    .parseAsync();
}

async function startMode(eager: boolean): Promise<Mode> {
  const { backend, reason } = await startBackend();
  if (eager) return 'eager';
  const problem = backend === 'tensorflow' ? sessionAddonProblem() : `it runs on ${backend}: ${reason}`;
  if (problem === undefined) return 'compiled';
  process.stderr.write(`golden:check: op by op, since functions can't be compiled: ${problem}\n`);
  return 'eager';
}
