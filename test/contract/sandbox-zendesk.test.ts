/** The fake Zendesk lets in, takes and refuses writes as the real one does. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';
import { at, basic, clientOf, list, zendeskClient, type ZendeskClient } from './sandbox-support.ts';

let desk: SandboxDesk;
let client: ZendeskClient;

beforeAll(async () => {
  [desk] = (await startSandbox({ only: ['zendesk'] })) as [SandboxDesk];
  client = zendeskClient(desk);
});
afterEach(() => desk.reset());
afterAll(() => desk.close());

describe('credentials', () => {
  test('an agent is recognised, and another one too', async () => {
    expect(at((await client.bot.call('GET', '/api/v2/users/me.json')).body, 'user', 'email')).toBe('bot@example.com');
    expect(at((await client.human.call('GET', '/api/v2/users/me')).body, 'user', 'email')).toBe('ann@example.com');
  });

  test('the trap: without credentials /users/me says 200 and nobody, every other call says 401', async () => {
    const nobody = clientOf(desk.url);
    const me = await nobody.call('GET', '/api/v2/users/me.json');
    expect([me.status, at(me.body, 'user', 'name'), at(me.body, 'user', 'id')]).toEqual([200, 'Anonymous user', null]);
    const tickets = await nobody.call('GET', '/api/v2/tickets.json');
    expect([tickets.status, tickets.body]).toEqual([401, { error: "Couldn't authenticate you" }]);
  });

  test('a wrong password is nobody, a wrong token is refused', async () => {
    expect((await clientOf(desk.url, basic('bot@example.com:guess')).call('GET', '/api/v2/users/me')).status).toBe(200);
    expect((await clientOf(desk.url, basic('bot@example.com/token:guess')).call('GET', '/api/v2/users/me')).status).toBe(401);
    const bearer = await clientOf(desk.url, { authorization: 'Bearer guess' }).call('GET', '/api/v2/tickets');
    expect([bearer.status, at(bearer.body, 'error')]).toEqual([401, 'invalid_token']);
  });
});

describe('creating', () => {
  test('answers 201 with ticket, audit and location; the comment of the audit is the first comment', async () => {
    const answer = await client.create({ tags: ['Two Words', 'VIP', 'vip'], requester: { name: 'Cora', email: 'cora@example.com' }, metadata: { mark: 'm1' } });
    const id = Number(at(answer.body, 'ticket', 'id'));
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(`${desk.url}/api/v2/tickets/${id}.json`);
    expect(String(id)).toMatch(/^\d{13,14}$/);
    expect(answer.body).toMatchObject({
      ticket: { status: 'new', priority: null, type: null, external_id: null, assignee_id: null, description: 'On fire', tags: ['two', 'words', 'vip'], is_public: true },
      audit: { ticket_id: id, metadata: { custom: { mark: 'm1' } } },
    });
    const [first] = await client.comments(id);
    expect(first).toMatchObject({
      id: at(answer.body, 'audit', 'events', 0, 'id'),
      html_body: '<div class="zd-comment" dir="auto"><p dir="auto">On fire</p></div>',
      plain_body: 'On fire',
      public: true,
      metadata: { custom: { mark: 'm1' } },
    });
  });

  test('without a text it is refused, without a ticket it is a missing parameter', async () => {
    const blank = await client.bot.call('POST', '/api/v2/tickets', { ticket: { subject: 'x' } });
    expect(blank.status).toBe(422);
    expect(blank.body).toMatchObject({ error: 'RecordInvalid', details: { base: [{ description: 'Description: cannot be blank', error: 'BlankValue' }] } });
    const nothing = await client.bot.call('POST', '/api/v2/tickets', { subject: 'x' });
    expect([nothing.status, nothing.text]).toEqual([400, 'Required parameter missing: ticket']);
  });

  test('one key makes one ticket: a repeat gives the first answer, another body is refused, after two hours it is a new one', async () => {
    const first = await client.create({}, { 'Idempotency-Key': 'k1' });
    const again = await client.create({}, { 'Idempotency-Key': 'k1' });
    expect([first.headers.get('x-idempotency-lookup'), again.headers.get('x-idempotency-lookup')]).toEqual(['miss', 'hit']);
    expect([again.status, again.body]).toEqual([201, first.body]);
    const other = await client.create({ subject: 'Other' }, { 'Idempotency-Key': 'k1' });
    expect([other.status, at(other.body, 'error')]).toEqual([400, 'IdempotentRequestError']);
    await client.bot.call('POST', '/__sandbox/settings', { clock_offset_ms: 2 * 3_600_000 + 1000 });
    const late = await client.create({}, { 'Idempotency-Key': 'k1' });
    expect(late.headers.get('x-idempotency-lookup')).toBe('miss');
    const state = await client.bot.call('GET', '/__sandbox/state');
    expect([list(state.body, 'tickets').length, at(state.body, 'write_count')]).toEqual([2, 2]);
  });

  test('ids grow and never come back after a reset', async () => {
    const before = await client.created();
    desk.reset();
    expect(await client.created()).toBeGreaterThan(before);
  });

  test('keys that are not permitted are dropped, and only a header tells', async () => {
    const answer = await client.create({ id: 5, nonsense: true });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('x-zendesk-api-warn')).toContain(':unpermitted_keys=>["ticket.id", "ticket.nonsense"]');
    expect((await client.create()).headers.has('x-zendesk-api-warn')).toBe(false);
  });

  test('bad values are refused in the vendor’s envelopes', async () => {
    expect((await client.create({ assignee_id: 1 })).body).toMatchObject({ error: 'RecordInvalid', details: { assignee: [{ description: 'Assignee: is invalid', error: 'InvalidValue' }] } });
    expect((await client.create({ priority: 'extreme' })).status).toBe(422);
    expect((await client.create({ requester: { email: 'new@example.com' } })).body).toMatchObject({ details: { requester: [{ description: 'Requester: Name:  is too short (minimum is 1 character)' }] } });
    expect((await client.create({ subject: {} })).body).toMatchObject({ error: { title: 'Invalid attribute' } });
    const broken = await client.bot.call('POST', '/api/v2/tickets', '{"ticket":');
    expect([broken.status, broken.body]).toEqual([422, { error: 'Unprocessable Entity', message: 'Server could not parse JSON' }]);
    expect((await client.bot.call('POST', '/api/v2/tickets', '<ticket/>', { 'content-type': 'application/xml' })).status).toBe(415);
    expect((await client.bot.call('GET', '/api/v2/tickets', undefined, { accept: 'text/html' })).status).toBe(406);
  });
});

describe('updating', () => {
  test('changes what is given, keeps the rest, never rewrites the description', async () => {
    const id = await client.created({ tags: ['a'] });
    const answer = await client.update(id, { priority: 'high', description: 'Other', assignee_email: 'Ben@example.com' });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ ticket: { priority: 'high', description: 'On fire', status: 'open', tags: ['a'] }, audit: { ticket_id: id } });
    expect(at(await client.show(id), 'assignee_id')).toBe(8447388091518);
    await client.update(id, { status: 'new' });
    expect(at(await client.show(id), 'status')).toBe('open');
  });

  test('a priority cannot be taken back, a closed ticket cannot be changed', async () => {
    const id = await client.created({ priority: 'low' });
    const reset = await client.update(id, { priority: null });
    expect([reset.status, reset.body]).toMatchObject([422, { details: { priority: [{ description: 'Priority: cannot be reset' }] } }]);
    expect((await client.update(id, { status: 'closed' })).status).toBe(200);
    const closed = await client.update(id, { comment: { body: 'late' } });
    expect([closed.status, closed.body]).toEqual([
      422,
      { error: 'RecordInvalid', description: 'Record validation errors', details: { status: [{ description: 'Status closed prevents ticket update' }] } },
    ]);
  });

  test('a safe update with an old stamp is a conflict', async () => {
    const id = await client.created();
    const stamp = at(await client.show(id), 'updated_at');
    expect((await client.update(id, { subject: 'A', safe_update: true, updated_stamp: stamp })).status).toBe(200);
    await client.bot.call('POST', '/__sandbox/settings', { clock_offset_ms: 5000 });
    expect((await client.update(id, { subject: 'B' })).status).toBe(200);
    const conflict = await client.update(id, { subject: 'C', safe_update: false, updated_stamp: stamp });
    expect([conflict.status, at(conflict.body, 'error')]).toEqual([409, 'UpdateConflict']);
    expect(at(await client.show(id), 'subject')).toBe('B');
  });

  test('tags are replaced by a save and added to by the tag calls', async () => {
    const id = await client.created({ tags: ['a', 'b'] });
    await client.update(id, { tags: ['C'] });
    expect((await client.bot.call('PUT', `/api/v2/tickets/${id}/tags`, { tags: ['d'] })).body).toEqual({ tags: ['c', 'd'] });
    expect((await client.bot.call('DELETE', `/api/v2/tickets/${id}/tags`, { tags: ['c'] })).body).toEqual({ tags: ['d'] });
    expect(await client.bot.call('POST', `/api/v2/tickets/${id}/tags`, { tags: ['e'] })).toMatchObject({ status: 201, body: { tags: ['e'] } });
  });

  test('custom fields: others stay, unknown options are dropped without a word, an option is a tag', async () => {
    const id = await client.created({ custom_fields: [{ id: 8447346600101, value: 'R-1' }] });
    await client.update(id, { custom_fields: [{ id: 8447346600102, value: 'pro' }] });
    await client.update(id, { custom_fields: [{ id: 8447346600102, value: 'nonsense' }, { id: 1, value: 'x' }] });
    const ticket = await client.show(id);
    expect(list(ticket, 'custom_fields')).toEqual(expect.arrayContaining([{ id: 8447346600101, value: 'R-1' }, { id: 8447346600102, value: 'pro' }]));
    expect(at(ticket, 'tags')).toEqual(['pro']);
  });

  test('a due date is kept by tasks only', async () => {
    const id = await client.created({ due_at: '2030-01-02T03:04:05+01:00' });
    expect(at(await client.show(id), 'due_at')).toBeNull();
    await client.update(id, { type: 'task', due_at: '2030-01-02T03:04:05+01:00' });
    expect(at(await client.show(id), 'due_at')).toBe('2030-01-02T02:04:05Z');
  });
});

describe('comments', () => {
  test('HTML is wrapped and cleaned, text is escaped, privacy follows the first comment', async () => {
    const id = await client.created({ comment: { html_body: '<p>Hello <b>you</b></p><script>x()</script><!-- mark -->', public: false } });
    await client.update(id, { comment: { body: 'a < b\n\nsecond' } });
    const [first, second] = await client.comments(id);
    expect(first).toMatchObject({ html_body: '<div class="zd-comment" dir="auto"><p dir="auto">Hello <b>you</b></p></div>', plain_body: 'Hello you', public: false });
    expect(second).toMatchObject({ html_body: '<div class="zd-comment" dir="auto"><p dir="auto">a &lt; b</p><p dir="auto">second</p></div>', public: false });
  });

  test('placeholders are expanded unless they are escaped', async () => {
    const id = await client.created();
    await client.update(id, { comment: { body: 'It is {{ticket.id}}, {{nonsense}}{{constructor}} and \\{{ticket.id}}' } });
    expect(at((await client.comments(id))[1], 'body')).toBe(`It is ${id},  and {{ticket.id}}`);
  });

  test('what is beyond 64 kB is cut without a word', async () => {
    const id = await client.created({ comment: { body: 'ü'.repeat(40_000) } });
    expect(Buffer.byteLength(String(at((await client.comments(id))[0], 'body')))).toBe(65_534);
  });

  test('a public comment can be made private, once and for all', async () => {
    const id = await client.created();
    const comment = at((await client.comments(id))[0], 'id');
    expect((await client.bot.call('PUT', `/api/v2/tickets/${id}/comments/${String(comment)}/make_private.json`)).status).toBe(200);
    expect(at((await client.comments(id))[0], 'public')).toBe(false);
    expect(at(await client.show(id), 'is_public')).toBe(false);
  });
});
