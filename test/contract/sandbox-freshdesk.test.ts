/** The fake Freshdesk answers, refuses and pages as the real one does. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';
import { at, basic, clientOf, list, type Answer, type Client } from './sandbox-support.ts';

let desk: SandboxDesk;
let bot: Client;
let human: Client;

const DAY = 86_400_000;
const ANN = 1070040306629;

beforeAll(async () => {
  [desk] = (await startSandbox({ only: ['freshdesk'] })) as [SandboxDesk];
  bot = clientOf(desk.url, basic(`${String(desk.credentials['key'])}:X`));
  human = clientOf(desk.url, basic(`${String(desk.human['key'])}:anything`));
});
afterEach(() => desk.reset());
afterAll(() => desk.close());

const create = (ticket: object = {}): Promise<Answer> =>
  bot.call('POST', '/api/v2/tickets', { subject: 'Printer', description: 'On fire', status: 2, priority: 1, email: 'cora@example.com', ...ticket });
const created = async (ticket: object = {}): Promise<number> => Number(at((await create(ticket)).body, 'id'));
const update = (id: number, patch: object): Promise<Answer> => bot.call('PUT', `/api/v2/tickets/${id}`, patch);
const show = async (id: number, include = ''): Promise<unknown> => (await bot.call('GET', `/api/v2/tickets/${id}${include}`)).body;
const note = (id: number, fields: object): Promise<Answer> => bot.call('POST', `/api/v2/tickets/${id}/notes`, fields);
const conversations = async (id: number): Promise<readonly unknown[]> => list((await bot.call('GET', `/api/v2/tickets/${id}/conversations`)).body);
const errors = (answer: Answer): readonly unknown[] => list(answer.body, 'errors');
const setClock = (ms: number): Promise<Answer> => bot.call('POST', '/__sandbox/settings', { clock_offset_ms: ms });

describe('credentials and headers', () => {
  test('the key is the user name, whatever the password', async () => {
    expect((await bot.call('GET', '/api/v2/agents/me')).body).toMatchObject({ contact: { email: 'bot@example.com' } });
    expect((await human.call('GET', '/api/v2/agents/me')).body).toMatchObject({ id: ANN, contact: { email: 'ann@example.com' } });
  });

  test('a wrong or missing key is told in the flat form', async () => {
    for (const client of [clientOf(desk.url), clientOf(desk.url, basic('guess:X'))]) {
      const answer = await client.call('GET', '/api/v2/tickets');
      expect([answer.status, answer.body]).toEqual([401, { code: 'invalid_credentials', message: 'You have to be logged in to perform this action.' }]);
    }
  });

  test('Accept, Content-Type, JSON and verbs are checked; what is not there has no body', async () => {
    expect((await bot.call('GET', '/api/v2/tickets', undefined, { accept: 'application/xml' })).status).toBe(406);
    expect((await bot.call('POST', '/api/v2/tickets', '<a/>', { 'content-type': 'application/xml' })).status).toBe(415);
    expect(await bot.call('POST', '/api/v2/tickets', '{"a":')).toMatchObject({ status: 400, body: { code: 'invalid_json' } });
    const verb = await bot.call('PATCH', '/api/v2/tickets/1', {});
    expect([verb.status, verb.headers.get('allow')]).toEqual([405, 'GET, PUT, DELETE']);
    const missing = await bot.call('GET', '/api/v2/tickets/1');
    expect([missing.status, missing.text]).toEqual([404, '']);
  });

  test('the budget counts includes and ends in 429', async () => {
    const id = await created();
    await bot.call('POST', '/__sandbox/settings', { rate_limit: 8 });
    const answer = await bot.call('GET', `/api/v2/tickets/${id}?include=conversations,stats`);
    expect([answer.headers.get('x-ratelimit-used-currentrequest'), answer.headers.get('x-ratelimit-total'), answer.headers.get('x-ratelimit-remaining')]).toEqual(['4', '8.0', '3.0']);
    await bot.call('GET', '/api/v2/tickets?include=description');
    const over = await bot.call('GET', '/api/v2/tickets');
    expect(over.status).toBe(429);
    expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

describe('creating', () => {
  test('answers 201 with the ticket and its address; an unknown mailbox becomes a contact', async () => {
    const answer = await create({ tags: ['a', 'b'], type: 'Incident', custom_fields: { cf_ref: 'R-1' } });
    const id = Number(at(answer.body, 'id'));
    expect([answer.status, answer.headers.get('location')]).toEqual([201, `${desk.url}/api/v2/tickets/${id}`]);
    expect(answer.body).toMatchObject({
      status: 2, priority: 1, source: 2, type: 'Incident', description: '<div>On fire</div>', description_text: 'On fire', tags: ['a', 'b'],
      custom_fields: { cf_ref: 'R-1', cf_plan: null }, responder_id: null, due_by: null,
    });
    expect(at(answer.body, 'deleted')).toBeUndefined();
    const contacts = await bot.call('GET', '/api/v2/contacts?email=cora%40example.com');
    expect(at(contacts.body, 0, 'id')).toBe(at(answer.body, 'requester_id'));
    expect(at((await create()).body, 'requester_id')).toBe(at(answer.body, 'requester_id'));
  });

  test('every problem is reported at once, unknown keys among them', async () => {
    const answer = await bot.call('POST', '/api/v2/tickets', { subject: ' ', status: 9, type: 'Nonsense', nonsense: 1, tags: ['x'.repeat(33)], custom_fields: { cf_none: 1, cf_order: 'x' } });
    expect([answer.status, at(answer.body, 'description')]).toEqual([400, 'Validation failed']);
    expect(errors(answer)).toEqual([
      { field: 'nonsense', message: 'Unexpected/invalid field in request', code: 'invalid_field' },
      { field: 'subject', message: 'It should not be blank as this is a mandatory field', code: 'invalid_value' },
      { field: 'description', message: 'It should be a/an String', code: 'missing_field' },
      { field: 'status', message: "It should be one of these values: '2,3,4,5,6,7'", code: 'invalid_value' },
      { field: 'priority', message: "It should be one of these values: '1,2,3,4'", code: 'missing_field' },
      { field: 'type', message: "It should be one of these values: 'Question,Incident,Problem,Feature Request,Refund'", code: 'invalid_value' },
      { field: 'tags', message: 'It can have maximum of 32 characters', code: 'invalid_value' },
      { field: 'custom_fields.cf_none', message: 'Unexpected/invalid field in request', code: 'invalid_field' },
      { field: 'custom_fields.cf_order', message: 'It should be a/an Integer', code: 'datatype_mismatch' },
      { field: 'requester_id', message: expect.stringContaining('Please fill at least 1 of'), code: 'missing_field' },
    ]);
    expect(at(desk.state(), 'write_count')).toBe(0);
  });

  test('due dates come both or not at all', async () => {
    const [sooner, later] = ['2035-01-01T10:00:00Z', '2035-01-02T10:00:00+02:00'];
    expect(errors(await create({ due_by: later }))).toMatchObject([{ field: 'fr_due_by', code: 'missing_field' }]);
    expect(errors(await create({ due_by: sooner, fr_due_by: later }))).toMatchObject([{ field: 'fr_due_by', code: 'invalid_value' }]);
    expect(errors(await create({ due_by: '2001-01-01', fr_due_by: '2001-01-01' }))).toHaveLength(2);
    expect((await create({ due_by: later, fr_due_by: sooner })).body).toMatchObject({ due_by: '2035-01-02T08:00:00Z', fr_due_by: sooner });
  });

  test('a repeated create makes a second ticket: there is no key', async () => {
    expect(await created()).not.toBe(await created());
    const before = await created();
    desk.reset();
    expect(await created()).toBeGreaterThan(before);
  });
});

describe('updating and deleting', () => {
  test('partial; a custom status stays; copies on e-mail cannot be changed', async () => {
    const id = await created({ tags: ['a'], custom_fields: { cf_ref: 'R' } });
    const answer = await update(id, { status: 6, responder_id: ANN, custom_fields: { cf_plan: 'Pro' } });
    expect([answer.status, answer.body]).toMatchObject([200, { status: 6, responder_id: ANN, tags: ['a'], custom_fields: { cf_ref: 'R', cf_plan: 'Pro' } }]);
    expect(errors(await update(id, { cc_emails: ['x@example.com'] }))).toMatchObject([{ field: 'cc_emails', code: 'invalid_field' }]);
    expect(errors(await update(id, { responder_id: 1 }))).toMatchObject([{ field: 'responder_id', code: 'invalid_value' }]);
    expect((await update(id, { responder_id: null })).body).toMatchObject({ responder_id: null });
  });

  test('softly deleted: hidden, shown with a mark, closed to writes, restored', async () => {
    const id = await created();
    expect((await bot.call('DELETE', `/api/v2/tickets/${id}`)).status).toBe(204);
    expect(at(await show(id), 'deleted')).toBe(true);
    expect(list((await bot.call('GET', '/api/v2/tickets')).body)).toEqual([]);
    expect(at((await bot.call('GET', '/api/v2/tickets?filter=deleted')).body, 0, 'id')).toBe(id);
    const put = await update(id, { status: 3 });
    expect([put.status, put.body]).toEqual([405, { message: 'PUT method is not allowed. It should be one of these method(s): GET' }]);
    expect((await bot.call('DELETE', `/api/v2/tickets/${id}`)).status).toBe(405);
    expect((await note(id, { body: 'x' })).status).toBe(405);
    expect((await bot.call('PUT', `/api/v2/tickets/${id}/restore`)).status).toBe(204);
    expect((await bot.call('PUT', `/api/v2/tickets/${id}/restore`)).status).toBe(404);
    expect(at(await show(id), 'deleted')).toBeUndefined();
  });
});

describe('lists', () => {
  test('the link header, with its blank after "<", leads to the end', async () => {
    const ids = [];
    for (let n = 0; n < 5; n += 1) ids.push(await created());
    const seen: unknown[] = [];
    let next: string | undefined = '/api/v2/tickets?per_page=2&order_type=asc';
    while (next !== undefined) {
      const { body, headers } = await bot.call('GET', next);
      seen.push(...list(body).map((ticket) => at(ticket, 'id')));
      const link = headers.get('link');
      if (link !== null) expect(link).toMatch(/^< http.*>;rel="next"$/);
      next = link === null ? undefined : /<\s*([^>]*)>/.exec(link)?.[1];
    }
    expect(seen).toEqual(ids);
  });

  test('rows have no description unless it is asked for', async () => {
    await created();
    const bare = (await bot.call('GET', '/api/v2/tickets')).body;
    const rich = (await bot.call('GET', '/api/v2/tickets?include=description,requester,stats')).body;
    expect(at(bare, 0)).not.toHaveProperty('description');
    expect(at(rich, 0)).toMatchObject({ description_text: 'On fire', requester: { email: 'cora@example.com' }, stats: { resolved_at: null } });
  });

  test('reaches back thirty days unless updated_since is given', async () => {
    const old = await created();
    await setClock(31 * DAY);
    const young = await created();
    expect(list((await bot.call('GET', '/api/v2/tickets')).body).map((ticket) => at(ticket, 'id'))).toEqual([young]);
    const all = await bot.call('GET', '/api/v2/tickets?updated_since=2020-01-01T00:00:00Z&order_by=updated_at&order_type=asc');
    expect(list(all.body).map((ticket) => at(ticket, 'id'))).toEqual([old, young]);
  });

  test('wrong pages, sizes, orders, filters and parameters are errors', async () => {
    for (const [query, field] of [['page=301', 'page'], ['page=0', 'page'], ['per_page=101', 'per_page'], ['order_by=x', 'order_by'], ['filter=x', 'filter'], ['include=x', 'include'], ['created_since=x', 'created_since'], ['email=nobody@example.com', 'email']]) {
      const answer = await bot.call('GET', `/api/v2/tickets?${query ?? ''}`);
      expect([answer.status, at(answer.body, 'errors', 0, 'field')]).toEqual([400, field]);
    }
  });

  test('search takes AND, OR, parentheses and comparisons, thirty rows a page', async () => {
    for (let n = 0; n < 31; n += 1) await created({ tags: ['many'] });
    const one = await created({ status: 3, priority: 4, tags: ['one'] });
    const search = (query: string, page = 1): Promise<Answer> => bot.call('GET', `/api/v2/search/tickets?query=${encodeURIComponent(query)}&page=${page}`);
    expect((await search(`"(status:3 OR status:7) AND tag:'one' AND priority:>3 AND created_at:>'2020-01-01'"`)).body).toMatchObject({ total: 1, results: [{ id: one }] });
    const [first, second] = [await search(`"tag:'many'"`), await search(`"tag:'many'"`, 2)];
    expect([at(first.body, 'total'), list(first.body, 'results').length, list(second.body, 'results').length]).toEqual([31, 30, 1]);
    expect((await search('status:3')).status).toBe(400);
    expect((await search('"status:"')).status).toBe(400);
    expect((await search('"status:3"', 11)).status).toBe(400);
  });

  test('ticket fields tell the statuses, people, choices', async () => {
    const fields = list((await bot.call('GET', '/api/v2/ticket_fields')).body);
    const choices = (name: string): unknown => at(fields.find((field) => at(field, 'name') === name), 'choices');
    expect(choices('status')).toMatchObject({ '2': ['Open', 'Being Processed'], '6': ['Waiting on Customer', 'Waiting on Customer'] });
    expect(choices('priority')).toEqual({ Low: 1, Medium: 2, High: 3, Urgent: 4 });
    expect(choices('agent')).toMatchObject({ 'Ann Agent': ANN });
  });
});

describe('conversations', () => {
  test('a note is private unless said otherwise, moves the ticket, and can be edited and deleted', async () => {
    const id = await created();
    await setClock(5000);
    const answer = await note(id, { body: 'Hidden' });
    expect([answer.status, answer.body]).toMatchObject([201, { private: true, incoming: false, body: '<div>Hidden</div>', body_text: 'Hidden', notified_to: [] }]);
    expect(at(await show(id), 'updated_at')).toBe(at(answer.body, 'created_at'));
    expect((await note(id, { body: 'Open', private: false })).body).toMatchObject({ private: false });
    const noteId = String(at(answer.body, 'id'));
    expect((await bot.call('PUT', `/api/v2/conversations/${noteId}`, { body: '<p>Changed</p>' })).body).toMatchObject({ body: '<p>Changed</p>', private: true, last_edited_user_id: 1070040306628 });
    expect(errors(await bot.call('PUT', `/api/v2/conversations/${noteId}`, { body: 'x', private: false }))).toMatchObject([{ field: 'private', code: 'invalid_field' }]);
    expect((await bot.call('DELETE', `/api/v2/conversations/${noteId}`)).status).toBe(204);
    expect((await conversations(id)).map((item) => at(item, 'body_text'))).toEqual(['Open']);
  });

  test('a reply knows no privacy and cannot be edited', async () => {
    const id = await created();
    const answer = await human.call('POST', `/api/v2/tickets/${id}/reply`, { body: '<p>Hello</p>' });
    expect([answer.status, answer.body]).toMatchObject([201, { user_id: ANN, replied_to: ['cora@example.com'] }]);
    expect(answer.body).not.toHaveProperty('private');
    expect((await conversations(id))[0]).toMatchObject({ source: 0, category: 3, private: false, incoming: false });
    expect(errors(await bot.call('POST', `/api/v2/tickets/${id}/reply`, { body: 'x', private: false }))).toMatchObject([{ field: 'private', code: 'invalid_field' }]);
    expect((await bot.call('PUT', `/api/v2/conversations/${String(at(answer.body, 'id'))}`, { body: 'x' })).status).toBe(405);
  });

  test('include=conversations gives the oldest ten; the list gives all, in pages', async () => {
    const id = await created();
    for (let n = 0; n < 31; n += 1) await note(id, { body: `n${n}` });
    const included = list(await show(id, '?include=conversations'), 'conversations');
    expect([included.length, at(included[0], 'body_text'), at(included[9], 'body_text')]).toEqual([10, 'n0', 'n9']);
    const first = await bot.call('GET', `/api/v2/tickets/${id}/conversations`);
    expect([list(first.body).length, first.headers.get('link')]).toEqual([30, `< ${desk.url}/api/v2/tickets/${id}/conversations?page=2>;rel="next"`]);
    const second = await bot.call('GET', `/api/v2/tickets/${id}/conversations?page=2`);
    expect([list(second.body).length, second.headers.get('link')]).toEqual([1, null]);
  });
});

describe('people', () => {
  test('a duplicate address is a conflict that names its holder, contact or agent', async () => {
    const first = await bot.call('POST', '/api/v2/contacts', { name: 'Dan', email: 'dan@example.com' });
    const again = await bot.call('POST', '/api/v2/contacts', { name: 'Dan', email: 'DAN@example.com' });
    expect([first.status, again.status]).toEqual([201, 409]);
    expect(errors(again)).toMatchObject([{ field: 'email', code: 'duplicate_value', additional_info: { user_id: at(first.body, 'id') } }]);
    expect(errors(await bot.call('POST', '/api/v2/contacts', { name: 'Ann', email: 'ann@example.com' }))).toMatchObject([{ additional_info: { user_id: ANN } }]);
    expect((await bot.call('GET', `/api/v2/contacts/${String(at(first.body, 'id'))}`)).body).toMatchObject({ name: 'Dan' });
  });

  test('agents are another collection, and only administrators see it', async () => {
    expect(list((await bot.call('GET', '/api/v2/contacts?email=ann@example.com')).body)).toEqual([]);
    expect((await bot.call('GET', '/api/v2/agents?email=ann@example.com')).body).toMatchObject([{ id: ANN, contact: { email: 'ann@example.com' } }]);
    expect((await bot.call('GET', `/api/v2/agents/${ANN}`)).body).toMatchObject({ contact: { name: 'Ann Agent' } });
    expect((await human.call('GET', '/api/v2/agents')).body).toMatchObject({ code: 'access_denied' });
  });
});
