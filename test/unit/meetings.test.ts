/** What an older ticket begins with while a mirror's two sides meet, on the store in memory. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { joinedTrait, traitsOf, type PairTerms } from '../../src/core/pairing.ts';
import { USUAL_TERMS } from '../../src/core/rules.ts';
import { newLink, pairedReplica } from '../../src/core/state.ts';
import { createMeetings, type Meetings } from '../../src/engine/meetings.ts';
import { createRoster, type Member, type Roster } from '../../src/engine/roster.ts';
import type { Connector, Desk } from '../../src/ports/connector.ts';
import { createMemoryStore, type MemoryStore } from '../../src/store/memory.ts';
import { fakeWorld } from '../support/hook-fixture.ts';
import { can, ticket } from './core/given.ts';

const HOUR = 3_600_000;
const PAIR: PairTerms = { external_id: false, custom_field: null, fields: ['subject'], withinMs: HOUR };
const NOW = Date.UTC(2026, 5, 1);
const iso = (ms: number): string => new Date(ms).toISOString();

let store: MemoryStore;
let roster: Roster;
let meetings: Meetings;
let lease: string;

const toy = { connect: () => ({ can: can(), forecast: (fields) => fields, forecastComment: (draft) => draft }) as Partial<Desk> as Desk } as Partial<Connector> as Connector;
const member = (id: number): Member => roster.member(id) as Member;
const older = (id: string, subject = 'Printer') => ticket({ id, subject, created_at: iso(NOW - HOUR), modified_at: iso(NOW - HOUR) });
const sighted = (accountId: number, id: string, subject = 'Printer') => ({ account_id: accountId, ticket_id: id, created: NOW - HOUR, traits: [`id:${id}`, `fields:${subject}`] });

beforeEach(async () => {
  const world = { ...fakeWorld(), now: () => NOW };
  store = createMemoryStore(world);
  const accounts = ['one', 'two'].map((name) => ({ name, service: 'toy', url: `https://${name}.example`, credentials: {}, settings: {} }));
  const terms = { ...USUAL_TERMS, owner: {}, pair: PAIR };
  await store.accounts.apply(accounts, [{ name: 'm', lenses: {}, edges: [{ from: 'one', to: 'two', terms }, { from: 'two', to: 'one', terms }] }]);
  roster = createRoster({ accounts: store.accounts, connectors: { toy }, world });
  await roster.refresh(true);
  meetings = createMeetings({ roster, backfills: store.backfills, accounts: store.accounts, lanes: store.lanes });
});

async function begin(): Promise<void> {
  await store.backfills.begin({ mirror: 'm', since: 0, accounts: [1, 2], sources: [1, 2], pairs: true, per_minute: null, estimate: false }, NOW);
  lease = (await store.backfills.claim(HOUR))?.lease ?? '';
}

/** The lists of both, read to their ends: with the traits that these very tickets would be found to wear. */
async function listed(...tickets: readonly (readonly [number, ReturnType<typeof ticket>])[]): Promise<void> {
  await begin();
  for (const id of [1, 2]) {
    const seen = tickets.filter(([account]) => account === id).map(([, one]) => ({ ...sighted(id, one.id), traits: wornBy(one) }));
    await store.backfills.saw('m', lease, seen, { account_id: id, page: null, turn: 1, fresh: 0, done: true, problem: null, budget: null });
  }
  await store.backfills.advance('m', lease, 'bringing', NOW);
}

const wornBy = (one: ReturnType<typeof ticket>): readonly string[] => traitsOf(one, { subject: one.subject }, PAIR);

describe('a ticket that is older than its mirror', () => {
  test('is left alone until a backfill has been asked for; a new one begins as always', async () => {
    expect(await meetings.of(member(1), older('a'))).toEqual({ kind: 'leave', because: expect.stringMatching(/deskmesh backfill m brings it/) });
    expect(await meetings.of(member(1), ticket({ id: 'n', created_at: iso(NOW) }))).toEqual({ kind: 'begin', others: [] });
  });

  test('waits while the lists are read; a new one does not', async () => {
    await begin();
    expect(await meetings.of(member(1), older('a'))).toEqual({ kind: 'wait' });
    expect(await meetings.of(member(1), ticket({ id: 'n', created_at: iso(NOW + 1_000) }))).toEqual({ kind: 'begin', others: [] });
    // Seen in the list, so it is old, whatever its desk's clock says.
    await store.backfills.saw('m', lease, [sighted(1, 'n')], { account_id: 1, page: null, turn: 1, fresh: 0, done: false, problem: null, budget: null });
    expect(await meetings.of(member(1), ticket({ id: 'n', created_at: iso(NOW + 1_000) }))).toEqual({ kind: 'wait' });
  });

  test('begins with its counterpart, which gives way and has it looked at', async () => {
    await listed([1, older('a')], [2, older('b')]);
    expect(await meetings.of(member(1), older('a'))).toEqual({ kind: 'begin', others: [{ account_id: 2, ticket_id: 'b' }] });
    expect(await meetings.of(member(2), older('b'))).toEqual({ kind: 'leave', because: expect.stringMatching(/one with a ticket of one/) });
    expect(await store.lanes.claim([{ account_id: 1, free: 5 }], 5, HOUR)).toMatchObject([{ replica: { ticket_id: 'a' } }]);
  });

  test('is taken as it is now, not as it was listed', async () => {
    await listed([1, older('a')], [2, older('b')], [2, older('c', 'Scanner')]);
    expect(await meetings.of(member(1), older('a', 'Scanner'))).toEqual({ kind: 'begin', others: [{ account_id: 2, ticket_id: 'c' }] });
    expect(await meetings.of(member(1), older('a', 'Neither'))).toEqual({ kind: 'begin', others: [] });
  });

  test('is doubtful with all that it may be, until a person decides', async () => {
    await listed([1, older('a')], [2, older('b')], [2, older('c')]);
    expect(await meetings.of(member(1), older('a'))).toEqual({ kind: 'leave', because: expect.stringMatching(/^doubtful: more than one ticket of an account/) });
    expect((await store.backfills.doubtful('m')).map(({ ticket_id: id, candidates }) => [id, candidates.length])).toEqual([['a', 2], ['b', 2], ['c', 2]]);
    const [a, c] = [{ account_id: 1, ticket_id: 'a' }, { account_id: 2, ticket_id: 'c' }];
    await store.backfills.decide('m', [a, c].map((place) => ({ place, trait: joinedTrait(a, c) })));
    expect(await meetings.of(member(1), older('a'))).toEqual({ kind: 'begin', others: [c] });
    expect(await meetings.of(member(2), older('b'))).toEqual({ kind: 'begin', others: [] });
  });

  test('raises no doubt that is kept when its counterpart has just begun the link of both', async () => {
    await listed([1, older('a')], [2, older('b')]);
    const [a, b] = [{ account_id: 1, ticket_id: 'a' }, { account_id: 2, ticket_id: 'b' }];
    await store.backfills.decide('m', [a, b].map((place) => ({ place, trait: joinedTrait(a, b) })));
    await store.lanes.signal(1, [{ ticketId: 'a', modified_at: null, is_deleted: false, force: false }]);
    const [lane] = await store.lanes.claim([{ account_id: 1, free: 1 }], 1, HOUR);
    if (lane === undefined) throw new Error('not due');
    const born = newLink('11111111-1111-7111-8111-111111111111', 1, NOW);
    const link = { ...born, version: 1, accounts: [1, 2] };
    expect(await store.lanes.commit({
      lease: lane.lease, before: lane.replica, replica: { ...lane.replica, link_id: link.id, state: 'present', version: 1 }, link: { before: born, after: link }, read: lane.signalled,
      settles: null, spawn: [{ replica: pairedReplica('22222222-2222-7222-8222-222222222222', link, 2, 'b'), lease: null }], adopted_by: null, operations: [], notes: [], release: { inMs: null },
    })).toBe('done');
    // What this turn commits is lost with its lease; what it doubts would not be.
    expect((await meetings.of(member(2), older('b'))).kind).toBe('leave');
    expect(await store.backfills.counts('m')).toMatchObject([1, 2].map(() => ({ seen: 1, underway: 0, brought: 1, linked: 0, doubtful: 0 })));
    expect(await store.backfills.next('m', 5)).toEqual({ places: [], left: true });
    await store.backfills.signalled('m', [a, b]);
    await store.backfills.settle('m');
    await store.backfills.advance('m', lease, 'done', NOW);
    // All is mirrored already when it is asked for again.
    await listed([1, older('a')], [2, older('b')]);
    expect(await store.backfills.counts('m')).toMatchObject([1, 2].map(() => ({ seen: 1, brought: 0, linked: 1, doubtful: 0 })));
  });

  test('a link does not grow to an account where its counterparts wait to be met', async () => {
    await listed([1, older('a')], [2, older('b')]);
    expect(await meetings.heldBack(1, 'a', [2])).toEqual(new Set([2]));
    expect(await meetings.heldBack(1, 'unseen', [2])).toEqual(new Set());
    expect(await meetings.heldBack(2, 'b', [3])).toEqual(new Set());
  });
});
