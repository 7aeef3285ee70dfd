/** The feed of events: what people did, in an order that nothing is slipped into afterwards. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connectDatabase, type Database } from '../../../src/store/database.ts';
import { createFeed } from '../../../src/store/feed.ts';
import { createRetention } from '../../../src/store/retention.ts';
import { USUAL_TERMS } from '../../../src/core/rules.ts';
import { startSite, type ApiSite } from '../../support/api-site.ts';
import { createTestDatabase, silentLog, type TestDatabase } from '../../support/database.ts';
import { until } from '../../support/until.ts';

type Json = Record<string, unknown>;

describe('the feed on the database', () => {
  let fresh: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    fresh = await createTestDatabase();
    database = connectDatabase(fresh.url, silentLog);
  });
  afterAll(async () => {
    await database.close();
    await fresh.drop();
  });
  const INSERT = `insert into events (account_id, type, link_id, ticket_id, changed) values ($1, 'ticket.updated', gen_random_uuid(), $2, '{}')`;

  test('gives places without gaps, and never one before a place that was read, however slow a transaction is', async () => {
    const feed = createFeed(database);
    const slow = await database.pool.connect();
    await slow.query('begin');
    await slow.query(INSERT, [1, 'slow']);
    for (const ticket of ['a', 'b']) await database.run('quick', INSERT, [1, ticket]);
    const first = await feed.after(1, 0, 10);
    expect(first.events.map(({ ticket_id: id, place }) => [id, place])).toEqual([['a', 1], ['b', 2]]);
    await slow.query('commit');
    slow.release();
    const second = await feed.after(1, 2, 10);
    expect(second.events.map(({ ticket_id: id, place }) => [id, place])).toEqual([['slow', 3]]);
  });

  test('loses nothing between many writers and many readers', async () => {
    const feed = createFeed(database);
    const read: string[][] = [[], [], []];
    let writing = true;
    const readers = read.map(async (seen) => {
      for (let place = 0, last = false; ; ) {
        last = !writing;
        const { events } = await feed.after(2, place, 7);
        for (const event of events) {
          expect(event.place).toBe(place + 1);
          place = event.place;
          seen.push(event.ticket_id);
        }
        if (last && events.length === 0) return;
      }
    });
    await Promise.all(Array.from({ length: 8 }, async (_, w) => {
      for (let n = 0; n < 25; n += 1) await database.transaction(async (sql) => void (await sql.run('one', INSERT, [2, `${w}-${n}`])));
    }));
    writing = false;
    await Promise.all(readers);
    for (const seen of read) expect([seen.length, new Set(seen).size]).toEqual([200, 200]);
    expect(read[1]).toEqual(read[0]);
    expect(await feed.latest(2)).toBe(200);
    expect((await feed.after(2, 190, 5)).remaining).toBe(5);
    expect(await feed.after(3, 0, 5)).toEqual({ events: [], remaining: 0 });
  });

  test('is kept as long as the record of writes, and its places are not given again', async () => {
    const feed = createFeed(database);
    await database.run('old', `update events set noted_at = now() - interval '100 days' where id <= (select max(id) from events where account_id = 2 and place <= 150)`, []);
    await createRetention(database).purge(0, Date.now() - 90 * 86_400_000);
    expect((await feed.after(2, 0, 1)).events[0]?.place).toBe(151);
    await database.run('more', INSERT, [2, 'late']);
    expect(await feed.latest(2)).toBe(201);
  });
});

describe('the feed of an account', () => {
  let site: ApiSite;
  beforeAll(async () => {
    site = await startSite({ only: ['zendesk', 'freshdesk'], role: 'all' });
    const edges = [['zendesk', 'freshdesk'], ['freshdesk', 'zendesk']].map(([from = '', to = '']) => ({ from, to, terms: { ...USUAL_TERMS, owner: {} } }));
    await site.app.store.accounts.apply([], [{ name: 'both', edges, lenses: {} }]);
    await site.app.roster.refresh(true);
  });
  afterAll(() => site?.close());

  test('tells what people did there, once, and nothing of what the mirror wrote', async () => {
    const [zendesk, freshdesk] = [site.account('zendesk'), site.account('freshdesk')];
    const ring = (ticket: string): Promise<unknown> => site.app.store.lanes.signal(zendesk, [{ ticketId: Buffer.from(ticket.slice('ticket_'.length), 'base64url').toString(), modified_at: null, is_deleted: false, force: true }]);
    const events = async (account: number, cursor: number): Promise<Json[]> => (await site.ask(`/accounts/${account}/events?cursor=${cursor}`)).body['objects'] as Json[];
    expect((await site.ask(`/accounts/${zendesk}/events/latest`)).body).toEqual({ cursor: 0 });

    const ticket = String((await site.ask(`/accounts/${zendesk}/helpdesk/tickets`, { body: { subject: 'told', description: 'x', requester: { email: 'test@test.com' } } })).body['id']);
    await site.app.store.lanes.signal(zendesk, [{ ticketId: Buffer.from(ticket.slice('ticket_'.length), 'base64url').toString(), modified_at: null, is_deleted: false, force: false }]);
    const [created] = await until(async () => ((list) => list.length > 0 && list)(await events(zendesk, 0)), { what: 'an event' });
    expect(created).toMatchObject({ account: zendesk, type: 'ticket.created', action: 'add', changed: [], metadata: { id: ticket, type: 'ticket' }, user_id: null });
    expect((await site.ask(String((created?.['metadata'] as Json)['href']).slice(`${site.url}/v1`.length))).body).toMatchObject({ id: ticket, subject: 'told' });
    await until(async () => ((await site.ask(`/operations?account_id=${freshdesk}&outcome=done`)).body['objects'] as Json[]).length > 0, { what: 'the copy' });

    await site.ask(`/accounts/${zendesk}/helpdesk/tickets/${ticket}`, { method: 'PATCH', body: { priority: 'urgent' } });
    const comment = String((await site.ask(`/accounts/${zendesk}/helpdesk/tickets/${ticket}/comments`, { body: { content: '<p>words</p>' } })).body['id']);
    await ring(ticket);
    const more = await until(async () => ((list) => list.length >= 2 && list)(await events(zendesk, 1)), { what: 'two more events' });
    expect(more.map(({ type, changed, metadata }) => [type, changed, (metadata as Json)['id']])).toEqual([['ticket.updated', ['priority'], ticket], ['comment.created', [], comment]]);

    const page = await site.ask(`/accounts/${zendesk}/events?cursor=0&page_size=2`);
    expect(page.body).toMatchObject({ count: 2, cursor: 2, remaining: 1, type: 'object_list', next_page: null });
    expect((await site.ask(`/accounts/${zendesk}/events?cursor=3`)).body).toMatchObject({ count: 0, cursor: 3, remaining: 0, objects: [] });
    expect((await site.ask(`/accounts/${zendesk}/events?cursor=-1`)).body).toMatchObject({ count: 0, cursor: 3 });
    expect((await site.ask(`/accounts/${zendesk}/events/latest/`)).body).toEqual({ cursor: 3 });
    expect(await events(freshdesk, 0)).toEqual([]);
  });
});
