/** Numbers texts such that equal texts have equal numbers; of some rows, in a batch's order. */
export function sameText(texts: readonly string[]): (rows: readonly number[]) => Int32Array {
  const numbers = new Map<string, number>();
  const of = texts.map((text) => {
    const number = numbers.get(text) ?? numbers.size;
    numbers.set(text, number);
    return number;
  });
  return (rows) => Int32Array.from(rows, (row) => of[row]!);
}
