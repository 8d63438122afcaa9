import { resolve } from 'node:path';

import { sessionAddonProblem } from '@reelbert/compiler';
import { InputError } from '@reelbert/data';
import { startBackend } from '@reelbert/engine';
import yargs from 'yargs';

import type { Mode } from './bound-program.js';
import { checkSet } from './check-set.js';
import { GoldenSet } from './golden-set.js';
import { formatSummary, passed } from './summary.js';
import { formatTable } from './table.js';

/** Where the command writes. */
export interface Output {
  readonly result: (text: string) => void;
  readonly problem: (text: string) => void;
}

/**
 * Compares what is computed here with the numbers of the golden set that the arguments name. Returns 0: all within
 * tolerance; 1: something is not; 2: no set, a damaged one, or one that allows no comparison.
 *
 * @param from relative paths are meant from here
 */
export async function goldenCheck(argv: readonly string[], from: string, output: Output): Promise<number> {
  try {
    const options = await parseOptions(argv);
    const folder = resolve(from, options.dir);
    const set = await GoldenSet.read(folder);
    const mode = await startMode(options.eager, output);
    const report = await checkSet(set, mode);
    if (report.compared === 0 && report.failures.length === 0) {
      const expected = 'tensors or tables of the documented format';
      throw new InputError({ file: folder, found: 'a set that allows no comparison', expected });
    }
    const lost = await set.missingOfManifest();
    output.result(`${formatTable(report.rows)}\n\n${formatSummary(set, report, lost, mode)}\n`);
    return passed(report, lost) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    output.problem(`golden:check: ${error.message}\n`);
    return 2;
  }
}

async function parseOptions(argv: readonly string[]): Promise<{ dir: string; eager: boolean }> {
  return yargs(argv)
    .scriptName('golden:check')
    .usage('Compares what is computed here with the numbers of a golden set')
    .option('dir', { type: 'string', demandOption: true, requiresArg: true, describe: "the set's folder" })
    .option('eager', { type: 'boolean', default: false, describe: 'op by op instead of compiled' })
    .version(false)
    .strict()
    .fail((message: string | null, error: Error | undefined) => {
      throw error ?? new InputError({ expected: `--dir DIR [--eager] (${message})` });
    })
    .parseAsync();
}

async function startMode(eager: boolean, output: Output): Promise<Mode> {
  const { backend, reason } = await startBackend();
  if (eager) return 'eager';
  const problem = backend === 'tensorflow' ? sessionAddonProblem() : `it runs on ${backend}: ${reason}`;
  if (problem === undefined) return 'compiled';
  output.problem(`golden:check: op by op, since functions can't be compiled: ${problem}\n`);
  return 'eager';
}
