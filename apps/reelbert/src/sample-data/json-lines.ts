/** JSON with one member a line down to `depth` levels, the rest inline: long lists stay readable and diffable. */
export function linesOfJson(value: unknown, depth: number): string {
  return `${format(value, depth, '')}\n`;
}

function format(value: unknown, depth: number, indent: string): string {
  if (depth === 0 || typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  const members = Array.isArray(value)
    ? value.map((member) => format(member, depth - 1, inner))
    : Object.entries(value).map(
        ([key, member]) => `${JSON.stringify(key)}: ${format(member, depth - 1, inner)}`,
      );
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (members.length === 0) return `${open}${close}`;
  return `${open}\n${members.map((member) => inner + member).join(',\n')}\n${indent}${close}`;
}
