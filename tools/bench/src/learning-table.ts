import type { LearningRow } from './learning-rows.js';

interface Comparison {
  readonly what: string;
  readonly row: string;
  readonly against: string;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of a sample; 0 for one value. */
function deviation(values: readonly number[]): number {
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0;
}

/** The table of results, the effect of each single choice, and the gaps that should hold on any split. */
export function printTable(
  rows: readonly LearningRow[],
  scores: ReadonlyMap<string, readonly number[]>,
  comparisons: readonly Comparison[],
  { splitSeed, seeds }: { splitSeed: number; seeds: readonly number[] },
): string {
  const showPytorch = splitSeed === 802;
  const lines = [
    `Mean F1 on the held-out concepts, split seed ${splitSeed}, training seeds ${seeds.join(', ')}`,
    '',
    `${'training'.padEnd(48)} ${'mean'.padStart(6)} ${'spread'.padStart(6)}${showPytorch ? ' PyTorch' : ''}  each`,
  ];
  for (const row of rows) {
    const found = scores.get(row.id)!;
    const label = (row.ensembleOf ? '  ' : '') + row.label;
    const spread = found.length > 1 ? deviation(found).toFixed(3) : '';
    const pytorch = showPytorch ? (row.pytorch?.toFixed(3) ?? '').padStart(8) : '';
    const each = found.map((score) => score.toFixed(3)).join(' ');
    lines.push(
      `${label.padEnd(48)} ${mean(found).toFixed(3).padStart(6)} ${spread.padStart(6)}${pytorch}  ${each}`,
    );
  }
  const measured = comparisons.filter(({ row, against }) => scores.has(row) && scores.has(against));
  if (measured.length > 0) lines.push('', 'effect of');
  for (const { what, row, against } of measured) {
    lines.push(`${what.padEnd(48)} ${signed(mean(scores.get(row)!) - mean(scores.get(against)!))}`);
  }
  const gaps = expectedGaps(rows, scores);
  if (gaps.length > 0) lines.push('', 'gaps', ...gaps);
  return `${lines.join('\n')}\n`;
}

function expectedGaps(
  rows: readonly LearningRow[],
  scores: ReadonlyMap<string, readonly number[]>,
): string[] {
  const of = (id: string) => (scores.has(id) ? mean(scores.get(id)!) : undefined);
  const gap = (what: string, high: number | undefined, low: number | undefined, least: number) =>
    high === undefined || low === undefined
      ? []
      : [
          `${what.padEnd(48)} ${signed(high - low)} (at least ${signed(least)}) ${high - low >= least ? 'yes' : 'no'}`,
        ];
  const [text, frames] = [of('text'), of('frames')];
  const single = text === undefined || frames === undefined ? undefined : Math.max(text, frames);
  return [
    ...gap('joint pretraining with FGM over from scratch', of('joint-fgm'), of('both'), 0.03),
    ...gap('FGM over none', of('joint-fgm'), of('joint'), 0),
    ...gap('both modalities over the better single one', of('both'), single, 0),
    ...rows
      .filter((row) => row.ensembleOf !== undefined && scores.has(row.ensembleOf))
      .flatMap((row) => gap(`${row.id} over its members' mean`, of(row.id), of(row.ensembleOf!), 0.015)),
  ];
}

function signed(value: number): string {
  return (value < 0 ? '-' : '+') + Math.abs(value).toFixed(3);
}
