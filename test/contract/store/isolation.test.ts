/**
 * Many processes on one database at the same time: webhooks come in at several of them, several work on the lanes of the same
 * links, tickets that we make are heard of before their answers are kept, rules are applied, steps are released, old rows go.
 * Whatever the order of their transactions, no version of a link is lost, no signal, and no receipt stays behind.
 *
 * A process here is a store with connections of its own and a worker that does what the engine does, without its thinking: a look
 * takes over what the desk shows at that moment, and counts in the link.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ticketKey } from '../../../src/core/keys.ts';
import { newLink, wantedReplica, type Intent, type Link, type Replica } from '../../../src/core/state.ts';
import { intended, NO_STEP_PARTS } from '../../../src/core/step.ts';
import { USUAL_TERMS } from '../../../src/core/rules.ts';
import type { Lane, Operation, Turn, TurnResult } from '../../../src/ports/store.ts';
import { connectDatabase, type Database } from '../../../src/store/database.ts';
import { createStore, type PostgresStore } from '../../../src/store/index.ts';
import { createSecretBox } from '../../../src/store/secret-box.ts';
import { createWorld } from '../../../src/world.ts';
import { chances } from '../../crash/chances.ts';
import { createTestDatabase, silentLog, type TestDatabase } from '../../support/database.ts';
import { scale } from '../../support/scale.ts';
import { until } from '../../support/until.ts';

const PROCESSES = 4;
const ACCOUNTS = ['a', 'b', 'c'] as const;
const TICKETS = scale('HAMMER_TICKETS', 24);
const DEEDS = scale('HAMMER_DEEDS', 900);
const SEED = scale('SEED', Math.floor(Math.random() * 2 ** 31));
/** Short, so that lanes are taken from workers that are slow, too. */
const LEASE_MS = 400;

const world = createWorld({ level: 'silent' });
const chance = chances(SEED);
const pick = (count: number): number => Math.floor(chance() * count);

let fresh: TestDatabase;
let processes: { readonly store: PostgresStore; readonly database: Database }[];

beforeAll(async () => {
  fresh = await createTestDatabase();
  processes = Array.from({ length: PROCESSES }, () => {
    const database = connectDatabase(fresh.url, silentLog);
    const store = createStore({ database, box: createSecretBox('a key that only tests are sealed with'), world, wake: () => null, leaseMs: LEASE_MS });
    return { store, database };
  });
  const drafts = ACCOUNTS.map((name) => ({ name, service: 'helpdesk', url: `https://${name}.example`, credentials: {}, settings: {} }));
  await processes[0]?.store.accounts.apply(drafts, []);
});
afterAll(async () => {
  await Promise.all(processes.map(({ database }) => database.close()));
  await fresh.drop();
});

/** What the desks show: a number that grows with every deed of a person, by place. */
const shown = new Map<string, number>();
/** Keys of the tickets that we made, by place. */
const keys = new Map<string, string>();
/** By link: commits that said that they changed it. */
const counted = new Map<string, number>();
const outcomes = new Map<TurnResult, number>();
const broken: string[] = [];
let made = 0;
let dedupes = 0;

const placeOf = (account: number, ticketId: string): string => `${account} ${ticketId}`;

async function hook(store: PostgresStore, account: number, ticketId: string, dedupe = `d${(dedupes += 1)}`): Promise<void> {
  await store.intake.accept({
    account_id: account, dedupe, headers: {}, raw_body: Buffer.from('{}'), state: 'accepted', reason: null, ticket_id: ticketId, event: 'ticket.updated', snapshot: null,
  });
}

/** A person changes a ticket, and one process or two hear of it, maybe twice. */
async function deed(): Promise<void> {
  const places = [...shown.keys()];
  const place = chance() < 0.6 && places.length > TICKETS ? (places[pick(places.length)] ?? '') : placeOf(1 + pick(ACCOUNTS.length), `t${pick(TICKETS)}`);
  const [account = '', ticketId = ''] = place.split(' ');
  shown.set(place, (shown.get(place) ?? 0) + 1);
  const dedupe = `d${(dedupes += 1)}`;
  const times = chance() < 0.3 ? 2 : 1;
  await Promise.all(Array.from({ length: times }, () => hook(someStore(), Number(account), ticketId, dedupe)));
}

const someStore = (): PostgresStore => (processes[pick(PROCESSES)] as { store: PostgresStore }).store;

function turnOf(lane: Lane, more: Partial<Turn>): Turn {
  return {
    lease: lane.lease, before: lane.replica, replica: lane.replica, link: null, read: null, settles: null, spawn: [], adopted_by: null, operations: [], notes: [],
    release: { inMs: null }, ...more,
  };
}

const operationOf = (replica: Replica, key: string): Operation => ({
  replica_id: replica.id, link_id: replica.link_id ?? '', account_id: replica.account_id, kind: 'ticket.create', key, attempt: 1, outcome: 'done', reason: null,
  wrote: {}, answer: {}, warnings: [], files: [], began: world.now(), ended: world.now(),
});

async function commit(store: PostgresStore, turn: Turn): Promise<TurnResult> {
  const result = await store.lanes.commit(turn);
  outcomes.set(result, (outcomes.get(result) ?? 0) + 1);
  if (turn.link !== null && (result === 'done' || result === 'due')) counted.set(turn.link.after.id, (counted.get(turn.link.after.id) ?? 0) + 1);
  return result;
}

/** The look: what the desk shows is base from now on. Between taking the lane and this, anything may have come. */
function looked(lane: Lane): Replica {
  const { account_id: account, ticket_id: ticketId } = lane.replica;
  return { ...lane.replica, base: { subject: String(shown.get(placeOf(account, ticketId ?? '')) ?? 0) }, looked: world.now() };
}

/** One more than it was, and a comment of this very version. */
function grown(link: Link): Link {
  const version = link.version + 1;
  const was = Number(link.fields.subject?.value ?? 0);
  const comment = { uid: `v${version}`, from: link.origin, author: null, content: '<p>x</p>', public: true, deleted: false, clock: version, created: version, files: [] };
  return { ...link, version, fields: { subject: { value: String(was + 1), clock: version, from: link.origin } }, comments: { ...link.comments, [comment.uid]: comment } };
}

const settlesOf = (lane: Lane): Turn['settles'] => (lane.receipt === null ? null : { receipt: lane.receipt, reason: 'looked at' });

async function meet(store: PostgresStore, lane: Lane): Promise<void> {
  const { account_id: account, ticket_id: ticketId } = lane.replica;
  const key = keys.get(placeOf(account, ticketId ?? ''));
  const own = key === undefined ? null : await store.lanes.byKey(account, key);
  if (own !== null && own.ticket_id === null) {
    await commit(store, turnOf(lane, { adopted_by: own.id }));
    return;
  }
  const born = newLink(world.id(), account, world.now());
  const after: Link = { ...grown(born), accounts: [1, 2, 3] };
  const plainly = chance() < 0.5;
  const link = plainly ? { ...after, comments: {} } : after;
  const spawn = [1, 2, 3].filter((id) => id !== account).map((id) => ({ replica: wantedReplica(world.id(), link.id, id), lease: null }));
  const replica: Replica = { ...looked(lane), link_id: link.id, state: 'present', version: 1 };
  await commit(store, turnOf(lane, { replica, link: { before: born, after: link }, read: lane.signalled, settles: settlesOf(lane), spawn }));
}

/** The intent is kept, the ticket is made, it is heard of at once, and only then its id is kept. */
async function create(store: PostgresStore, lane: Lane): Promise<void> {
  const { account_id: account } = lane.replica;
  const key = ticketKey(lane.replica);
  const intent: Intent = intended({ ...NO_STEP_PARTS, kind: 'ticket.create', key }, world.now());
  const creating: Replica = { ...lane.replica, state: 'creating', intent };
  if ((await commit(store, turnOf(lane, { replica: creating, release: 'keep' }))) === 'lost') return;
  // The desk knows the key: whoever took the lane over meanwhile has made it, or finds it.
  const known = [...keys].find(([, one]) => one === key)?.[0].split(' ')[1];
  const ticketId = known ?? `m${(made += 1)}`;
  const place = placeOf(account, ticketId);
  keys.set(place, key);
  shown.set(place, shown.get(place) ?? 1);
  const heard = Promise.all([hook(someStore(), account, ticketId), chance() < 0.3 ? someStore().lanes.signal(account, [{ ticketId, modified_at: null, is_deleted: false, force: false }]) : null]);
  const present: Replica = { ...creating, ticket_id: ticketId, state: 'present', intent: null, version: lane.link?.version ?? 0, base: { subject: String(shown.get(place)) } };
  await Promise.all([heard, commit(store, { ...turnOf(lane, { replica: present, operations: [operationOf(present, key)] }), before: creating })]);
}

async function catchUp(store: PostgresStore, lane: Lane, link: Link): Promise<void> {
  if (chance() < 0.1) await world.sleep(LEASE_MS * chance() * 2);
  const replica = looked(lane);
  const nothingNew = replica.base['subject'] === lane.replica.base['subject'];
  if (nothingNew) {
    await commit(store, turnOf(lane, { replica: { ...replica, version: link.version }, read: lane.signalled, settles: settlesOf(lane), operations: chance() < 0.5 ? [operationOf(replica, 'k')] : [] }));
    return;
  }
  for (let known = link; ; known = await store.lanes.link(link.id)) {
    const after = grown(known);
    const notes = [{ what: 'counted', because: 'the desk shows more' }];
    const result = await commit(store, turnOf(lane, { replica: { ...replica, version: after.version }, link: { before: known, after }, read: lane.signalled, settles: settlesOf(lane), notes }));
    if (result !== 'stale') return;
  }
}

async function sync(store: PostgresStore, lane: Lane): Promise<void> {
  if (lane.link === null) await meet(store, lane);
  else if (lane.replica.ticket_id === null) await create(store, lane);
  else if (lane.replica.intent !== null) await settleFound(store, lane);
  else await catchUp(store, lane, lane.link);
}

/** Somebody else died over it, or was slow: the ticket is known by now, so the intent is closed and all is looked at again. */
async function settleFound(store: PostgresStore, lane: Lane): Promise<void> {
  await commit(store, turnOf(lane, { replica: { ...looked(lane), state: 'present', intent: null }, read: lane.signalled, settles: settlesOf(lane) }));
}

async function work(store: PostgresStore, going: () => boolean): Promise<void> {
  while (going()) {
    const lanes = await store.lanes.claim([1, 2, 3].map((account_id) => ({ account_id, free: 6 })), 12, LEASE_MS);
    await Promise.all(lanes.map((lane) => sync(store, lane)));
    if (lanes.length === 0) await world.sleep(5);
  }
}

/** What else goes on beside the lanes. */
async function meddle(going: () => boolean): Promise<void> {
  for (let turn = 0; going(); turn += 1) {
    const store = someStore();
    const account = 1 + pick(ACCOUNTS.length);
    const edges = [{ from: 'a', to: turn % 2 === 0 ? 'b' : 'c', terms: { ...USUAL_TERMS, owner: {} } }];
    await store.accounts.apply([], [{ name: 'm', lenses: {}, edges }]);
    await store.accounts.setSecrets(account, [String(turn)]);
    await store.accounts.countDeletions(account, 1, 60_000);
    await store.accounts.releaseDeletions(account, 1_000);
    await store.lanes.mend();
    await store.lanes.hasten(account);
    const rotation = await store.lanes.leastLooked(account, world.now(), 5);
    await store.lanes.signal(account, rotation.map((ticketId) => ({ ticketId, modified_at: null, is_deleted: false, force: true })));
    await store.parked.free((await store.survey.replicasOfTickets(account, rotation)).map(({ replica }) => ({ replica_id: replica.id, names: null })));
    await store.retention.purge(world.now() - 200, world.now() - 200);
    await store.accounts.load();
    await world.sleep(5);
  }
}

test(`${DEEDS} changes of ${TICKETS * ACCOUNTS.length} tickets, heard of and worked on by ${PROCESSES} processes at once`, async () => {
  let working = true;
  const going = (): boolean => working;
  const guarded = (task: Promise<void>): Promise<void> => task.catch((error: unknown) => void broken.push(error instanceof Error ? (error.stack ?? error.message) : String(error)));
  const workers = processes.flatMap(({ store }) => [guarded(work(store, going)), guarded(work(store, going))]);
  let meddling = true;
  const meddler = guarded(meddle(() => meddling));
  let left = DEEDS;
  await Promise.all(Array.from({ length: 12 }, async () => {
    while (left > 0) {
      left -= 1;
      await guarded(deed());
    }
  }));
  const { database } = processes[0] as (typeof processes)[number];
  const restless = (): Promise<{ n: number }[]> => database.run('', `select count(*)::int as n from replicas where due_at is not null or lease is not null or signalled > read or wanted > version or open`, []);
  // From here on nobody mends: every lane has to come to rest by itself.
  meddling = false;
  await meddler;
  await until(async () => broken.length > 0 || (await restless())[0]?.n === 0, { what: 'every lane is at rest' }).catch((error: unknown) => broken.push(String(error)));
  working = false;
  await Promise.all(workers);
  process.stderr.write(`isolation: seed ${SEED}, ${DEEDS} changes, ${made} tickets made; commits ${JSON.stringify(Object.fromEntries(outcomes))}\n`);
  expect(broken).toEqual([]);

  const links = await database.run<{ id: string; version: number; subject: string; comments: number; plain: boolean }>('', `
    select id, version::int, fields -> 'subject' ->> 'value' as subject, (select count(*)::int from comments c where c.link_id = l.id) as comments,
      not exists (select 1 from comments c where c.link_id = l.id and c.uid = 'v1') as plain from links l`, []);
  // One link for each ticket of people's that was heard of: none for those that we made.
  expect(links).toHaveLength([...shown.keys()].filter((place) => !keys.has(place)).length);
  // Every commit that was said to be done is in the version, in the value, and in the comments: none was written over by another.
  expect(links.filter(({ id, version, subject, comments, plain }) => version !== counted.get(id) || Number(subject) !== version || comments !== version - (plain ? 1 : 0))).toEqual([]);
  expect(outcomes.get('stale') ?? 0).toBeGreaterThan(0);
  expect(outcomes.get('lost') ?? 0).toBeGreaterThan(0);

  // The last look at every ticket saw the last change there: no signal was lost on the way.
  const replicas = await database.run<{ place: string; link: string | null; seen: string }>('', `
    select account_id || ' ' || ticket_id as place, link_id as link, doc -> 'base' ->> 'subject' as seen from replicas`, []);
  expect(replicas).toHaveLength(3 * links.length);
  expect(replicas.filter(({ place, link, seen }) => link === null || Number(seen) !== shown.get(place))).toEqual([]);
  expect(await database.run('', `select id, ticket_id from receipts where state = 'accepted'`, [])).toEqual([]);
});
