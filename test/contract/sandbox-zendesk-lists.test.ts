/** The fake Zendesk pages, searches, exports and limits as the real one does. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';
import { at, list, zendeskClient, type ZendeskClient } from './sandbox-support.ts';

let desk: SandboxDesk;
let client: ZendeskClient;

beforeAll(async () => {
  [desk] = (await startSandbox({ only: ['zendesk'] })) as [SandboxDesk];
  client = zendeskClient(desk);
});
afterEach(() => desk.reset());
afterAll(() => desk.close());

describe('lists', () => {
  test('by cursor to the end: the last page with rows still has a next link, the page after it is empty and has none', async () => {
    const ids = [];
    for (let n = 0; n < 5; n += 1) ids.push(await client.created({ subject: `T${n}` }));
    const seen: unknown[] = [];
    const pages: number[] = [];
    let next: unknown = '/api/v2/tickets.json?page[size]=2';
    while (typeof next === 'string') {
      const { body } = await client.bot.call('GET', next);
      seen.push(...list(body, 'tickets').map((ticket) => at(ticket, 'id')));
      pages.push(list(body, 'tickets').length);
      if (pages.length === 3) expect(at(body, 'meta', 'has_more')).toBe(false);
      next = at(body, 'links', 'next');
    }
    expect([seen, pages]).toEqual([ids, [2, 2, 1, 0]]);
  });

  test('a cursor is not disturbed by tickets that go away', async () => {
    const ids = [await client.created(), await client.created(), await client.created()];
    const first = await client.bot.call('GET', '/api/v2/tickets.json?page[size]=1');
    await client.bot.call('DELETE', `/api/v2/tickets/${ids[0]}`);
    const second = await client.bot.call('GET', String(at(first.body, 'links', 'next')));
    expect(at(second.body, 'tickets', 0, 'id')).toBe(ids[1]);
  });

  test('by offset: count, next_page and previous_page, and a limit of depth', async () => {
    for (let n = 0; n < 3; n += 1) await client.created();
    const first = await client.bot.call('GET', '/api/v2/tickets.json?per_page=2');
    expect(first.body).toMatchObject({ count: 3, previous_page: null, next_page: `${desk.url}/api/v2/tickets.json?per_page=2&page=2` });
    const second = await client.bot.call('GET', String(at(first.body, 'next_page')));
    expect([list(second.body, 'tickets').length, at(second.body, 'next_page')]).toEqual([1, null]);
    const deep = await client.bot.call('GET', '/api/v2/tickets.json?page=101&per_page=100');
    expect([deep.status, at(deep.body, 'errors', 0, 'code')]).toEqual([400, 'InvalidPaginationDepth']);
  });

  test('sorted by update, filtered by external id, side-loaded, many at once', async () => {
    const [a, b] = [await client.created({ external_id: 'X' }), await client.created({ external_id: 'X' })];
    await client.update(a, { priority: 'low' });
    const sorted = await client.bot.call('GET', '/api/v2/tickets.json?sort=-updated_at&page[size]=10&include=users');
    expect(list(sorted.body, 'tickets').map((ticket) => at(ticket, 'id'))).toEqual([a, b]);
    expect(at(sorted.body, 'users', 0, 'email')).toBe('bot@example.com');
    expect(list((await client.bot.call('GET', '/api/v2/tickets?external_id=X')).body, 'tickets').length).toBe(2);
    expect(list((await client.bot.call('GET', `/api/v2/tickets/show_many.json?ids=${a},1,${b}`)).body, 'tickets').length).toBe(2);
    const many = await client.bot.call('GET', `/api/v2/tickets/show_many?ids=${'1,'.repeat(100)}1`);
    expect([many.status, many.body]).toEqual([400, { error: 'TooManyValues', description: 'Parameter  cannot specify more than 100 values', max_count: 100 }]);
    expect(at(await client.bot.call('GET', `/api/v2/tickets/${a}?include=comment_count`), 'body', 'ticket', 'comment_count')).toBe(1);
  });

  test('search finds by type, status, tags and requester', async () => {
    const id = await client.created({ tags: ['red'], status: 'pending', requester: { name: 'Cora', email: 'cora@example.com' } });
    await client.created();
    const query = encodeURIComponent('type:ticket status<solved tags:red requester:cora@example.com');
    const { body } = await client.bot.call('GET', `/api/v2/search.json?query=${query}`);
    expect(body).toMatchObject({ count: 1, results: [{ id, result_type: 'ticket' }] });
    expect((await client.bot.call('GET', `/api/v2/search.json?query=x&page=11`)).status).toBe(422);
  });

  test('users: create_or_update makes one, then finds it; search and show_many too', async () => {
    const first = await client.bot.call('POST', '/api/v2/users/create_or_update', { user: { name: 'Dan', email: 'dan@example.com' } });
    const again = await client.bot.call('POST', '/api/v2/users/create_or_update', { user: { name: 'Daniel', email: 'DAN@example.com' } });
    expect([first.status, again.status, at(again.body, 'user', 'id')]).toEqual([201, 200, at(first.body, 'user', 'id')]);
    expect((await client.bot.call('GET', '/api/v2/users/search.json?query=dan@example.com')).body).toMatchObject({ count: 1, users: [{ name: 'Daniel' }] });
    expect((await client.bot.call('GET', `/api/v2/users/show_many?ids=${String(at(first.body, 'user', 'id'))},8447388091006`)).body).toMatchObject({ count: 2 });
  });
});

describe('deletion and the incremental export', () => {
  test('deleted softly, listed, restored, deleted for good', async () => {
    const id = await client.created();
    expect((await client.bot.call('DELETE', `/api/v2/tickets/${id}.json`)).status).toBe(204);
    const twice = await client.bot.call('DELETE', `/api/v2/tickets/${id}.json`);
    expect([twice.status, twice.body]).toEqual([404, { error: 'RecordNotFound', description: 'Not found' }]);
    expect((await client.bot.call('GET', `/api/v2/tickets/${id}/comments`)).status).toBe(404);
    expect(at((await client.bot.call('GET', '/api/v2/deleted_tickets')).body, 'deleted_tickets', 0, 'id')).toBe(id);
    expect(await client.bot.call('PUT', `/api/v2/deleted_tickets/${id}/restore.json`)).toMatchObject({ status: 200, body: {} });
    expect(at(await client.show(id), 'status')).toBe('new');
    await client.bot.call('DELETE', `/api/v2/tickets/${id}`);
    expect(at(await client.bot.call('DELETE', `/api/v2/deleted_tickets/${id}`), 'body', 'job_status', 'status')).toBe('queued');
    expect((await client.bot.call('PUT', `/api/v2/deleted_tickets/${id}/restore`)).status).toBe(404);
  });

  test('the export tells of every change once, deletions included, and its cursor goes on', async () => {
    const [a, b] = [await client.created(), await client.created()];
    const first = await client.bot.call('GET', '/api/v2/incremental/tickets/cursor.json?start_time=0&per_page=1');
    expect([at(first.body, 'tickets', 0, 'id'), at(first.body, 'end_of_stream')]).toEqual([a, false]);
    const second = await client.bot.call('GET', String(at(first.body, 'after_url')));
    expect([at(second.body, 'tickets', 0, 'id'), at(second.body, 'end_of_stream')]).toEqual([b, true]);
    await client.bot.call('DELETE', `/api/v2/tickets/${a}`);
    const third = await client.bot.call('GET', `/api/v2/incremental/tickets/cursor.json?cursor=${encodeURIComponent(String(at(second.body, 'after_cursor')))}`);
    expect(third.body).toMatchObject({ end_of_stream: true, tickets: [{ id: a, status: 'deleted' }] });
  });

  test('the minimum age of a start time is a switch', async () => {
    await client.bot.call('POST', '/__sandbox/settings', { export_min_age: 60 });
    const answer = await client.bot.call('GET', `/api/v2/incremental/tickets/cursor?start_time=${Math.floor(Date.now() / 1000)}`);
    expect([answer.status, at(answer.body, 'error')]).toEqual([400, 'StartTimeTooRecent']);
  });
});

describe('limits', () => {
  test('the account’s budget is told by headers and ends in 429 as plain text', async () => {
    await client.bot.call('POST', '/__sandbox/settings', { rate_limit: 2 });
    const first = await client.bot.call('GET', '/api/v2/tickets');
    expect([first.headers.get('x-rate-limit'), first.headers.get('ratelimit-remaining')]).toEqual(['2', '1']);
    await client.bot.call('GET', '/api/v2/tickets');
    const third = await client.bot.call('GET', '/api/v2/tickets');
    expect([third.status, third.text]).toEqual([429, 'Number of allowed API requests per minute exceeded']);
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  test('one ticket’s updates have a budget of their own when that is switched on', async () => {
    const id = await client.created();
    await client.bot.call('POST', '/__sandbox/settings', { per_ticket_updates: 1 });
    expect((await client.update(id, { priority: 'low' })).headers.get('zendesk-ratelimit-per-ticket-updates')).toMatch(/^total=1; remaining=0; resets=\d+$/);
    const second = await client.update(id, { priority: 'high' });
    expect([second.status, at(second.body, 'error')]).toEqual([429, 'APIRateLimitExceeded']);
  });

  test('an unknown path and an id that is no number', async () => {
    expect(await client.bot.call('GET', '/api/v2/nonsense')).toMatchObject({ status: 404, body: { error: 'InvalidEndpoint' } });
    expect((await client.bot.call('GET', '/api/v2/tickets/abc')).body).toMatchObject({ error: { message: expect.stringContaining('id must be an integer') } });
    expect(await client.bot.call('GET', '/api/v2/tickets/1')).toMatchObject({ status: 404, body: { error: 'RecordNotFound' } });
  });
});
