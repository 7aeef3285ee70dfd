/** What the store promises to those who operate a mesh: looking without taking in hand, and freeing without overwriting. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { USUAL_TERMS } from '../../../src/core/rules.ts';
import { newLink, wantedReplica, type Held, type Link, type Replica } from '../../../src/core/state.ts';
import type { NewReceipt } from '../../../src/ports/intake.ts';
import type { Lane, Operation, Turn } from '../../../src/ports/store.ts';
import { connectDatabase, type Database } from '../../../src/store/database.ts';
import { createStore, type PostgresStore } from '../../../src/store/index.ts';
import { createSecretBox } from '../../../src/store/secret-box.ts';
import { createWorld } from '../../../src/world.ts';
import { createTestDatabase, silentLog, type TestDatabase } from '../../support/database.ts';

const world = createWorld({ level: 'silent' });
let fresh: TestDatabase;
let database: Database;
let store: PostgresStore;
let account = 0;
let serial = 0;

beforeAll(async () => {
  fresh = await createTestDatabase();
  database = connectDatabase(fresh.url, silentLog);
  store = createStore({ database, box: createSecretBox('a key that only tests are sealed with'), world, wake: () => null, leaseMs: 30_000 });
});
afterAll(async () => {
  await database.close();
  await fresh.drop();
});
/** Every test has an account to itself. */
beforeEach(() => {
  account += 1;
});

const receipt = (ticketId: string | null, more: Partial<NewReceipt> = {}): NewReceipt => ({
  account_id: account, dedupe: `occurrence-${(serial += 1)}`, headers: { 'webhook-id': 'x' }, raw_body: Buffer.from('{"a":1}'), state: 'accepted', reason: null,
  ticket_id: ticketId, event: 'ticket.updated', snapshot: null, ...more,
});
const claim = (leaseMs = 30_000): Promise<readonly Lane[]> => store.lanes.claim([{ account_id: account, free: 100 }], 100, leaseMs);
const turn = (lane: Lane, more: Partial<Turn> = {}): Turn => ({
  lease: lane.lease, before: lane.replica, replica: lane.replica, link: null, read: lane.signalled, settles: null, spawn: [], adopted_by: null, operations: [], notes: [],
  release: { inMs: null }, ...more,
});
const held = (count: number): Held => ({ clock: 5, count, reason: 'no such group', at: 7 });

/** A ticket at rest that has its link. */
async function linked(ticketId: string, draft: Partial<Replica> = {}, more: Partial<Turn> = {}): Promise<{ readonly link: Link; readonly replica: Replica }> {
  await store.intake.accept(receipt(ticketId));
  const lane = (await claim()).find(({ replica }) => replica.ticket_id === ticketId);
  if (lane === undefined) throw new Error('no lane is due');
  const born = newLink(world.id(), account, world.now());
  const link: Link = { ...born, version: 1, fields: { subject: { value: 'Hi', clock: 5, from: account } } };
  const replica: Replica = { ...lane.replica, link_id: link.id, state: 'present', base: { subject: 'Hi' }, version: 1, ...draft };
  expect(await store.lanes.commit(turn(lane, { replica, link: { before: born, after: link }, ...more }))).toBe('done');
  return { link, replica };
}

const parkedReceipts = (): ReturnType<PostgresStore['records']['receipts']> => store.records.receipts({ account_id: account, state: 'parked' }, { before: null, limit: 10 });

describe('receipts', () => {
  test('are read whole, and a second reading that names a ticket signals it', async () => {
    const parked = await store.intake.accept(receipt(null, { state: 'parked', reason: 'does not fit', event: null }));
    const before = await store.records.receipt(parked.id);
    expect(before).toMatchObject({ id: parked.id, account_id: account, state: 'parked', reason: 'does not fit', headers: { 'webhook-id': 'x' }, settled: null });
    expect(before?.raw_body.toString()).toBe('{"a":1}');
    expect(await parkedReceipts()).toHaveLength(1);
    expect(await claim()).toEqual([]);

    await store.records.reread(parked.id, { state: 'accepted', reason: null, ticket_id: 't1', event: 'ticket.created' });
    expect(await parkedReceipts()).toEqual([]);
    const [lane] = await claim();
    expect(lane).toMatchObject({ signalled: 1, read: 0, receipt: parked.id, replica: { ticket_id: 't1', state: 'unknown' } });
    await store.lanes.commit(turn(lane as Lane, { settles: { receipt: parked.id, reason: 'nothing new' } }));
    expect(await store.records.receipt(parked.id)).toMatchObject({ state: 'settled', reason: 'nothing new', ticket_id: 't1' });
  });

  test('an old one that is read again does not take the place of a later one', async () => {
    const first = await store.intake.accept(receipt('t1'));
    const second = await store.intake.accept(receipt('t1'));
    await store.records.reread(first.id, { state: 'accepted', reason: null, ticket_id: 't1', event: null });
    const [lane] = await claim();
    expect(lane).toMatchObject({ signalled: 3, receipt: second.id });
  });

  test('a reading that says to ignore it wakes nobody, and one that is gone signals nothing', async () => {
    const kept = await store.intake.accept(receipt(null, { state: 'parked', reason: 'x' }));
    await store.records.reread(kept.id, { state: 'ignored', reason: 'not about a ticket', ticket_id: null, event: null });
    expect(await claim()).toEqual([]);
    expect(await store.records.receipt(kept.id)).toMatchObject({ state: 'ignored', reason: 'not about a ticket' });
    await store.records.reread('999999999', { state: 'accepted', reason: null, ticket_id: 'nowhere', event: null });
    expect(await claim()).toEqual([]);
  });
});

describe('what is parked', () => {
  test('is found by its row, freed by name, and due at once', async () => {
    const { replica } = await linked('t1', { held: { 'field:status': held(2), life: held(3), 'field:priority': held(1) } });
    await linked('t2', { held: { life: held(1) } });
    expect((await store.parked.parked(account, null, 10)).map(({ id }) => id)).toEqual([replica.id]);
    expect(await store.parked.free([{ replica_id: replica.id, names: ['field:status'] }])).toEqual([replica.id]);
    expect((await store.parked.parked(null, null, 10)).map(({ id }) => id)).toContain(replica.id);
    const [lane] = await claim();
    expect(lane?.replica.held).toEqual({ life: held(3), 'field:priority': held(1) });
    await store.lanes.commit(turn(lane as Lane));
    expect(await store.parked.free([{ replica_id: replica.id, names: ['life'] }])).toEqual([replica.id]);
    expect(await store.parked.parked(account, null, 10)).toEqual([]);
    expect(await store.parked.free([{ replica_id: replica.id, names: null }])).toEqual([replica.id]);
    expect((await claim())[0]?.replica.held).toEqual({});
  });

  test('of a lane in use is left alone, so that its holder does not bring it back; of one whose lease ran out it is freed, and the former holder refused', async () => {
    const { replica } = await linked('t1', { held: { life: held(2) } });
    await store.parked.wake([replica.id]);
    const [busy] = await claim();
    expect(await store.parked.free([{ replica_id: replica.id, names: ['life'] }])).toEqual([]);
    await store.lanes.commit(turn(busy as Lane));
    await store.parked.wake([replica.id]);
    const [dead] = await claim(-1);
    expect(await store.parked.free([{ replica_id: replica.id, names: ['life'] }])).toEqual([replica.id]);
    expect(await store.lanes.commit(turn(dead as Lane))).toBe('lost');
    expect((await claim())[0]?.replica.held).toEqual({});
  });

  test('a second refusal parks, and what is done later unparks, without anybody asking', async () => {
    const { replica } = await linked('t1', { held: { life: held(1) } });
    await store.parked.wake([replica.id]);
    const [lane] = await claim();
    await store.lanes.commit(turn(lane as Lane, { replica: { ...(lane as Lane).replica, held: { life: held(2) } } }));
    expect(await store.parked.parked(account, null, 10)).toHaveLength(1);
    await store.parked.wake([replica.id]);
    const [again] = await claim();
    await store.lanes.commit(turn(again as Lane, { replica: { ...(again as Lane).replica, held: {} } }));
    expect(await store.parked.parked(account, null, 10)).toEqual([]);
  });
});

describe('the survey', () => {
  test('shows replicas and links as they stand, by every name, and takes nothing in hand', async () => {
    const { link, replica } = await linked('t1', {}, { release: { inMs: 60_000 } });
    const wanted = wantedReplica(world.id(), link.id, account + 1_000);
    await store.parked.wake([replica.id]);
    const [lane] = await claim();
    const after: Link = { ...link, version: 2, accounts: [account, account + 1_000] };
    await store.lanes.commit(turn(lane as Lane, { link: { before: link, after }, spawn: [{ replica: wanted, lease: null }], release: { inMs: 60_000 } }));

    const [one] = await store.survey.replicas([replica.id]);
    expect(one).toMatchObject({ replica: { ...replica, version: 1 }, signalled: 1, read: 1, wanted: 2, leased: false });
    expect(one?.due).toBeGreaterThan(world.now());
    expect((await store.survey.replicasOfLinks([link.id])).map(({ replica: { id } }) => id).sort()).toEqual([replica.id, wanted.id].sort());
    expect((await store.survey.replicasOfTickets(account, ['t1', 't2'])).map(({ replica: { id } }) => id)).toEqual([replica.id]);
    expect((await store.survey.withoutTicket(account + 1_000, null, 10)).map(({ replica: { id } }) => id)).toEqual([wanted.id]);
    expect(await store.survey.links([link.id])).toEqual([after]);
    await store.parked.wake([wanted.id]);
    expect((await store.lanes.claim([{ account_id: account + 1_000, free: 1 }], 1, 30_000))).toHaveLength(1);
    expect((await store.survey.replicas([wanted.id]))[0]?.leased).toBe(true);
  });

  test('goes through an account and through all links page by page, each thing once', async () => {
    for (const id of ['b', 'a', 'd', 'c', 'e']) await linked(id);
    await store.intake.accept(receipt('stranger'));
    const seen: string[] = [];
    for (let after: string | null = null; ; ) {
      const page = await store.survey.replicasOfAccount(account, after, 2);
      seen.push(...page.map(({ replica }) => replica.ticket_id ?? ''));
      after = page.at(-1)?.replica.ticket_id ?? null;
      if (page.length < 2) break;
    }
    expect(seen).toEqual(['a', 'b', 'c', 'd', 'e']);
    const links = new Set<string>();
    let pages = 0;
    for (let after: string | null = null; ; pages += 1) {
      const page = await store.survey.linksAfter(after, 3);
      for (const { id } of page) links.add(id);
      after = page.at(-1)?.id ?? null;
      if (page.length < 3) break;
    }
    expect(links.size).toBe(await store.survey.countLinks());
    expect(pages).toBeGreaterThan(0);
  });
});

test('the record of a ticket is read back whole: receipts in every state, attempts with what they wrote, notes; newest first and no more than asked for', async () => {
  const { link, replica } = await linked('t1');
  const second = await store.intake.accept(receipt('t1'));
  await store.intake.accept(receipt('t1', { state: 'ignored', reason: 'x' }));
  const [lane] = await claim();
  const operation: Operation = {
    replica_id: replica.id, link_id: link.id, account_id: account, kind: 'ticket.update', key: 'dm-a', attempt: 2, outcome: 'refused', reason: 'no',
    wrote: { fields: { status: 'open' } }, answer: { failure: 'refused', status: 422 }, warnings: [{ field: 'x', reason: 'y' }],
    files: [{ filename: 'a.png', size: 3, sha256: 'ff' }], began: 1_000, ended: 2_000,
  };
  const note = { what: 'conflict', field: 'status', because: 'later', values: { won: 'a', lost: 'b' } };
  await store.lanes.commit(turn(lane as Lane, { settles: { receipt: second.id, reason: 'nothing new' }, operations: [operation], notes: [note] }));
  const open = await store.intake.accept(receipt('t1'));

  const created = (await store.records.link(link.id))?.created ?? 0;
  expect(Math.abs(created - world.now())).toBeLessThan(60_000);
  const newest = { before: null, limit: 10 };
  const ofTicket = { account_id: account, ticket_id: 't1' };
  const receipts = await store.records.receipts(ofTicket, newest);
  expect(receipts.map(({ state }) => state)).toEqual(['accepted', 'ignored', 'settled', 'settled']);
  expect(receipts[0]?.id).toBe(open.id);
  expect(receipts[2]).toMatchObject({ reason: 'nothing new', event: 'ticket.updated' });
  expect(await store.records.receipts(ofTicket, { before: receipts[0]?.id ?? null, limit: 2 })).toEqual(receipts.slice(1, 3));
  expect(await store.records.receipts({ ...ofTicket, state: 'ignored' }, newest)).toEqual([receipts[1]]);
  expect(await store.records.operations({ link_id: link.id }, newest)).toEqual([{ id: expect.any(String), ...operation }]);
  expect(await store.records.notes(link.id, 10)).toMatchObject([{ replica_id: replica.id, ...note }]);
});

test('a rehearsal of accounts and mirrors tells what they would be, and leaves everything as it is', async () => {
  const draft = (name: string, more: object = {}) => ({ name, service: 'helpdesk', url: `https://${name}.example`, credentials: { key: 'k' }, settings: {}, ...more });
  await store.accounts.apply([draft('here')], []);
  const before = await store.accounts.load();
  const mirror = { name: 'm', lenses: { there: { custom: { serial: 'x' }, values: {}, constants: {}, defaults: {} } }, edges: [{ from: 'here', to: 'there', terms: { ...USUAL_TERMS, owner: { status: 'here' } } }] };
  const told = await store.accounts.rehearse([draft('here', { credentials: { key: 'new' } }), draft('there')], [mirror]);
  expect(told.before).toEqual(before);
  const [here, there] = ['here', 'there'].map((name) => told.after.accounts.find((known) => known.name === name));
  expect(here).toMatchObject({ id: before.accounts.find(({ name }) => name === 'here')?.id, credentials: { key: 'new' } });
  expect(told.after.edges).toMatchObject([{ mirror: 'm', from: here?.id, to: there?.id, terms: { owner: { status: here?.id } } }]);
  expect(told.after.lenses.get(there?.id ?? 0)?.custom).toEqual({ serial: 'x' });
  expect(await store.accounts.load()).toEqual(before);
  await expect(store.accounts.rehearse([], [{ ...mirror, edges: [{ ...mirror.edges[0]!, to: 'nowhere' }] }])).rejects.toThrow();
  expect(await store.accounts.load()).toEqual(before);
});
