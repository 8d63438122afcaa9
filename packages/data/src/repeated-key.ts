const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/** A key that an object of a valid JSON text has twice, which `JSON.parse` lets pass; undefined if there is none. */
export function repeatedKey(json: string): string | undefined {
  const open: (Set<string> | undefined)[] = []; // keys of the objects around; undefined for a list
  let key = false; // whether a string that comes next is a key
  for (const [text] of json.matchAll(token)) {
    if (text === '{' || text === '[') {
      open.push(text === '{' ? new Set() : undefined);
      key = text === '{';
    } else if (text === '}' || text === ']') {
      open.pop();
      key = false;
    } else if (text === ',') {
      key = open.at(-1) !== undefined;
    } else if (text === ':') {
      key = false;
    } else if (key) {
      const keys = open.at(-1)!;
      const name = JSON.parse(text) as string;
      if (keys.has(name)) return name;
      keys.add(name);
    }
  }
  return undefined;
}
