import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newLink, wantedReplica, type Replica } from '../../../src/core/state.ts';
import { DeskFailure, type Account } from '../../../src/ports/connector.ts';
import type { Turn } from '../../../src/ports/store.ts';
import { connectDatabase, type Database } from '../../../src/store/database.ts';
import { createStore } from '../../../src/store/index.ts';
import { createSecretBox } from '../../../src/store/secret-box.ts';
import { createWorld } from '../../../src/world.ts';
import { createTestDatabase, silentLog, type TestDatabase } from '../../support/database.ts';
import { until } from '../../support/until.ts';
import { backfillSuite } from './backfills.ts';
import { storeSuite } from './suite.ts';

const world = createWorld({ level: 'silent' });
const KEY = 'a key that only tests are sealed with';

async function open(): Promise<{ store: ReturnType<typeof createStore>; database: Database; close: () => Promise<void> }> {
  const fresh: TestDatabase = await createTestDatabase();
  const database = connectDatabase(fresh.url, silentLog);
  const store = createStore({ database, box: createSecretBox(KEY), world, wake: () => null, leaseMs: 30_000 });
  return {
    store,
    database,
    async close() {
      await database.close();
      await fresh.drop();
    },
  };
}

const make = async () => {
  const { store, close } = await open();
  return { store, world, close };
};

storeSuite('store on PostgreSQL', make);
backfillSuite('store on PostgreSQL', make);

describe('what only the database has to promise', () => {
  let subject: Awaited<ReturnType<typeof open>>;
  beforeAll(async () => {
    subject = await open();
  });
  afterAll(() => subject.close());

  test('what is noted as a link begins stands with the link, and not at all where the lane was lost', async () => {
    const { accounts, lanes, intake, records } = subject.store;
    await accounts.apply([{ name: 'n', service: 'helpdesk', url: 'https://n.example', credentials: {}, settings: {} }], []);
    const account = (await accounts.load()).accounts.find(({ name }) => name === 'n')?.id ?? 0;
    const born = async (ticketId: string, lease?: string): Promise<{ result: string; linkId: string; replicaId: string }> => {
      await intake.accept({ account_id: account, dedupe: ticketId, headers: {}, raw_body: Buffer.from('{}'), state: 'accepted', reason: null, ticket_id: ticketId, event: 'ticket.created', snapshot: null });
      const [lane] = await lanes.claim([{ account_id: account, free: 1 }], 1, 30_000);
      if (lane === undefined) throw new Error('no lane is due');
      const before = newLink(world.id(), account, world.now());
      const replica: Replica = { ...lane.replica, link_id: before.id, state: 'present', version: 1 };
      const notes = [{ what: 'not mirrored', because: 'first' }, { what: 'left alone', field: 'tags', because: 'second' }];
      const turn: Turn = {
        lease: lease ?? lane.lease, before: lane.replica, replica, link: { before, after: { ...before, version: 1 } }, read: lane.signalled,
        settles: null, spawn: [], adopted_by: null, operations: [], notes, release: { inMs: null },
      };
      return { result: await lanes.commit(turn), linkId: before.id, replicaId: replica.id };
    };
    const one = await born('noted');
    expect(one.result).toBe('done');
    expect((await records.notes(one.linkId, 10)).map(({ at: _, ...note }) => note)).toEqual([
      { replica_id: one.replicaId, what: 'left alone', field: 'tags', because: 'second' },
      { replica_id: one.replicaId, what: 'not mirrored', because: 'first' },
    ]);
    const lost = await born('not noted', world.id());
    expect(lost.result).toBe('lost');
    expect(await records.notes(lost.linkId, 10)).toEqual([]);
  });

  test('what is loaded is never older than the version that comes with it', async () => {
    const { accounts } = subject.store;
    await accounts.apply([{ name: 'v', service: 'helpdesk', url: 'https://v.example', credentials: {}, settings: {} }], []);
    const account = (await accounts.load()).accounts.find(({ name }) => name === 'v');
    const first = await accounts.version();
    let writing = true;
    const written = (async () => {
      for (let n = 1; n <= 150; n += 1) await accounts.setSecrets(account?.id ?? 0, [String(n)]);
      writing = false;
    })();
    let loads = 0;
    while (writing) {
      const loaded = await accounts.load();
      const secret = Number(loaded.accounts.find(({ name }) => name === 'v')?.inbound_secrets[0] ?? 0);
      expect(secret).toBeGreaterThanOrEqual(loaded.version - first);
      loads += 1;
    }
    await written;
    expect(loads).toBeGreaterThan(5);
  });

  test('credentials are renewed by one caller at a time, and giving the old ones again does not bring them back', async () => {
    const { accounts, vault } = subject.store;
    const draft = { name: 'oauth', service: 'zendesk', url: 'https://o.example', credentials: { access_token: 'a0', refresh_token: 'r0' }, settings: {} };
    await accounts.apply([draft], []);
    const find = async (): Promise<Account | undefined> => (await accounts.load()).accounts.find(({ name }) => name === 'oauth');
    const id = (await find())?.id ?? 0;
    let renewals = 0;
    const renew = async (current: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>> => {
      renewals += 1;
      return { ...current, access_token: `a${renewals}`, refresh_token: `r${renewals}` };
    };
    const answers = await Promise.all([1, 2, 3].map(() => vault.renewed(id, draft.credentials, renew)));
    expect(renewals).toBe(1);
    expect(answers).toEqual(Array(3).fill({ access_token: 'a1', refresh_token: 'r1' }));
    await accounts.apply([draft], []);
    expect((await find())?.credentials).toEqual({ access_token: 'a1', refresh_token: 'r1' });
    await accounts.apply([{ ...draft, credentials: { access_token: 'b0', refresh_token: 's0' } }], []);
    expect((await find())?.credentials).toEqual({ access_token: 'b0', refresh_token: 's0' });
    await expect(vault.renewed(id, { refresh_token: 's0', access_token: 'b0' }, () => Promise.reject(new DeskFailure('unauthorised', 'refused')))).rejects.toMatchObject({ kind: 'unauthorised' });
    expect((await find())?.credentials).toEqual({ access_token: 'b0', refresh_token: 's0' });
  });

  test('one bad turn fails nobody else of its group', async () => {
    const { store } = subject;
    await store.accounts.apply([{ name: 'a', service: 'helpdesk', url: 'https://a.example', credentials: {}, settings: {} }], []);
    const accept = (id: string): Promise<unknown> =>
      store.intake.accept({ account_id: 1, dedupe: id, headers: {}, raw_body: Buffer.from('{}'), state: 'accepted', reason: null, ticket_id: id, event: null, snapshot: null });
    await Promise.all(['a', 'b', 'c', 'd'].map(accept));
    const lanes = await store.lanes.claim([{ account_id: 1, free: 10 }], 10, 30_000);
    const turns = lanes.map((lane): Turn => {
      const born = newLink(world.id(), 1, world.now());
      const replica: Replica = { ...lane.replica, link_id: born.id, state: 'present', version: 1 };
      // No column holds this account: the statement fails for the whole group.
      const bad = lane.replica.ticket_id === 'b';
      const spawn = bad ? [{ replica: { ...wantedReplica(world.id(), born.id, 1), account_id: 2 ** 40 }, lease: null }] : [];
      return {
        lease: lane.lease, before: lane.replica, replica, link: { before: born, after: { ...born, version: 1 } }, read: 1, settles: null, spawn,
        adopted_by: null, operations: [], notes: [], release: { inMs: null },
      };
    });
    const results = await Promise.allSettled(turns.map((turn) => store.lanes.commit(turn)));
    expect(results.map(({ status }) => status)).toEqual(lanes.map(({ replica }) => (replica.ticket_id === 'b' ? 'rejected' : 'fulfilled')));
  });

  test('keeps texts that no database can hold without failing the group they came with', async () => {
    const { store } = subject;
    await store.intake.accept({
      account_id: 1, dedupe: 'e', headers: {}, raw_body: Buffer.from('{}'), state: 'accepted', reason: null, ticket_id: 'e', event: null, snapshot: null,
    });
    const [again] = await store.lanes.claim([{ account_id: 1, free: 10 }], 10, 30_000);
    if (again === undefined) throw new Error('no lane is due');
    const born = newLink(world.id(), 1, world.now());
    const after = { ...born, version: 1, fields: { subject: { value: 'a\u0000b\ud800c', clock: 1, from: 1 } } };
    const result = await store.lanes.commit({
      lease: again.lease, before: again.replica, replica: { ...again.replica, link_id: born.id, state: 'present' }, link: { before: born, after }, read: 1,
      settles: null, spawn: [], adopted_by: null, operations: [], notes: [], release: { inMs: null },
    });
    expect(result).toBe('due');
    expect((await store.lanes.link(born.id)).fields.subject?.value).toBe('ab\ufffdc');
  });

  test('gives a ticket to the replica that made it, though its webhook is being stored in the same moment', async () => {
    const { store, database } = subject;
    const born = newLink(world.id(), 1, world.now());
    const creating: Replica = { ...wantedReplica(world.id(), born.id, 1), state: 'creating' };
    const lease = world.id();
    await database.run('', `insert into replicas (id, link_id, account_id, state, doc, lease) values ($1, $2, 1, 'creating', '{}', $3)`, [creating.id, born.id, lease]);
    const turn: Turn = {
      lease, before: creating, replica: { ...creating, ticket_id: 'twin', state: 'present' }, link: null, read: null,
      settles: null, spawn: [], adopted_by: null, operations: [], notes: [], release: { inMs: null },
    };
    const result = await database.transaction(async (sql) => {
      await sql.run('', `insert into replicas (id, account_id, ticket_id, state, doc, signalled, due_at) values ($1, 1, 'twin', 'unknown', '{}', 1, now())`, [world.id()]);
      const committing = store.lanes.commit(turn);
      const waits = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      await until(async () => (await database.run('', waits, [])).length > 0, { what: 'the turn waits for the webhook' });
      return { committing };
    });
    expect(await result.committing).toBe('due');
    const rows = await database.run('', `select id, signalled from replicas where ticket_id = 'twin'`, []);
    expect(rows).toEqual([{ id: creating.id, signalled: 1 }]);
  });

  test('seals credentials, hook tokens and secrets', async () => {
    const { store, database } = subject;
    await store.accounts.apply([{ name: 'sealed', service: 'helpdesk', url: 'https://b.example', credentials: { key: 'plain-key' }, settings: {} }], []);
    const account = (await store.accounts.load()).accounts.find(({ name }) => name === 'sealed');
    await store.accounts.setSecrets(account?.id ?? 0, ['plain-secret']);
    const rows = await database.run<Record<string, string>>('', `select credentials, hook_token, inbound_secrets from accounts where name = 'sealed'`, []);
    expect(JSON.stringify(rows)).not.toMatch(/plain-key|plain-secret/);
    expect(JSON.stringify(rows)).not.toContain(account?.hook_token);
  });
});
