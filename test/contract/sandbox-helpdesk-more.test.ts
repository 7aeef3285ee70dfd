/** The fake Helpdesk's ticket fields, roles, files and switches: what it is sure of, and every guess that can be turned the other way. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';
import { at, clientOf, list, openReceiver, untilState, type Answer, type Client, type Receiver } from './sandbox-support.ts';

let desk: SandboxDesk;
let bot: Client;
let human: Client;
let session: Client;
let viewer: Client;
let receiver: Receiver;

const BASE = '/helpdesk/api/v1';
const MESSAGES = '/helpdesk/api/messages';
const FILES = '/helpdesk/api/attachments';
const keyed = ({ key, workspace }: Readonly<Record<string, string>>) => ({ authorization: `Bearer ${key ?? ''}`, 'x-workspace-id': workspace ?? '' });

beforeAll(async () => {
  [desk] = (await startSandbox({ only: ['helpdesk'] })) as [SandboxDesk];
  bot = clientOf(desk.url, keyed(desk.credentials));
  human = clientOf(desk.url, keyed(desk.human));
  session = clientOf(desk.url, { authorization: `Bearer ${desk.human['session_token'] ?? ''}` });
  const vic = list(desk.state(), 'users').find((user) => at(user, 'role') === 'viewer');
  viewer = clientOf(desk.url, { authorization: `Bearer ${String(at(vic, 'session_token'))}` });
  receiver = await openReceiver();
});
afterEach(() => desk.reset());
afterAll(async () => {
  await desk.close();
  await receiver.close();
});

const created = async (ticket: object = {}): Promise<string> =>
  String(at((await bot.call('POST', `${BASE}/tickets`, { ticket: { subject: 'Cannot log in', ...ticket } })).body, 'ticket', 'id'));
const code = ({ status, body }: Answer): readonly unknown[] => [status, at(body, 'error', 'code')];
const faulty = (answer: Answer): readonly unknown[] => list(answer.body, 'error', 'details').map((problem) => at(problem, 'field'));

describe('ticket fields', () => {
  const make = (ticketField: object): Promise<Answer> => bot.call('POST', `${BASE}/ticket_fields`, { ticketField });

  test('are made, changed and deleted by an administrator; key and type stay as they are', async () => {
    const made = await make({ title: 'Contract No.', type: 'text', requiredForEndUsers: true });
    expect([made.status, made.body]).toMatchObject([201, { ticketField: { id: expect.stringMatching(/^cf_/), fieldKey: 'contract_no', type: 'text', active: true, requiredForEndUsers: true, options: [] } }]);
    const id = String(at(made.body, 'ticketField', 'id'));
    const path = `${BASE}/ticket_fields/${id}`;
    expect((await bot.call('PUT', path, { ticketField: { title: 'Contract', active: false } })).body).toMatchObject({ ticketField: { id, title: 'Contract', active: false, fieldKey: 'contract_no' } });
    expect(faulty(await bot.call('PUT', path, { ticketField: { type: 'number', fieldKey: 'other' } }))).toEqual(['type', 'fieldKey']);
    const ticket = await created({ customFields: [{ id, value: 'C-1' }, { id: 'cf_ref', value: 'R' }] });
    expect((await bot.call('DELETE', path)).status).toBe(204);
    expect(code(await bot.call('GET', path))).toEqual([404, 'NOT_FOUND']);
    expect(at((await bot.call('GET', `${BASE}/tickets/${ticket}`)).body, 'ticket', 'customFields')).toEqual([{ id: 'cf_ref', value: 'R' }]);
  });

  test('are read by all, changed by administrators only, and those of the system by nobody', async () => {
    expect((await human.call('GET', `${BASE}/ticket_fields/cf_ref`)).status).toBe(200);
    for (const [method, path] of [['POST', ''], ['PUT', '/cf_ref'], ['DELETE', '/cf_ref']] as const) {
      expect(code(await human.call(method, `${BASE}/ticket_fields${path}`, { ticketField: { title: 'x', type: 'text' } }))).toEqual([403, 'INSUFFICIENT_API_PERMISSION']);
    }
    expect(code(await bot.call('DELETE', `${BASE}/ticket_fields/system_status`))).toEqual([422, 'VALIDATION_ERROR']);
  });

  test('that make no sense are refused with every reason', async () => {
    expect(faulty(await make({}))).toEqual(['title', 'type']);
    expect(faulty(await make({ title: 7, type: 'odd', fieldKey: 'No', position: 'x', active: 1, options: 'x', regexPattern: '(' }))).toEqual(['title', 'position', 'active', 'regexPattern', 'options', 'type', 'fieldKey']);
    expect(faulty(await make({ title: 'Code', type: 'regex' }))).toEqual(['regexPattern']);
    expect(faulty(await make({ title: 'Reference', fieldKey: 'ref', type: 'text' }))).toEqual(['fieldKey']);
    expect(faulty(await make({ title: 'Size', type: 'number', defaultValue: 'big' }))).toEqual(['defaultValue']);
    expect(code(await bot.call('POST', `${BASE}/ticket_fields`, { title: 'x' }))).toEqual([400, 'BAD_REQUEST']);
  });

  test.each<[string, object, unknown, unknown]>([
    ['number', {}, 3, 3.5], ['decimal', {}, 3.5, '3.5'], ['checkbox', {}, true, 'true'], ['date', {}, '2026-02-28', '28.2.2026'], ['text', {}, 'x', 3], ['textarea', {}, 'a\nb', ['a']],
    ['dropdown', { options: ['A', { value: 'b', label: 'B' }] }, 'b', 'B'], ['multiselect', { options: ['A', 'B'] }, ['A', 'B'], ['A', 'C']], ['regex', { regexPattern: '^[A-Z]{2}-\\d+$' }, 'AB-12', 'ab-12'],
  ])('a value of type %s is checked', async (type, more, good, bad) => {
    const id = String(at((await make({ title: `My ${type}`, type, ...more })).body, 'ticketField', 'id'));
    const ticket = await created({ customFields: [{ id, value: good }] });
    expect(at((await bot.call('GET', `${BASE}/tickets/${ticket}`)).body, 'ticket', 'customFields')).toEqual([{ id, value: good }]);
    expect(faulty(await bot.call('PUT', `${BASE}/tickets/${ticket}`, { ticket: { customFields: [{ id, value: bad }] } }))).toEqual([`customFields.${id}`]);
    expect((await bot.call('PUT', `${BASE}/tickets/${ticket}`, { ticket: { customFields: [{ id, value: null }] } })).status).toBe(200);
  });

  test('defaults come with a new ticket, and what is required must be there', async () => {
    const id = String(at((await make({ title: 'Channel', type: 'text', defaultValue: 'web' })).body, 'ticketField', 'id'));
    expect(at((await bot.call('GET', `${BASE}/tickets/${await created()}`)).body, 'ticket', 'customFields')).toEqual([{ id, value: 'web' }]);
    const needed = String(at((await make({ title: 'Contract', type: 'text', requiredForAgents: true })).body, 'ticketField', 'id'));
    expect(faulty(await bot.call('POST', `${BASE}/tickets`, { ticket: { subject: 'x' } }))).toEqual([`customFields.${needed}`]);
    await created({ customFields: [{ id: needed, value: 'C' }] });
  });

  test('options are added and taken away one by one', async () => {
    const options = `${BASE}/ticket_fields/cf_abc/options`;
    const added = await bot.call('POST', options, { option: { value: 'Trial' } });
    expect([added.status, at(added.body, 'option', 'value')]).toEqual([201, 'Trial']);
    expect(list((await bot.call('GET', options)).body, 'options').map((option) => at(option, 'value'))).toEqual(['Free', 'Pro', 'Enterprise', 'Trial']);
    expect((await bot.call('DELETE', `${options}/${String(at(added.body, 'option', 'id'))}`)).status).toBe(204);
    expect(code(await bot.call('DELETE', `${options}/opt_none`))).toEqual([404, 'NOT_FOUND']);
    expect(list((await bot.call('GET', `${BASE}/ticket_fields/cf_abc`)).body, 'ticketField', 'options')).toHaveLength(3);
  });
});

describe('messages', () => {
  const post = (client: Client, message: object): Promise<Answer> => client.call('POST', MESSAGES, message);
  const upload = async (client: { readonly headers: Record<string, string> }, name: string, text: string): Promise<Response> => {
    const form = new FormData();
    form.set('file', new Blob([text], { type: 'text/plain' }), name);
    return fetch(desk.url + FILES, { method: 'POST', headers: client.headers, body: form });
  };

  test('are read by a viewer and written by an agent', async () => {
    const id = await created();
    expect((await post(session, { ticket_id: id, type: 'note', content: 'x' })).status).toBe(201);
    expect((await viewer.call('GET', `${MESSAGES}?ticket_id=${id}`)).status).toBe(200);
    expect(code(await post(viewer, { ticket_id: id, type: 'note', content: 'x' }))).toEqual([403, 'FORBIDDEN']);
  });

  test('are mailed by default where they are responses, and not when told not to', async () => {
    const id = await created();
    await post(session, { ticket_id: id, type: 'note', content: 'a' });
    await post(session, { ticket_id: id, type: 'response', content: 'b', send_email: false });
    expect(at(desk.state(), 'counts', 'mailed')).toBe(0);
    await post(session, { ticket_id: id, type: 'response', content: 'c' });
    expect(list(at(desk.state(), 'tickets', 0), 'comments').map((message) => at(message, 'mailed'))).toEqual([false, false, true]);
    expect(faulty(await post(session, { ticket_id: id, type: 'response', content: 'd', send_email: 'no', ccs: ['x'], attachments: [{ token: 'none' }] }))).toEqual(['send_email', 'attachments', 'ccs']);
  });

  test('carry ccs and files by token, which any user fetches and nobody else', async () => {
    const id = await created();
    const authorization = `Bearer ${desk.human['session_token'] ?? ''}`;
    const answer = await upload({ headers: { authorization } }, 'grüße.txt', 'Hallo');
    const attachment = at(await answer.json(), 'attachment');
    expect([answer.status, attachment]).toEqual([201, { token: expect.any(String), name: 'grüße.txt', size: 5 }]);
    const said = await post(session, { ticket_id: id, type: 'response', content: 'See', attachments: [attachment], ccs: [{ email: 'dora@customer.example', name: 'Dora' }], send_email: false });
    expect(said.body).toMatchObject({ message: { ccs: [{ email: 'dora@customer.example', name: 'Dora' }], attachments: [{ name: 'grüße.txt', size: 5, contentType: 'text/plain' }] } });
    const link = String(at(said.body, 'message', 'attachments', 0, 'url'));
    expect((await viewer.call('GET', link)).text).toBe('Hallo');
    expect((await bot.call('GET', link)).status).toBe(401);
    expect(code(await viewer.call('GET', `${FILES}/none`))).toEqual([404, 'NOT_FOUND']);
    expect((await session.call('POST', FILES, { no: 'form' })).status).toBe(400);
  });
});

describe('switches', () => {
  const after = async (query: string): Promise<unknown> => (await bot.call('GET', `${BASE}/tickets?${query}`)).body;

  test('paging: each page of the vendor’s for itself, and the other’s parameters mean nothing', async () => {
    for (let n = 0; n < 3; n += 1) await created();
    desk.settings({ paging: 'tickets' });
    const plain = await after('page_size=2&page[size]=1');
    expect(plain).toMatchObject({ meta: { pageSize: 2, hasMore: true }, links: { next: expect.stringMatching(/^\/api\/v1\/tickets\?.*after=/) } });
    expect(at(plain, 'meta')).not.toHaveProperty('afterCursor');
    desk.settings({ paging: 'pagination' });
    const modern = await after('page_size=2&page[size]=1');
    expect(modern).toMatchObject({ meta: { hasMore: true, afterCursor: expect.any(String) }, links: { next: expect.stringContaining('page%5Bafter%5D='), prev: null } });
    expect(list(modern, 'tickets')).toHaveLength(1);
    expect(at(modern, 'meta')).not.toHaveProperty('pageSize');
    const again = await after(`page[size]=1&after=${String(at(modern, 'meta', 'afterCursor'))}`);
    expect(at(again, 'tickets', 0, 'id')).toBe(at(modern, 'tickets', 0, 'id'));
  });

  test('error_envelope: the same codes in three forms', async () => {
    desk.settings({ error_envelope: 'flat' });
    expect((await bot.call('GET', `${BASE}/tickets/tkt_none`)).body).toEqual({ code: 'NOT_FOUND', message: 'Ticket not found' });
    expect((await bot.call('POST', `${BASE}/tickets`, { ticket: {} })).body).toMatchObject({ code: 'VALIDATION_ERROR', details: [{ field: 'subject' }] });
    desk.settings({ error_envelope: 'word' });
    expect((await clientOf(desk.url).call('GET', `${BASE}/tickets`)).body).toMatchObject({ error: 'INVALID_API_KEY', message: expect.any(String) });
    desk.faults({ kind: 'status', status: 500, times: 1 });
    expect((await bot.call('GET', `${BASE}/tickets`)).body).toMatchObject({ error: 'INTERNAL_ERROR' });
  });

  test('update_answer and message_envelope: what the vendor does not say', async () => {
    const id = await created();
    const update = (): Promise<Answer> => bot.call('PUT', `${BASE}/tickets/${id}`, { ticket: { priority: 'low' } });
    desk.settings({ update_answer: 'empty', message_envelope: 'bare' });
    expect((await update()).text).toBe('');
    expect((await session.call('POST', MESSAGES, { ticket_id: id, type: 'note', content: 'x' })).body).toMatchObject({ type: 'note' });
    expect((await session.call('GET', `${MESSAGES}?ticket_id=${id}`)).body).toMatchObject([{ type: 'note' }]);
    desk.settings({ update_answer: 'bare', message_envelope: 'data' });
    expect((await update()).body).toMatchObject({ id, priority: 'low' });
    expect((await session.call('GET', `${MESSAGES}?ticket_id=${id}`)).body).toMatchObject({ data: [{ type: 'note' }] });
  });

  test('message_moves_ticket: off, a message is seen by nobody who looks at tickets', async () => {
    desk.settings({ message_moves_ticket: false });
    await bot.call('POST', `${BASE}/webhooks`, { webhook: { name: 'x', targetUrl: receiver.url, events: ['ticket.updated'] } });
    const id = await created();
    const before = at((await bot.call('GET', `${BASE}/tickets/${id}`)).body, 'ticket', 'updatedAt');
    await session.call('POST', MESSAGES, { ticket_id: id, type: 'note', content: 'x' });
    expect(at((await bot.call('GET', `${BASE}/tickets/${id}`)).body, 'ticket', 'updatedAt')).toBe(before);
    expect(at(desk.state(), 'deliveries', 'attempts')).toBe(0);
  });

  test('session_minutes: a session ends, a key does not', async () => {
    const id = await created();
    desk.settings({ session_minutes: 10 });
    expect((await session.call('GET', `${MESSAGES}?ticket_id=${id}`)).status).toBe(200);
    desk.settings({ clock_offset_ms: 11 * 60_000 });
    expect(code(await session.call('GET', `${MESSAGES}?ticket_id=${id}`))).toEqual([401, 'UNAUTHORIZED']);
    expect((await bot.call('GET', `${BASE}/tickets`)).status).toBe(200);
  });

  test('rate_limit: each key has its own minute', async () => {
    desk.settings({ rate_limit: 2 });
    for (let n = 0; n < 2; n += 1) expect((await bot.call('GET', `${BASE}/tickets`)).status).toBe(200);
    const limited = await bot.call('GET', `${BASE}/tickets`);
    expect([...code(limited), Number(limited.headers.get('retry-after'))]).toEqual([429, 'RATE_LIMITED', expect.any(Number)]);
    expect((await human.call('GET', `${BASE}/tickets`)).status).toBe(200);
    desk.settings({ clock_offset_ms: 61_000 });
    expect((await bot.call('GET', `${BASE}/tickets`)).status).toBe(200);
  });

  test('require_https: as the vendor says', async () => {
    desk.settings({ require_https: true });
    const hook = (targetUrl: string): Promise<Answer> => bot.call('POST', `${BASE}/webhooks`, { webhook: { name: 'x', targetUrl, events: ['ticket.created'] } });
    expect(faulty(await hook(receiver.url))).toEqual(['targetUrl']);
    expect((await hook('https://mesh.example/hook')).status).toBe(201);
  });

  test('webhook_signature and webhook_envelope: other forms of the same event', async () => {
    const made = await bot.call('POST', `${BASE}/webhooks`, { webhook: { name: 'x', targetUrl: receiver.url, events: ['ticket.created'] } });
    const secret = String(at(made.body, 'webhook', 'signingSecret'));
    const sent = async (switches: object) => {
      desk.settings({ ...switches });
      const before = receiver.received.length;
      const id = await created();
      const delivery = (await receiver.until(before + 1))[before];
      if (delivery === undefined) throw new Error('nothing was sent');
      return { id, ...delivery };
    };
    const hmac = (text: string): string => createHmac('sha256', secret).update(text).digest('hex');

    const stripe = await sent({ webhook_signature: 'stripe', webhook_envelope: 'thin' });
    const [, time = '', digest] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(stripe.headers['airclou-signature'])) ?? [];
    expect(digest).toBe(hmac(`${time}.${stripe.raw}`));
    expect(stripe.body).toEqual({ id: expect.stringMatching(/^evt_/), type: 'ticket.created', createdAt: expect.any(String), data: { ticketId: stripe.id } });

    const flat = await sent({ webhook_signature: 'hmac', webhook_envelope: 'flat' });
    expect(flat.headers['x-webhook-signature']).toBe(`sha256=${hmac(flat.raw)}`);
    expect(flat.body).toMatchObject({ event: 'ticket.created', sentAt: expect.any(String), id: flat.id, subject: 'Cannot log in' });

    const bare = await sent({ webhook_signature: 'none' });
    expect(Object.keys(bare.headers).filter((name) => /signature|webhook-/.test(name))).toEqual([]);
    await untilState(bot, (state) => at(state, 'deliveries', 'waiting') === 0);
  });

  test('that do not exist are refused, also from code', () => {
    expect(() => desk.settings({ paging: 'numbers' })).toThrow('bad settings');
    expect(() => desk.settings({ no_such_switch: 1 })).toThrow('no_such_switch');
  });
});
