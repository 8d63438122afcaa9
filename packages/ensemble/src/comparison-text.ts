import type { ClassGains } from './comparison.js';

/** A table as text: the first row is its header, the first column names the others. */
export type TextTable = readonly (readonly string[])[];

/** A value of each pair of models, in [-1, 1], to three places. */
export function pairTable(
  title: string,
  names: readonly string[],
  values: readonly (readonly number[])[],
): TextTable {
  return [
    [title, ...names],
    ...names.map((name, row) => [name, ...names.map((_, column) => short(values[row]![column]!, 3))]),
  ];
}

/**
 * Classes by what the ensemble gains, most first, and their means in a last row.
 *
 * @param categories the name of each class
 */
export function classGainTable(
  { best, classes }: ClassGains,
  names: readonly string[],
  categories: readonly string[],
): TextTable {
  const sorted = [...classes].sort((a, b) => b.gain - a.gain || a.classIndex - b.classIndex);
  const mean = (of: (entry: (typeof classes)[number]) => number) =>
    classes.reduce((sum, entry) => sum + of(entry), 0) / Math.max(classes.length, 1);
  const support = classes.reduce((sum, entry) => sum + entry.support, 0);
  return [
    ['category', 'rows', ...names, 'ensemble', `gain on ${names[best]!}`],
    ...sorted.map((entry) => [
      categories[entry.classIndex]!,
      String(entry.support),
      ...entry.members.map((f1) => short(f1, 3)),
      short(entry.ensemble, 3),
      signed(entry.gain),
    ]),
    [
      'mean',
      String(support),
      ...names.map((_, member) =>
        short(
          mean((entry) => entry.members[member]!),
          3,
        ),
      ),
      short(
        mean((entry) => entry.ensemble),
        3,
      ),
      signed(mean((entry) => entry.gain)),
    ],
  ];
}

/** Rows as aligned columns, the first to the left, the others to the right. */
export function formatColumns(table: TextTable): string {
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((row) => [...row[column]!].length)),
  );
  const pad = (cell: string, column: number) => {
    const space = ' '.repeat(widths[column]! - [...cell].length);
    return column === 0 ? cell + space : space + cell;
  };
  return table.map((row) => row.map(pad).join('  ').trimEnd()).join('\n');
}

function signed(value: number): string {
  const text = short(value, 3);
  return value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

// Without the leading zero, and never -.000.
function short(value: number, places: number): string {
  const text = value.toFixed(places).replace(/^(-?)0\./, '$1.');
  return Number(text) === 0 ? text.replace('-', '') : text;
}
