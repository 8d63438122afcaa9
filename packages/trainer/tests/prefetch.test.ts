import { prefetch } from '../src/index.js';
import { expect, test } from 'vitest';

async function* numbers(log: string[], count: number, failAt = Infinity) {
  try {
    for (let i = 0; i < count; i++) {
      if (i === failAt) throw new Error(`item ${i}`);
      log.push(`made ${i}`);
      yield i;
    }
  } finally {
    log.push('closed');
  }
}

const work = () => new Promise((resolve) => setTimeout(resolve, 5));

test('the next item is made while the consumer works on the last', async () => {
  const log: string[] = [];
  for await (const item of prefetch(numbers(log, 3))) {
    log.push(`begun ${item}`);
    await work();
    log.push(`done ${item}`);
  }
  expect(log).toEqual([
    'made 0',
    'begun 0',
    'made 1',
    'done 0',
    'begun 1',
    'made 2',
    'done 1',
    'begun 2',
    'closed',
    'done 2',
  ]);
});

test('the source is closed when the consumer leaves', async () => {
  const log: string[] = [];
  for await (const item of prefetch(numbers(log, 9))) if (item === 1) break;
  expect(log.at(-1)).toBe('closed');
});

test("the source's error reaches the consumer at the item's turn", async () => {
  const items: number[] = [];
  const consume = async () => {
    for await (const item of prefetch(numbers([], 9, 2))) items.push(item);
  };
  await expect(consume()).rejects.toThrow('item 2');
  expect(items).toEqual([0, 1]);
});
