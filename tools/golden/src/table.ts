import type { Row } from './report.js';
import { describeTolerance, short } from './tolerance.js';

const heads = [
  'quantity',
  'tensors',
  'largest abs. error',
  'largest rel. error',
  'tolerance',
  'of it',
  'verdict',
];

const slackNote =
  "of the parameter's largest value, and as much of its gradient's as AdamW passes on to each element (README, Tolerances)";

/** The comparisons as a table, by family; places of failures below their rows. */
export function formatTable(rows: readonly Row[]): string {
  const cells = rows.map(rowCells);
  const widths = heads.map((head, i) => Math.max(head.length, ...cells.map((row) => row[i]!.length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => pad(cell, widths[i]!, i))
      .join('  ')
      .trimEnd();
  const lines = [line(heads), widths.map((width) => '-'.repeat(width)).join('  ')];
  let family = '';
  rows.forEach((row, i) => {
    if (row.family !== family) lines.push((family = row.family));
    lines.push(line(cells[i]!));
    if (row.note !== undefined && row.verdict !== 'ok') lines.push(`      ${row.note}`);
  });
  if (rows.some(({ slack }) => slack)) lines.push(`(*) ${slackNote}`);
  return lines.join('\n');
}

function rowCells({
  quantity,
  tensors,
  absolute,
  relative,
  tolerance,
  slack,
  share,
  verdict,
}: Row): string[] {
  return [
    `  ${quantity}`,
    tensors === undefined ? '' : `${tensors}`,
    absolute === undefined ? '' : short(absolute),
    relative === undefined ? '' : short(relative),
    tolerance ? describeTolerance(tolerance) + (slack ? ' (*)' : '') : '',
    share === undefined || tolerance?.absolute === 0 ? '' : `${Math.round(100 * share)}%`,
    verdict,
  ];
}

// Texts to the left, numbers to the right.
function pad(cell: string, width: number, column: number): string {
  return (column >= 1 && column <= 3) || column === 5 ? cell.padStart(width) : cell.padEnd(width);
}
