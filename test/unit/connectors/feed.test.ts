import { describe, expect, test } from '@jest/globals';
import { hiddenSince, placeOf, readOn, startAt, type Place } from '../../../src/connectors/freshdesk/feed.ts';
import type { Http } from '../../../src/connectors/kit/http.ts';

interface Row {
  readonly id: number;
  updated_at: string;
}

const at = (second: number): string => new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString().replace('.000Z', 'Z');

/** A ticket list as Freshdesk serves it; `between` happens after every page. */
function listOf(rows: Row[], between: (page: number) => void = () => undefined): { readonly http: Http; readonly asked: string[] } {
  const asked: string[] = [];
  const get: Http['get'] = (path) => {
    asked.push(path);
    const query = new URLSearchParams(path.split('?')[1]);
    const since = query.get('updated_since') ?? '';
    const page = Number(query.get('page'));
    const sign = query.get('order_type') === 'desc' ? -1 : 1;
    const order = (a: Row, b: Row): number => (a.updated_at === b.updated_at ? a.id - b.id : a.updated_at < b.updated_at ? -1 : 1);
    const all = rows.filter((row) => row.updated_at >= since).sort((a, b) => sign * order(a, b));
    const body = all.slice((page - 1) * 100, page * 100).map((row) => ({ ...row }));
    const link = all.length > page * 100 ? { link: '< https://x.example/api/v2/tickets?page=2>;rel="next"' } : {};
    between(asked.length);
    return Promise.resolve({ status: 200, headers: link, text: '', body });
  };
  return { http: { get, look: get, send: () => Promise.reject(new Error('a feed writes nothing')), download: () => Promise.reject(new Error('a feed has no files')), budget: () => null }, asked };
}

async function drain(http: Http, from = startAt(Date.UTC(2025, 0, 1))): Promise<readonly number[]> {
  const ids: number[] = [];
  for (let place: Place | null = from, turns = 0; place !== null; turns += 1) {
    if (turns > 1_000) throw new Error('it does not end');
    const { rows, next }: { rows: readonly { readonly id: number | string }[]; next: Place | null } = await readOn(http, place, '');
    ids.push(...rows.map(({ id }) => Number(id)));
    place = next === null ? null : placeOf(JSON.parse(JSON.stringify(next)));
  }
  return ids;
}

describe('the ticket list as a feed', () => {
  test.each([
    ['one a second', (i: number) => i],
    ['ten a second', (i: number) => Math.floor(i / 10)],
    ['all in one second', () => 0],
    ['a full page to the second', (i: number) => Math.floor(i / 100)],
    ['crowded in the middle', (i: number) => (i < 150 ? i : i < 700 ? 150 : i - 550)],
  ])('gives every ticket once (%s)', async (_what, second) => {
    const rows = Array.from({ length: 1000 }, (_, i) => ({ id: i, updated_at: at(second(i)) }));
    const ids = await drain(listOf(rows).http);
    expect(new Set(ids).size).toBe(1000);
    expect(ids).toHaveLength(1000);
  });

  test('never turns far enough to reach the last page that the desk serves', async () => {
    const rows = Array.from({ length: 31_000 }, (_, i) => ({ id: i, updated_at: at(i) }));
    const { http, asked } = listOf(rows);
    expect(new Set(await drain(http)).size).toBe(31_000);
    expect(asked.every((path) => path.endsWith('&page=1'))).toBe(true);
  });

  test('misses none that moves while it is read', async () => {
    const rows = Array.from({ length: 1000 }, (_, i) => ({ id: i, updated_at: at(i) }));
    const { http } = listOf(rows, (page) => {
      if (page > 9) return;
      // What was read already, and what was not, are changed and move to the end.
      for (const id of [page * 90 - 50, page * 90 + 60]) {
        const row = rows.find((one) => one.id === id);
        if (row !== undefined) row.updated_at = at(5_000 + page);
      }
    });
    const ids = await drain(http);
    expect(new Set(ids).size).toBe(1000);
    expect(ids.filter((id) => id === 40)).toHaveLength(2);
  });

  test('more in one second than the desk can show is a surprise, not a gap', async () => {
    const rows = Array.from({ length: 30_200 }, (_, i) => ({ id: i, updated_at: at(0) }));
    await expect(drain(listOf(rows).http)).rejects.toMatchObject({ kind: 'surprise' });
  });

  test('the trash is read back to a time, and a few pages at most', async () => {
    const rows = Array.from({ length: 1000 }, (_, i) => ({ id: i, updated_at: at(i) }));
    const few = listOf(rows);
    expect(await hiddenSince(few.http, 'deleted', at(950))).toHaveLength(50);
    expect(few.asked).toHaveLength(1);
    const many = listOf(rows);
    expect(await hiddenSince(many.http, 'deleted', at(0))).toHaveLength(300);
    expect(many.asked).toHaveLength(3);
  });
});
