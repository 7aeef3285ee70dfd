/** What every store promises to automations: a run once, whole or not at all, in a ticket's order; and what then is due. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Action, Automation, Happening } from '../../../src/core/automation.ts';
import type { LinkMove } from '../../../src/core/automate.ts';
import { newLink, wantedReplica, type Link, type LinkComment, type Note } from '../../../src/core/state.ts';
import type { Run, RunOutcome } from '../../../src/ports/automation.ts';
import type { Lane, Store, Turn } from '../../../src/ports/store.ts';
import { USUAL_SUBSCRIPTION } from '../../../src/core/subscription.ts';
import type { MeshEvent } from '../../../src/core/mesh-event.ts';
import { connectDatabase } from '../../../src/store/database.ts';
import { createStore } from '../../../src/store/index.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import { tell } from '../../../src/store/outbox.ts';
import { createSecretBox } from '../../../src/store/secret-box.ts';
import { createWorld } from '../../../src/world.ts';
import { createTestDatabase, silentLog } from '../../support/database.ts';

const world = createWorld({ level: 'silent' });
const LEASE_MS = 30_000;

interface Subject {
  readonly store: Store;
  /** Notes of a link, the oldest first. */
  notes(linkId: string): Promise<readonly Note[]>;
  close(): Promise<void>;
}

async function onPostgres(): Promise<Subject> {
  const fresh = await createTestDatabase();
  const database = connectDatabase(fresh.url, silentLog);
  const store = createStore({ database, box: createSecretBox('a key that only tests are sealed with'), world, wake: () => null, leaseMs: LEASE_MS });
  return {
    store,
    notes: async (linkId) => (await store.records.notes(linkId, 100)).map(({ replica_id: _, at: __, ...note }) => note).reverse(),
    async close() {
      await database.close();
      await fresh.drop();
    },
  };
}

async function inMemory(): Promise<Subject> {
  const store = createMemoryStore(world);
  return {
    store,
    async notes(linkId) {
      const own = new Set([...store.state.rows.values()].filter(({ replica }) => replica.link_id === linkId).map(({ replica }) => replica.id));
      return store.state.notes.filter(({ replica_id: id }) => own.has(id)).map(({ replica_id: _, at: __, ...note }) => note);
    },
    close: async () => undefined,
  };
}

describe.each([['PostgreSQL', onPostgres], ['memory', inMemory]])('automations in the store on %s', (_, open) => {
  let subject: Subject;
  let store: Store;
  let serial = 0;
  let account = { id: 0, name: '' };
  beforeAll(async () => {
    subject = await open();
    ({ store } = subject);
  });
  afterAll(() => subject.close());

  async function newAccount(): Promise<typeof account> {
    serial += 1;
    const name = `account-${serial}`;
    await store.accounts.apply([{ name, service: 'helpdesk', url: 'https://desk.example', credentials: { key: 'k' }, settings: {} }], []);
    account = { id: (await store.accounts.load()).accounts.find((known) => known.name === name)?.id ?? 0, name };
    return account;
  }

  const claimLanes = (id = account.id): Promise<readonly Lane[]> => store.lanes.claim([{ account_id: id, free: 10 }], 100, LEASE_MS);
  const turn = (lane: Lane, more: Partial<Turn>): Turn => ({
    lease: lane.lease, before: lane.replica, replica: lane.replica, link: null, read: null, settles: null, spawn: [], adopted_by: null, operations: [], notes: [], release: { inMs: null }, ...more,
  });

  /** A ticket that has its link and is at rest. */
  async function linked(): Promise<Link> {
    serial += 1;
    await store.intake.accept({
      account_id: account.id, dedupe: `d${serial}`, headers: {}, raw_body: Buffer.from('{}'), state: 'accepted', reason: null, ticket_id: `t${serial}`, event: 'ticket.created', snapshot: null,
    });
    const [lane] = await claimLanes();
    if (lane === undefined) throw new Error('no lane is due');
    const born = newLink(world.id(), account.id, world.now());
    const after: Link = { ...born, version: 1, fields: { subject: { value: 'Hi', clock: 5, from: account.id } } };
    const replica = { ...lane.replica, link_id: after.id, state: 'present' as const, version: 1 };
    expect(await store.lanes.commit(turn(lane, { replica, link: { before: born, after }, read: lane.signalled }))).toBe('done');
    return after;
  }

  const NOTIFY: Action = { kind: 'notify', subscription: 'ops' };
  const named = (name: string): Automation => ({ name, when: { events: ['ticket.*'], accounts: null, where: null }, then: [NOTIFY] });
  const eventOf = (link: Link): Happening & { readonly more: string } => ({
    id: world.id(), type: 'ticket.created', time: '2026-01-05T09:00:00Z', account, link: link.id, cause: 'person', private: false, ticket: { id: 'T' }, more: 'é',
  });
  const nothing: RunOutcome = { moves: [], notes: [], notify: [] };
  const claim = (leaseMs = LEASE_MS): Promise<readonly Run[]> => store.automations.claim(100, leaseMs);
  async function claimOne(leaseMs = LEASE_MS): Promise<Run> {
    const [run, ...others] = await claim(leaseMs);
    expect(others).toEqual([]);
    if (run === undefined) throw new Error('no run is due');
    return run;
  }
  const moved = (before: Link, draft: Partial<Link>, more: Partial<LinkMove> = {}): LinkMove => ({ before, after: { ...before, version: before.version + 1, ...draft }, spawn: [], notes: [], ...more });

  test('are loaded as they were applied, in their order, and go when they are not named', async () => {
    await newAccount();
    const many: readonly Automation[] = [{ ...named('z'), then: [{ kind: 'update_ticket', fields: { tags: { remove: ['b'], add: ['a'] } } }] }, named('a')];
    await store.accounts.apply([], [], undefined, many);
    expect((await store.accounts.load()).automations).toEqual(many);
    await store.accounts.apply([], []);
    expect((await store.accounts.load()).automations).toEqual([]);
  });

  test('a run is taken by one, with automation and event as they were', async () => {
    await newAccount();
    const event = eventOf(await linked());
    await store.automations.enqueue([{ automation: named('one'), event }]);
    const taken = (await Promise.all(Array.from({ length: 4 }, () => claim()))).flat();
    expect(taken).toEqual([{ id: expect.any(String), lease: expect.any(String), tries: 1, automation: named('one'), event }]);
    expect(await store.automations.commit(taken[0] as Run, nothing)).toBe('done');
    expect(await claim()).toEqual([]);
  });

  test('an automation runs once for an event, however often that is asked for', async () => {
    await newAccount();
    const event = eventOf(await linked());
    const draft = { automation: named('one'), event };
    await store.automations.enqueue([draft, draft]);
    await store.automations.enqueue([draft]);
    const run = await claimOne();
    await store.automations.enqueue([draft]);
    expect(await store.automations.commit(run, nothing)).toBe('done');
    await store.automations.enqueue([draft]);
    expect(await claim()).toEqual([]);
    expect(await store.automations.commit(run, nothing)).toBe('already');
  });

  test('of one ticket one run is taken at a time, in the order of its events; other tickets do not wait for it', async () => {
    await newAccount();
    const [first, second] = [await linked(), await linked()];
    const events = [eventOf(first), eventOf(first), eventOf(second)];
    await store.automations.enqueue(events.flatMap((event) => [{ automation: named('a'), event }, { automation: named('b'), event }]));
    const order: string[] = [];
    for (let round = 0; round < 6; round += 1) {
      const runs = await claim();
      order.push(runs.map(({ automation, event }) => `${automation.name}${events.findIndex(({ id }) => id === event.id)}`).join(' '));
      for (const run of runs) await store.automations.commit(run, nothing);
    }
    expect(order).toEqual(['a0 a2', 'b0 b2', 'a1', 'b1', '', '']);
  });

  test('all of a run is there at once: the link, its comments, new replicas, notes, and every replica of the link is due', async () => {
    const far = await newAccount();
    await newAccount();
    const link = await linked();
    await store.automations.enqueue([{ automation: named('one'), event: eventOf(link) }]);
    const comment: LinkComment = { uid: 'u1', from: account.id, author: null, content: '<p>Hé</p>', public: false, deleted: false, clock: 7, created: 6, files: [], automation: 'one' };
    const fields: Link['fields'] = { ...link.fields, status: { value: 'pending', clock: 1, from: account.id } };
    const born: Link = { ...newLink(world.id(), far.id, 9), version: 1, fields: { subject: { value: 'New', clock: 9, from: far.id } } };
    const outcome: RunOutcome = {
      moves: [
        moved(link, { accounts: [account.id, far.id], fields, comments: { u1: comment } }, { spawn: [wantedReplica(world.id(), link.id, far.id)], notes: [{ what: 'changed', because: 'automation one' }] }),
        { before: null, after: born, spawn: [wantedReplica(world.id(), born.id, far.id)], notes: [{ what: 'begins', because: 'automation one' }] },
      ],
      notes: [{ what: 'not done', because: 'automation one: why' }],
      notify: [],
    };
    expect(await claimLanes()).toEqual([]);
    expect(await store.automations.commit(await claimOne(), outcome)).toBe('done');
    const [own] = await claimLanes();
    expect(own?.link).toEqual({ ...link, version: 2, accounts: [account.id, far.id], fields, comments: { u1: comment } });
    const there = await claimLanes(far.id);
    expect(there.map((lane) => [lane.replica.state, lane.link?.id]).sort()).toEqual([['wanted', link.id], ['wanted', born.id]].sort());
    expect(there.find((lane) => lane.link?.id === born.id)?.link).toEqual(born);
    expect(await subject.notes(link.id)).toEqual([{ what: 'changed', because: 'automation one' }, { what: 'not done', because: 'automation one: why' }]);
    expect(await subject.notes(born.id)).toEqual([{ what: 'begins', because: 'automation one' }]);
  });

  test('a lane that is in hand when its link changes is due again as soon as it is given back', async () => {
    await newAccount();
    const link = await linked();
    await store.lanes.signal(account.id, [{ ticketId: `t${serial}`, modified_at: null, is_deleted: false, force: true }]);
    const [lane] = await claimLanes();
    if (lane === undefined) throw new Error('no lane is due');
    await store.automations.enqueue([{ automation: named('one'), event: eventOf(link) }]);
    expect(await store.automations.commit(await claimOne(), { ...nothing, moves: [moved(link, {})] })).toBe('done');
    expect(await claimLanes()).toEqual([]);
    expect(await store.lanes.commit(turn(lane, { read: lane.signalled }))).toBe('due');
    expect((await claimLanes())[0]?.link?.version).toBe(2);
  });

  test('what was decided on a link that moved on is refused whole, and may be decided again', async () => {
    const far = await newAccount();
    await newAccount();
    const link = await linked();
    const event = eventOf(link);
    await store.automations.enqueue([{ automation: named('a'), event }, { automation: named('b'), event }]);
    await store.automations.commit(await claimOne(), { ...nothing, moves: [moved(link, {})] });
    const run = await claimOne();
    const born: Link = { ...newLink(world.id(), far.id, 9), version: 1 };
    const outcome: RunOutcome = {
      moves: [moved(link, { fields: {} }), { before: null, after: born, spawn: [wantedReplica(world.id(), born.id, far.id)], notes: [] }],
      notes: [{ what: 'x', because: 'y' }],
      notify: [],
    };
    expect(await store.automations.commit(run, outcome)).toBe('stale');
    expect(await claimLanes(far.id)).toEqual([]);
    expect(await store.automations.link(born.id)).toBeNull();
    expect(await subject.notes(link.id)).toEqual([]);
    const now = await store.automations.link(link.id);
    expect(now).toMatchObject({ version: 2, fields: link.fields });
    expect(await store.automations.commit(run, { ...outcome, moves: [moved(now ?? link, { fields: {} })] })).toBe('done');
    expect(await store.automations.link(link.id)).toMatchObject({ version: 3, fields: {} });
  });

  test('a run whose holder died is taken by another, and the former can do nothing with it any more', async () => {
    await newAccount();
    const link = await linked();
    await store.automations.enqueue([{ automation: named('one'), event: eventOf(link) }]);
    const former = await claimOne(-1);
    const next = await claimOne();
    expect(next).toMatchObject({ id: former.id, tries: 2 });
    expect(await store.automations.commit(former, { ...nothing, moves: [moved(link, {})] })).toBe('already');
    expect(await store.automations.commit(next, { ...nothing, moves: [moved(link, {})] })).toBe('done');
    expect(await store.automations.link(link.id)).toMatchObject({ version: 2 });
  });

  test('a run that is put off comes again when its time is come, and not before', async () => {
    await newAccount();
    const link = await linked();
    await store.automations.enqueue([{ automation: named('one'), event: eventOf(link) }]);
    await store.automations.putOff(await claimOne(), 'the database was away', 3_600_000);
    expect(await claim()).toEqual([]);
    await store.automations.enqueue([{ automation: named('later'), event: eventOf(link) }]);
    expect(await claim()).toEqual([]);
    const other = await linked();
    await store.automations.enqueue([{ automation: named('two'), event: eventOf(other) }]);
    const run = await claimOne();
    await store.automations.putOff(run, 'again', 0);
    expect(await claimOne()).toMatchObject({ automation: { name: 'two' }, tries: 2 });
  });
});

describe('subscriptions that automations tell, on PostgreSQL', () => {
  let close: () => Promise<void>;
  let store: ReturnType<typeof createStore>;
  let told: (event: MeshEvent) => Promise<void>;
  beforeAll(async () => {
    const fresh = await createTestDatabase();
    const database = connectDatabase(fresh.url, silentLog);
    store = createStore({ database, box: createSecretBox('a key that only tests are sealed with'), world, wake: () => null, leaseMs: LEASE_MS });
    told = (event) => database.transaction((sql) => tell(sql, [event]));
    close = async () => {
      await database.close();
      await fresh.drop();
    };
    // Of its own accord it is told of deletions only.
    for (const [name, shut] of [['ops', false], ['leads', true]] as const) {
      await store.subscriptions.make(world.id(), { ...USUAL_SUBSCRIPTION, name, url: 'https://x.example/', events: ['ticket.deleted'], private: shut, secret: null, token: null });
    }
  });
  afterAll(() => close());

  const automation: Automation = { name: 'tell', when: { events: ['*'], accounts: null, where: null }, then: [{ kind: 'notify', subscription: 'ops' }] };
  const eventOf = (draft: Partial<MeshEvent> = {}): MeshEvent => ({
    id: world.id(), type: 'ticket.created', time: '2026-01-05T09:00:00Z', account: { id: 1, name: 'one', service: 'helpdesk' }, link: world.id(), cause: 'person', private: false, ticket: null, ...draft,
  });

  /** Dispatches the event, to `own` by their own filters, and runs the automation; the names of those that have a delivery of it. */
  async function run(event: MeshEvent, notify: readonly string[], own: readonly string[] = []): Promise<readonly string[]> {
    await told(event);
    const dispatched = await store.deliveries.dispatch(10, (one, subscriptions) => ({
      deliveries: subscriptions.filter(({ name }) => own.includes(name ?? '')).map(({ id }) => ({ id: world.id(), subscription_id: id, lane: one.link })),
      runs: [{ automation, event: one }],
    }));
    expect(dispatched).toBe(1);
    const [due] = await store.automations.claim(10, LEASE_MS);
    if (due === undefined) throw new Error('no run is due');
    expect(due).toMatchObject({ automation, event });
    expect(await store.automations.commit(due, { moves: [], notes: [], notify })).toBe('done');
    const all = await store.subscriptions.list({}, { before: null, limit: 100 });
    const made = await store.deliveryBooks.list({ event_id: event.id }, { before: null, limit: 10 });
    return made.map(({ subscription_id: of }) => all.find(({ id }) => id === of)?.name ?? '').sort();
  }

  test('are told of an event that their own filters leave out', async () => {
    expect(await run(eventOf(), ['ops'])).toEqual(['ops']);
  });

  test('are told once, even if they are told anyway', async () => {
    expect(await run(eventOf(), ['ops'], ['ops', 'leads'])).toEqual(['leads', 'ops']);
  });

  test('are told of private comments only if they ask for them', async () => {
    expect(await run(eventOf({ type: 'comment.created', private: true }), ['ops', 'leads', 'nobody'])).toEqual(['leads']);
  });

  test('an event that happened is found by its id, for a look at what it would lead to', async () => {
    const event = eventOf();
    await run(event, []);
    expect(await store.automations.event(event.id)).toEqual(event);
    expect(await store.automations.event(world.id())).toBeNull();
  });

  test('get the events of a ticket in their order', async () => {
    const link = world.id();
    const [first, second] = [eventOf({ link }), eventOf({ link })];
    await run(first, ['ops']);
    await run(second, ['ops']);
    const due = async (event: MeshEvent): Promise<boolean> => ((await store.deliveryBooks.list({ event_id: event.id }, { before: null, limit: 1 }))[0]?.due ?? null) !== null;
    expect([await due(first), await due(second)]).toEqual([true, false]);
  });
});
