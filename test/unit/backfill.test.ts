/** The reading of lists and the letting in of tickets, with a clock that only the waiting moves; and what the command makes of its arguments. */
import { describe, expect, test } from '@jest/globals';
import { estimateOf } from '../../src/cli/backfill-estimate.ts';
import { momentOf } from '../../src/cli/backfill.ts';
import type { Ticket } from '../../src/core/model.ts';
import { USUAL_TERMS } from '../../src/core/rules.ts';
import { createBackfiller } from '../../src/engine/backfill.ts';
import { createGentle } from '../../src/engine/gentle.ts';
import { createRoster } from '../../src/engine/roster.ts';
import type { CallBudget } from '../../src/ports/call-budget.ts';
import { DeskFailure, type Connector, type Desk, type Page } from '../../src/ports/connector.ts';
import type { Backfill } from '../../src/ports/backfill.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { fakeWorld } from '../support/hook-fixture.ts';
import { can, edge, ticket } from './core/given.ts';

const START = Date.UTC(2026, 5, 1);
const RENEW_MS = 10_000;
const iso = (ms: number): string => new Date(ms).toISOString();

interface Shown {
  readonly list: (page: string | null) => Promise<Page<Ticket>>;
  readonly pages?: 'steady' | 'move';
  readonly budget?: () => CallBudget | null;
}

/** A mirror one way from account 1 to account 2, both with nobody at work but the backfiller. */
async function rig(shown: Shown, draft: Partial<Backfill> = {}) {
  const world = { ...fakeWorld(), time: START, now: () => world.time, sleep: async (ms: number, _signal?: AbortSignal): Promise<void> => void (world.time += ms) };
  const store = createMemoryStore(world);
  const desk = { can: { ...can(), lists: { filters: [], orders: [], pages: shown.pages ?? 'steady' } }, listTickets: shown.list, ...(shown.budget !== undefined && { budget: shown.budget }) };
  const toy = { connect: () => desk as Partial<Desk> as Desk } as Partial<Connector> as Connector;
  const accounts = ['one', 'two'].map((name) => ({ name, service: 'toy', url: `https://${name}.example`, credentials: {}, settings: {} }));
  await store.accounts.apply(accounts, [{ name: 'm', lenses: {}, edges: [{ from: 'one', to: 'two', terms: { ...USUAL_TERMS, owner: {} } }] }]);
  const roster = createRoster({ accounts: store.accounts, connectors: { toy }, world });
  await roster.refresh(true);
  const backfiller = createBackfiller({ backfills: store.backfills, lanes: store.lanes, roster, gentle: createGentle({ roster, world, width: 1 }), world, nudge: () => undefined });
  await store.backfills.begin({ mirror: 'm', since: START - 1_000, accounts: [1], sources: [1], pairs: false, per_minute: null, estimate: false, ...draft }, START);
  /** Works until `done` holds, asked whenever the backfiller waits. */
  const runUntil = async (done: () => Promise<boolean>): Promise<void> => {
    const stopping = new AbortController();
    world.sleep = async (ms: number, signal?: AbortSignal) => {
      // What keeps the lease meanwhile waits for the end.
      if (ms === RENEW_MS) return new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
      world.time += ms;
      if (await done()) stopping.abort();
    };
    await backfiller.run(stopping.signal);
  };
  const dueOn = async (): Promise<readonly string[]> => (await store.lanes.claim([{ account_id: 1, free: 999 }], 999, 1)).map(({ replica }) => replica.ticket_id ?? '').sort();
  return { world, store, runUntil, dueOn };
}

const tickets = (from: number, to: number, created = START): Ticket[] => Array.from({ length: to - from }, (_, n) => ticket({ id: String(from + n), created_at: iso(created) }));

describe('a backfill', () => {
  test('reads every page, leaves what is older and what is ours, and lets only some in at once', async () => {
    const pages: Readonly<Record<string, Page<Ticket>>> = {
      first: { items: [...tickets(0, 40), ...tickets(40, 45, START - 5_000)], next: 'second' },
      second: { items: [...tickets(50, 52), ticket({ id: 'ours', key: 'dm-aaaaaaaaaaaaaaaa', created_at: iso(START) }), ticket({ id: 'binned', is_deleted: true, created_at: iso(START) })], next: null },
    };
    const { store, runUntil, dueOn } = await rig({ list: async (page) => pages[page ?? 'first'] as Page<Ticket> });
    await runUntil(async () => ((await store.backfills.counts('m'))[0]?.underway ?? 0) > 0);
    expect(await store.backfills.counts('m')).toEqual([{ account_id: 1, seen: 47, waiting: 18, underway: 24, brought: 0, linked: 0, gone: 0, doubtful: 0 }]);
    expect(await dueOn()).toHaveLength(24);
    expect((await store.backfills.get('m'))?.leased).toBe(false);
  });

  test('goes on at the page where another left off', async () => {
    const asked: (string | null)[] = [];
    const { store, runUntil } = await rig({ list: async (page) => (asked.push(page), { items: tickets(0, 1), next: null }) });
    const gone = await store.backfills.claim(0);
    await store.backfills.saw('m', gone?.lease ?? '', tickets(5, 6).map(({ id }) => ({ account_id: 1, ticket_id: id, created: START, traits: [] })), { account_id: 1, page: 'seven', turn: 1, fresh: 0, done: false, problem: null, budget: null });
    await runUntil(async () => (await store.backfills.get('m'))?.state === 'bringing');
    expect(asked).toEqual(['seven']);
    expect((await store.backfills.counts('m'))[0]?.seen).toBe(2);
  });

  test('says why a list cannot be read, tries again, and begins anew where its place was forgotten', async () => {
    const asked: (string | null)[] = [];
    const { store, runUntil } = await rig({
      async list(page) {
        asked.push(page);
        if (page === null) return { items: tickets(0, 1), next: asked.length === 1 ? 'lost' : null };
        throw new DeskFailure('refused', 'this is not a page token of ours');
      },
    });
    const problems = new Set<string | null | undefined>();
    await runUntil(async () => {
      const backfill = await store.backfills.get('m');
      problems.add(backfill?.lists[0]?.problem);
      return backfill?.state === 'bringing';
    });
    expect(asked).toEqual([null, 'lost', 'lost', 'lost', null]);
    expect(problems).toContain('this is not a page token of ours');
    expect((await store.backfills.get('m'))?.lists[0]).toMatchObject({ problem: null, done: true, turn: 2 });
  });

  test('reads a list whose pages move until a whole reading brings nothing new', async () => {
    let reading = 0;
    const { store, runUntil } = await rig({ pages: 'move', list: async () => ((reading += 1), { items: tickets(0, reading === 1 ? 3 : 4), next: null }) });
    await runUntil(async () => (await store.backfills.get('m'))?.state === 'bringing');
    expect(reading).toBe(3);
    expect((await store.backfills.counts('m'))[0]?.seen).toBe(4);
  });

  test('only lists where an estimate is wanted', async () => {
    const { store, runUntil, dueOn } = await rig({ list: async () => ({ items: tickets(0, 3), next: null }) }, { estimate: true });
    let waits = 0;
    await runUntil(async () => (waits += 1) > 3);
    expect((await store.backfills.get('m'))?.state).toBe('listed');
    expect(await dueOn()).toEqual([]);
  });

  test('lets nothing in while half of a desk’s calls are gone, and no more a minute than asked for', async () => {
    let left = 50;
    const tight = await rig({ list: async () => ({ items: tickets(0, 30), next: null }), budget: () => ({ limit: 100, left, at: tight.world.time }) });
    let waits = 0;
    await tight.runUntil(async () => (waits += 1) > 5);
    expect((await tight.store.backfills.counts('m'))[0]).toMatchObject({ waiting: 30, underway: 0 });
    left = 100;
    await tight.runUntil(async () => ((await tight.store.backfills.counts('m'))[0]?.underway ?? 0) > 0);
    expect((await tight.store.backfills.counts('m'))[0]?.underway).toBe(8);

    const paced = await rig({ list: async () => ({ items: tickets(0, 30), next: null }) }, { per_minute: 6 });
    await paced.runUntil(async () => paced.world.time >= START + 25_000);
    expect((await paced.store.backfills.counts('m'))[0]?.underway).toBe(3);
  });
});

describe('the command', () => {
  test.each([
    ['2026-01-01', Date.UTC(2026, 0, 1)],
    ['2026-01-01T08:00:00Z', Date.UTC(2026, 0, 1, 8)],
    ['2026-01-01T08:00+02:00', Date.UTC(2026, 0, 1, 6)],
  ])('takes %s', (text, ms) => {
    expect(momentOf(text, START)).toBe(ms);
  });

  test.each(['yesterday', '', '2026', '2026-13-01', '2026-02-30', '01.01.2026', '2026-01-01T08:00'.slice(0, 13), '2027-01-01'])('does not take %j', (text) => {
    expect(() => momentOf(text, START)).toThrow(expect.objectContaining({ code: 'bad_request', faults: [expect.objectContaining({ path: '--since' })] }));
  });

  test('tells how many calls it will be, and how long at what the desks allow or at the pace asked for', () => {
    const list = { page: null, turn: 1, fresh: 0, done: true, problem: null };
    const backfill: Backfill = {
      mirror: 'm', since: 0, accounts: [1, 2], sources: [1, 2], pairs: true, per_minute: null, estimate: false, state: 'bringing', began: 0, ended: null, leased: true,
      lists: [{ ...list, account_id: 1, budget: 100 }, { ...list, account_id: 2, budget: null }],
    };
    const ways = [edge(1, 2), edge(2, 1)];
    const wanted = new Map([[1, 100], [2, 50]]);
    expect(estimateOf(backfill, wanted, ways)).toEqual({ tickets: 150, calls: [{ account_id: 1, calls: 300, budget: 100 }, { account_id: 2, calls: 300, budget: null }], ms: 6 * 60_000 });
    expect(estimateOf({ ...backfill, per_minute: 10 }, wanted, ways).ms).toBe(15 * 60_000);
    expect(estimateOf({ ...backfill, lists: [] }, wanted, ways).ms).toBeNull();
  });
});
