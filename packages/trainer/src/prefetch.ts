/**
 * The source's items in order, the next one being made while the consumer works on the last: not before the consumer
 * has had a turn to start its work, so that making batches runs beside a training step on other threads.
 */
export async function* prefetch<T>(source: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  let next = iterator.next();
  try {
    for (;;) {
      const item = await next;
      if (item.done) return;
      next = afterConsumer().then(() => iterator.next());
      next.catch(() => undefined); // thrown when it is awaited, if it ever is
      yield item.value;
    }
  } finally {
    await next.catch(() => undefined);
    await iterator.return?.();
  }
}

const afterConsumer = () => new Promise<void>((resolve) => setImmediate(resolve));
