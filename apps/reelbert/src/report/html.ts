/** A text as HTML and SVG show it. */
export function escape(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (char) => entities[char]!);
}

/** Rows as an HTML table: the first is its header, the first column names the others. */
export function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const line = (cells: readonly string[], tag: 'th' | 'td') =>
    `<tr>${cells.map((cell, i) => `<${i === 0 ? 'th' : tag}>${escape(cell)}</${i === 0 ? 'th' : tag}>`).join('')}</tr>`;
  const shown = body.map((cells) => line(cells, 'td')).join('\n');
  return `<table><thead>${line(head, 'th')}</thead><tbody>\n${shown}\n</tbody></table>`;
}
