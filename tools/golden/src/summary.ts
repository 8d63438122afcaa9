import type { Mode } from './bound-program.js';
import type { GoldenSet } from './golden-set.js';
import type { Report, Row } from './report.js';

const listed = 12;

/** Whether nothing is over, nothing was left out, and the set has all that its manifest names. */
export function passed({ failures }: Report, lost: readonly string[]): boolean {
  return failures.length === 0 && lost.length === 0;
}

/**
 * How many comparisons there were and how they ended, what the set lacks, what of it went unused.
 *
 * @param lost what the set's manifest names and the set lacks
 */
export function formatSummary(set: GoldenSet, report: Report, lost: readonly string[], mode: Mode): string {
  const { rows, compared } = report;
  const over = rows.filter(({ verdict }) => verdict === 'OVER');
  const missing = rows.filter(({ verdict }) => verdict === 'not in the set');
  const notRun = rows.filter(({ verdict }) => verdict === 'not run');
  const { seed, size } = set.config;
  const lines = [
    `${set.folder}: seed ${seed ?? '?'}, size ${size ?? '?'}; ${mode === 'compiled' ? 'compiled' : 'op by op'}`,
    `${compared} comparisons: ${compared - over.length} within tolerance, ${over.length} over`,
    ...list('over', over),
    ...list('not run', notRun),
    ...list('not in the set, so not compared', missing),
    ...listNames('named in manifest.json, but not in the set', lost),
    ...listNames('in the set, but not compared with anything', set.unused()),
    passed(report, lost) ? 'PASSED' : 'FAILED',
  ];
  return lines.join('\n');
}

function list(title: string, rows: readonly Row[]): string[] {
  if (rows.length === 0) return [];
  return [`${title}: ${rows.map(({ family, quantity }) => `${family}, ${quantity}`).join('; ')}`];
}

function listNames(title: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > listed ? [`and ${names.length - listed} more`] : [];
  return [`${title}: ${[...names.slice(0, listed), ...more].join('; ')}`];
}
