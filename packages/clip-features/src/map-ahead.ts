/**
 * Applies asynchronous work to items, with up to `ahead` pieces started before their turn, and yields the results in
 * the items' order. The first rejection ends the iteration.
 */
export async function* mapAhead<A, B>(
  items: Iterable<A> | AsyncIterable<A>,
  work: (item: A) => Promise<B>,
  ahead: number,
): AsyncGenerator<B> {
  const started: Promise<B>[] = [];
  for await (const item of items) {
    const result = work(item);
    result.catch(() => undefined); // reported when its turn comes
    started.push(result);
    if (started.length > ahead) yield await started.shift()!;
  }
  while (started.length > 0) yield await started.shift()!;
}
