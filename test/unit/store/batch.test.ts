/** What goes together, what goes side by side, and what waits. */
import { describe, expect, test } from '@jest/globals';
import { createBatch } from '../../../src/store/batch.ts';

interface Flight {
  readonly items: readonly string[];
  land(): void;
}

/** Flushes that end when they are told to. */
function ground(): { readonly flights: Flight[]; readonly flush: (items: readonly string[]) => Promise<readonly string[]> } {
  const flights: Flight[] = [];
  return { flights, flush: (items) => new Promise((resolve) => flights.push({ items, land: () => resolve(items.map((item) => item.toUpperCase())) })) };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const names = (count: number, of = 'a'): string[] => Array.from({ length: count }, (_, i) => `${of}${i}`);
const hopeless = (): boolean => false;

describe('one flight', () => {
  test('what comes together goes together, and what comes meanwhile goes next', async () => {
    const { flights, flush } = ground();
    const batch = createBatch({ flush, most: 10, hopeless });
    const first = Promise.all(['a', 'b'].map((item) => batch.add(item)));
    await turn();
    const second = Promise.all(names(20).map((item) => batch.add(item)));
    await turn();
    expect(flights.map(({ items }) => items)).toEqual([['a', 'b']]);
    flights[0]?.land();
    expect(await first).toEqual(['A', 'B']);
    expect(flights.map(({ items }) => items.length)).toEqual([2, 10]);
    flights[1]?.land();
    await turn();
    flights[2]?.land();
    expect(await second).toHaveLength(20);
  });
});

describe('two flights', () => {
  test('a second one begins once enough is waiting, and a third never', async () => {
    const { flights, flush } = ground();
    const batch = createBatch({ flush, most: 10, flights: 2, hopeless });
    void batch.add('a');
    await turn();
    for (const item of names(7)) void batch.add(item);
    await turn();
    expect(flights).toHaveLength(1);
    void batch.add('more');
    await turn();
    expect(flights.map(({ items }) => items.length)).toEqual([1, 8]);
    for (const item of names(30)) void batch.add(item);
    await turn();
    expect(flights).toHaveLength(2);
  });

  test('what is kept apart waits for what is under way, and lets the others by', async () => {
    const { flights, flush } = ground();
    const apart = (items: readonly string[], next: string): boolean => items.some((item) => item[0] === next[0]);
    const batch = createBatch({ flush, most: 10, flights: 2, apart, hopeless });
    const first = batch.add('a');
    await turn();
    const rest = ['a1', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((item) => batch.add(item));
    await turn();
    expect(flights.map(({ items }) => items.join(' '))).toEqual(['a', 'b c d e f g h']);
    flights[0]?.land();
    expect(await first).toBe('A');
    flights[1]?.land();
    expect(await rest[1]).toBe('B');
    await turn();
    expect(flights.map(({ items }) => items.join(' '))).toEqual(['a', 'b c d e f g h', 'a1']);
    flights[2]?.land();
    expect(await rest[0]).toBe('A1');
  });
});

test('one bad item fails nobody else’s, and a hopeless error is everybody’s at once', async () => {
  let tries = 0;
  const flush = (items: readonly string[]): Promise<readonly string[]> => {
    tries += 1;
    return items.includes('bad') ? Promise.reject(new Error('bad')) : Promise.resolve(items);
  };
  const good = createBatch({ flush, most: 10, hopeless });
  expect((await Promise.allSettled(['a', 'bad', 'b'].map((item) => good.add(item)))).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(tries).toBe(4);
  const away = createBatch({ flush, most: 10, hopeless: () => true });
  expect((await Promise.allSettled(['a', 'bad'].map((item) => away.add(item)))).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(tries).toBe(5);
});
