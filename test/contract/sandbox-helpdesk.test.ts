/** The fake Helpdesk answers, refuses, pages and notifies as its documentation says. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';
import { at, clientOf, list, openReceiver, untilState, type Answer, type Client, type Delivery, type Receiver } from './sandbox-support.ts';

let desk: SandboxDesk;
let bot: Client;
let human: Client;
let session: Client;
let receiver: Receiver;

const BASE = '/helpdesk/api/v1';
const keyed = ({ key, workspace }: Readonly<Record<string, string>>) => ({ authorization: `Bearer ${key ?? ''}`, 'x-workspace-id': workspace ?? '' });

beforeAll(async () => {
  [desk] = (await startSandbox({ only: ['helpdesk'] })) as [SandboxDesk];
  bot = clientOf(desk.url, keyed(desk.credentials));
  human = clientOf(desk.url, keyed(desk.human));
  session = clientOf(desk.url, { authorization: `Bearer ${desk.human['session_token'] ?? ''}` });
  receiver = await openReceiver();
});
afterEach(() => desk.reset());
afterAll(async () => {
  await desk.close();
  await receiver.close();
});

const create = (ticket: object = {}): Promise<Answer> => bot.call('POST', `${BASE}/tickets`, { ticket: { subject: 'Cannot log in', ...ticket } });
const created = async (ticket: object = {}): Promise<string> => String(at((await create(ticket)).body, 'ticket', 'id'));
const update = (id: string, ticket: object): Promise<Answer> => bot.call('PUT', `${BASE}/tickets/${id}`, { ticket });
const code = ({ status, body }: Answer): readonly unknown[] => [status, at(body, 'error', 'code')];

describe('credentials', () => {
  test('a key goes as bearer or in its own header, always with the workspace', async () => {
    expect((await bot.call('GET', `${BASE}/tickets`)).status).toBe(200);
    const { key = '', workspace = '' } = desk.credentials;
    expect((await clientOf(desk.url, { 'x-api-key': key, 'x-workspace-id': workspace }).call('GET', `${BASE}/tickets`)).status).toBe(200);
    expect(code(await clientOf(desk.url, { 'x-api-key': key }).call('GET', `${BASE}/tickets`))).toEqual([400, 'MISSING_WORKSPACE']);
    expect(code(await clientOf(desk.url, { 'x-api-key': key, 'x-workspace-id': 'ws_other' }).call('GET', `${BASE}/tickets`))).toEqual([403, 'INSUFFICIENT_API_PERMISSION']);
    expect(code(await clientOf(desk.url, { 'x-api-key': 'guess', 'x-workspace-id': workspace }).call('GET', `${BASE}/tickets`))).toEqual([401, 'INVALID_API_KEY']);
    expect(code(await clientOf(desk.url).call('GET', `${BASE}/tickets`))).toEqual([401, 'INVALID_API_KEY']);
  });

  test('a key has a level: reading, writing, administrating', async () => {
    expect(code(await human.call('GET', `${BASE}/webhooks`))).toEqual([403, 'INSUFFICIENT_API_PERMISSION']);
    expect((await human.call('POST', `${BASE}/tickets`, { ticket: { subject: 'x' } })).status).toBe(201);
    const reader = clientOf(desk.url, keyed({ key: 'aclou_5a6db0c5bee0bead', workspace: 'ws_sandbox' }));
    expect(code(await reader.call('POST', `${BASE}/tickets`, { ticket: { subject: 'x' } }))).toEqual([403, 'INSUFFICIENT_API_PERMISSION']);
  });
});

describe('tickets', () => {
  test('the vendor’s own example works as it is printed', async () => {
    const answer = await bot.call('POST', `${BASE}/tickets`, {
      ticket: {
        subject: 'Cannot log in', status: 'new', priority: 'high', type: 'incident', requesterEmail: 'customer@example.com', requesterName: 'Jane Doe',
        assigneeId: 'usr_abc123', tags: ['billing', 'urgent'], customFields: [{ id: 'cf_abc', value: 'Enterprise' }],
      },
    });
    const id = String(at(answer.body, 'ticket', 'id'));
    expect([answer.status, id]).toEqual([201, expect.stringMatching(/^tkt_[a-z0-9]+$/)]);
    const changed = await update(id, { status: 'pending', priority: 'urgent', assigneeId: 'usr_xyz789', tags: ['escalated'], customFields: [{ id: 'cf_abc', value: 'Pro' }] });
    expect(changed.body).toMatchObject({
      ticket: { id, subject: 'Cannot log in', status: 'pending', type: 'incident', assigneeId: 'usr_xyz789', tags: ['escalated'], customFields: [{ id: 'cf_abc', value: 'Pro' }] },
    });
    expect(String(at(changed.body, 'ticket', 'updatedAt'))).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  test('defaults, and other fields stay when one is given', async () => {
    const id = await created({ customFields: [{ id: 'cf_ref', value: 'R' }] });
    await update(id, { customFields: [{ id: 'cf_description', value: 'Long text' }] });
    expect((await bot.call('GET', `${BASE}/tickets/${id}`)).body).toMatchObject({
      ticket: {
        status: 'new', priority: 'normal', type: 'question', assigneeId: null, requesterEmail: null, tags: [],
        customFields: [{ id: 'cf_ref', value: 'R' }, { id: 'cf_description', value: 'Long text' }],
      },
    });
  });

  test('a body without ticket, a value that is wrong, a ticket that is not there, JSON that is none', async () => {
    expect(code(await bot.call('POST', `${BASE}/tickets`, { subject: 'x' }))).toEqual([400, 'BAD_REQUEST']);
    const wrong = await bot.call('POST', `${BASE}/tickets`, { ticket: { status: 'odd', assigneeId: 'usr_none', customFields: [{ id: 'cf_escalated', value: 'yes' }] } });
    expect(code(wrong)).toEqual([422, 'VALIDATION_ERROR']);
    expect(list(wrong.body, 'error', 'details').map((problem) => at(problem, 'field'))).toEqual(['subject', 'status', 'assigneeId', 'customFields.cf_escalated']);
    expect(code(await bot.call('GET', `${BASE}/tickets/tkt_none`))).toEqual([404, 'NOT_FOUND']);
    expect(code(await bot.call('POST', `${BASE}/tickets`, '{'))).toEqual([400, 'BAD_REQUEST']);
    expect(code(await bot.call('PATCH', `${BASE}/tickets`, {}))).toEqual([405, 'METHOD_NOT_ALLOWED']);
  });

  test('deleted for good', async () => {
    const id = await created();
    expect((await bot.call('DELETE', `${BASE}/tickets/${id}`)).status).toBe(204);
    expect(code(await bot.call('GET', `${BASE}/tickets/${id}`))).toEqual([404, 'NOT_FOUND']);
    desk.reset();
    expect(await created() > id).toBe(true);
  });
});

describe('pages', () => {
  test('by the cursor to the end; the link is a path that leads nowhere as it stands', async () => {
    const ids = [];
    for (let n = 0; n < 5; n += 1) ids.unshift(await created());
    const seen: unknown[] = [];
    let after = '';
    for (;;) {
      const { body } = await bot.call('GET', `${BASE}/tickets?page_size=2${after}`);
      seen.push(...list(body, 'tickets').map((ticket) => at(ticket, 'id')));
      const cursor = at(body, 'meta', 'afterCursor');
      if (at(body, 'meta', 'hasMore') !== true) {
        expect([cursor, at(body, 'links', 'next')]).toEqual([null, null]);
        break;
      }
      expect(at(body, 'links', 'next')).toBe(`/api/v1/tickets?page_size=2&after=${String(cursor)}`);
      after = `&after=${String(cursor)}`;
    }
    expect(seen).toEqual(ids);
    const sample = Buffer.from('tkt_abc123').toString('base64url');
    expect((await bot.call('GET', `${BASE}/tickets?after=${sample}`)).status).toBe(200);
  });

  test('both forms of the parameters are taken, each with its own default', async () => {
    for (let n = 0; n < 3; n += 1) await created();
    expect(at((await bot.call('GET', `${BASE}/tickets`)).body, 'meta', 'pageSize')).toBe(25);
    const first = await bot.call('GET', `${BASE}/tickets?page[size]=2&sort_order=asc`);
    const second = await bot.call('GET', `${BASE}/tickets?pageSize=2&sort_order=asc&page[after]=${String(at(first.body, 'meta', 'afterCursor'))}`);
    expect([list(first.body, 'tickets').length, list(second.body, 'tickets').length]).toEqual([2, 1]);
    expect(code(await bot.call('GET', `${BASE}/tickets?page_size=none`))).toEqual([400, 'BAD_REQUEST']);
  });

  test('sorted by update the cursor holds while tickets move and go away; filters apply', async () => {
    const [a, b, c] = [await created(), await created({ status: 'open' }), await created()];
    // Later than the last create by the desk's clock, which tells milliseconds.
    desk.settings({ clock_offset_ms: 1_000 });
    await update(a, { priority: 'low' });
    const first = await bot.call('GET', `${BASE}/tickets?sort_by=updated_at&page_size=1`);
    expect(at(first.body, 'tickets', 0, 'id')).toBe(a);
    await bot.call('DELETE', `${BASE}/tickets/${a}`);
    const second = await bot.call('GET', `${BASE}/tickets?sort_by=updated_at&page_size=5&after=${String(at(first.body, 'meta', 'afterCursor'))}`);
    expect(list(second.body, 'tickets').map((ticket) => at(ticket, 'id'))).toEqual([c, b]);
    expect(list((await bot.call('GET', `${BASE}/tickets?status=open`)).body, 'tickets').map((ticket) => at(ticket, 'id'))).toEqual([b]);
    expect(code(await bot.call('GET', `${BASE}/tickets?sort_by=subject`))).toEqual([422, 'VALIDATION_ERROR']);
  });

  test('ticket fields: the system’s first, then our own', async () => {
    const { body } = await bot.call('GET', `${BASE}/ticket_fields`);
    expect(at(body, 'ticketFields', 0, 'id')).toBe('system_subject');
    expect(list(body, 'ticketFields')).toEqual(expect.arrayContaining([expect.objectContaining({ id: 'cf_description', type: 'textarea' }), expect.objectContaining({ id: 'cf_ref', type: 'text' })]));
    expect((await bot.call('GET', `${BASE}/ticket_fields/cf_ref`)).body).toMatchObject({ ticketField: { fieldKey: 'ref' } });
  });
});

describe('messages', () => {
  test('take a session and no key, come in snake_case and go out in camelCase', async () => {
    const id = await created();
    expect(code(await bot.call('GET', `/helpdesk/api/messages?ticket_id=${id}`))).toEqual([401, 'UNAUTHORIZED']);
    expect(code(await session.call('GET', `${BASE}/tickets`))).toEqual([401, 'INVALID_API_KEY']);
    const answer = await session.call('POST', '/helpdesk/api/messages', { ticket_id: id, type: 'note', content: '<p>Psst</p>', send_email: false });
    expect([answer.status, answer.body]).toMatchObject([201, { message: { ticketId: id, type: 'note', content: '<p>Psst</p>', textContent: 'Psst', authorId: 'usr_abc123' } }]);
    expect((await session.call('GET', `/helpdesk/api/messages/${String(at(answer.body, 'message', 'id'))}`)).status).toBe(200);
    expect(at((await bot.call('GET', `${BASE}/tickets/${id}`)).body, 'ticket', 'updatedAt')).toBe(at(answer.body, 'message', 'createdAt'));
  });

  test('page by page, oldest first unless asked otherwise; wrong ones are refused', async () => {
    const id = await created();
    for (let n = 0; n < 3; n += 1) await session.call('POST', '/helpdesk/api/messages', { ticket_id: id, type: 'response', content: `<p>${n}</p>` });
    const first = await session.call('GET', `/helpdesk/api/messages?ticket_id=${id}&limit=2`);
    expect([list(first.body, 'messages').map((message) => at(message, 'textContent')), at(first.body, 'meta', 'hasMore')]).toEqual([['0', '1'], true]);
    expect(at(await session.call('GET', `/helpdesk/api/messages?ticket_id=${id}&limit=2&page=2`), 'body', 'messages', 0, 'textContent')).toBe('2');
    expect(at(await session.call('GET', `/helpdesk/api/messages?ticket_id=${id}&sort_order=desc`), 'body', 'messages', 0, 'textContent')).toBe('2');
    expect(code(await session.call('POST', '/helpdesk/api/messages', { type: 'odd' }))).toEqual([422, 'VALIDATION_ERROR']);
    expect(code(await session.call('POST', '/helpdesk/api/messages', { ticket_id: 'tkt_none', type: 'note', content: 'x' }))).toEqual([404, 'NOT_FOUND']);
  });
});

describe('webhooks', () => {
  const subscribe = async (events: readonly string[]): Promise<string> => {
    const answer = await bot.call('POST', `${BASE}/webhooks`, { webhook: { name: 'Mirror', targetUrl: receiver.url, events } });
    expect(answer.status).toBe(201);
    return String(at(answer.body, 'webhook', 'signingSecret'));
  };
  const verified = (secret: string, { headers, raw }: Delivery): unknown =>
    new Webhook(secret).verify(raw, {
      'webhook-id': String(headers['webhook-id']), 'webhook-timestamp': String(headers['webhook-timestamp']), 'webhook-signature': String(headers['webhook-signature']),
    });

  test('the secret is shown once; the rest can be listed, changed and deleted', async () => {
    expect(await subscribe(['ticket.created'])).toMatch(/^whsec_[A-Za-z0-9+/]+=*$/);
    const listed = await bot.call('GET', `${BASE}/webhooks`);
    expect(listed.text).not.toContain('whsec_');
    const id = String(at(listed.body, 'webhooks', 0, 'id'));
    expect((await bot.call('PUT', `${BASE}/webhooks/${id}`, { webhook: { active: false } })).body).toMatchObject({ webhook: { id, active: false, name: 'Mirror' } });
    expect((await bot.call('DELETE', `${BASE}/webhooks/${id}`)).status).toBe(204);
    expect(code(await bot.call('GET', `${BASE}/webhooks/${id}`))).toEqual([404, 'NOT_FOUND']);
    const wrong = await bot.call('POST', `${BASE}/webhooks`, { webhook: { events: ['message.created'] } });
    expect(list(wrong.body, 'error', 'details').map((problem) => at(problem, 'field'))).toEqual(['name', 'targetUrl', 'events']);
  });

  test('every event of a ticket’s life comes in the envelope and with a signature that verifies', async () => {
    const secret = await subscribe(['ticket.created', 'ticket.updated', 'ticket.deleted', 'ticket.assignment.changed', 'ticket.resolved']);
    const before = receiver.received.length;
    const id = await created();
    await human.call('PUT', `${BASE}/tickets/${id}`, { ticket: { assigneeId: 'usr_xyz789', status: 'resolved' } });
    await session.call('POST', '/helpdesk/api/messages', { ticket_id: id, type: 'response', content: 'Done' });
    await bot.call('DELETE', `${BASE}/tickets/${id}`);
    const deliveries = (await receiver.until(before + 6)).slice(before);
    const bodies = deliveries.map((delivery) => verified(secret, delivery));
    expect(bodies.map((body) => String(at(body, 'type'))).sort()).toEqual(
      ['ticket.created', 'ticket.updated', 'ticket.assignment.changed', 'ticket.resolved', 'ticket.updated', 'ticket.deleted'].sort(),
    );
    for (const [index, body] of bodies.entries()) {
      expect(body).toMatchObject({ id: deliveries[index]?.headers['webhook-id'], data: { ticket: { id } } });
      expect(String(at(body, 'id'))).toMatch(/^evt_/);
    }
  });

  test('a failed delivery is tried again under its id, and 410 ends it for good', async () => {
    await subscribe(['ticket.created']);
    await bot.call('POST', '/__sandbox/settings', { webhook_retry_ms: [0] });
    const before = receiver.received.length;
    receiver.answerWith({ status: 500 }, { status: 200 }, { status: 410 });
    await created();
    const [first, second] = (await receiver.until(before + 2)).slice(before);
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    await created();
    await untilState(bot, (state) => at(state, 'deliveries', 'given_up') === 1);
    expect(at((await bot.call('GET', `${BASE}/webhooks`)).body, 'webhooks', 0, 'active')).toBe(false);
  });

  test('one that is set up by hand may bring any secret', async () => {
    const answer = await bot.call('POST', '/__sandbox/webhook', { url: receiver.url, secret: 'any text', headers: { 'X-Mine': 'yes' } });
    const before = receiver.received.length;
    await created();
    const delivery = (await receiver.until(before + 1))[before];
    expect(delivery && verified(String(at(answer.body, 'webhook', 'secret')), delivery)).toMatchObject({ type: 'ticket.created' });
    expect(delivery?.headers['x-mine']).toBe('yes');
  });
});
