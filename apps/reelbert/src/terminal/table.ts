/** Rows as aligned columns: the first to the left, the others to the right. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => width(row[column]!))));
  return rows
    .map((row) =>
      row
        .map((cell, column) => pad(cell, widths[column]!, column === 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function pad(cell: string, to: number, left: boolean): string {
  const space = ' '.repeat(to - width(cell));
  return left ? cell + space : space + cell;
}

function width(cell: string): number {
  return [...cell].length;
}

/** A score to four places, without the leading zero: `.4312`. */
export function score(value: number): string {
  return value.toFixed(4).replace(/^0/, '');
}
