/** The fake HelpSpace's one webhook: set up, fired, failing and switching itself off. */
import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';
import { at, clientOf, list, openReceiver, untilState, type Answer, type Client, type Delivery, type Receiver } from './sandbox-support.ts';

let desk: SandboxDesk;
let bot: Client;
let receiver: Receiver;

const V1 = '/api/v1';
const ALL = ['created', 'assigned', 'deleted', 'status_updated', 'channel_updated', 'tags_updated', 'customer_message_created', 'agent_message_created', 'note_created'];

beforeAll(async () => {
  [desk] = (await startSandbox({ only: ['helpspace'] })) as [SandboxDesk];
  const { token = '', client_id: client = '' } = desk.credentials;
  bot = clientOf(desk.url, { authorization: `Bearer ${token}`, 'hs-client-id': client });
  receiver = await openReceiver();
});
afterEach(() => desk.reset());
afterAll(async () => {
  await desk.close();
  await receiver.close();
});

const update = (webhooks: object): Promise<Answer> => bot.call('POST', `${V1}/webhook`, { webhooks });
const hook = async (): Promise<unknown> => at((await bot.call('GET', `${V1}/webhook`)).body, 'data');
const subscribe = (events: readonly string[] = ALL, more: object = {}): Promise<Answer> =>
  update({ enabled: true, url: receiver.url, trigger: { ticket: Object.fromEntries(events.map((event) => [event, true])) }, ...more });
const created = async (more: object = {}): Promise<string> => {
  const body = { subject: 'Name', channel: { id: 1 }, from_contact: { email: 'sam@smith.example' }, message: { body: '<p>Hi.</p>' }, ...more };
  return String(at((await bot.call('POST', `${V1}/tickets`, body)).body, 'data', 'id'));
};
const after = async (before: number, count: number): Promise<readonly Delivery[]> => (await receiver.until(before + count)).slice(before);
const set = (settings: object): Promise<Answer> => bot.call('POST', '/__sandbox/settings', settings);

describe('the object', () => {
  test('is one, and there before anybody set it up', async () => {
    expect(await hook()).toMatchObject({ version: 'V1', headers: [], enabled: false, failed_count: 0, url: null, secret: expect.stringMatching(/^\S{20}$/), trigger: { ticket: { created: false }, customer: {}, tag: {} } });
    const answer = await subscribe(['created'], { headers: [{ key: 'X-MY-CUSTOM-HEADER', value: 'my custom test value' }], secret: 'known' });
    expect([answer.status, at(answer.body, 'data')]).toEqual([201, await hook()]);
    expect(await hook()).toMatchObject({ enabled: true, url: receiver.url, secret: 'known', headers: [{ key: 'X-MY-CUSTOM-HEADER' }], trigger: { ticket: { created: true, deleted: false } } });
  });

  test('changes only where it is named, inside its triggers as well', async () => {
    await subscribe(['created', 'deleted'], { secret: 'known' });
    await update({ trigger: { ticket: { created: false, no_such: true }, tag: { created: true } } });
    expect(await hook()).toMatchObject({ enabled: true, secret: 'known', url: receiver.url, trigger: { ticket: { created: false, deleted: true }, tag: { created: true } } });
    expect(at(await hook(), 'trigger', 'ticket')).not.toHaveProperty('no_such');
  });

  test('is wrapped in webhooks when it is written, and refused where it makes no sense', async () => {
    expect((await bot.call('POST', `${V1}/webhook`, { enabled: true })).body).toMatchObject({ errors: { webhooks: ['The webhooks field is required.'] } });
    const wrong = await update({ url: 'ftp://x', enabled: 'yes', headers: [{ key: 'a b', value: 'x' }, 'x'], trigger: 'all' });
    expect([wrong.status, Object.keys(at(wrong.body, 'errors') as object)]).toEqual([422, ['webhooks.url', 'webhooks.enabled', 'webhooks.headers.0', 'webhooks.headers.1', 'webhooks.trigger']]);
    expect(await hook()).toMatchObject({ url: null });
  });

  test('one that is set up by hand replaces it', async () => {
    await subscribe(['created']);
    const answer = await bot.call('POST', '/__sandbox/webhook', { url: `${receiver.url}/other`, secret: 'by hand', headers: { 'X-Mine': 'yes' } });
    expect(at(answer.body, 'webhook')).toMatchObject({ url: `${receiver.url}/other`, secret: 'by hand', headers: [{ key: 'X-Mine', value: 'yes' }], trigger: { ticket: { note_created: true }, tag: { deleted: true } } });
  });
});

describe('deliveries', () => {
  test('each change that has a trigger fires, the others do not', async () => {
    await subscribe();
    const before = receiver.received.length;
    const id = await created({ assignee: { id: 2 } });
    const path = `${V1}/tickets/${id}`;
    for (const body of [{ subject: 'Silent' }, { team: { id: 1 } }, { from_contact: { email: 'x@y.example' } }, { custom_fields: { plan: 'Pro' } }, { status: 'open' }]) await bot.call('PATCH', path, body);
    await bot.call('PATCH', path, { assignee: null, status: 'waiting', tags: ['Bug'], channel: { id: 2 } });
    const message = { subject: 's', body: 'b', from_contact: { email: 'ben@example.com' } };
    await bot.call('POST', `${path}/messages`, message);
    await bot.call('POST', `${path}/messages`, { ...message, type: 'internal' });
    await bot.call('POST', `${path}/messages`, { ...message, from_contact: { email: 'sam@smith.example' } });
    await bot.call('DELETE', path);
    const bodies = (await after(before, 10)).map(({ body }) => body);
    expect(bodies.map((body) => String(at(body, 'event'))).sort()).toEqual(
      ['ticket.created', 'ticket.assigned', 'ticket.assigned', 'ticket.status_updated', 'ticket.tags_updated', 'ticket.channel_updated', 'ticket.agent_message_created', 'ticket.note_created', 'ticket.customer_message_created', 'ticket.deleted'].sort(),
    );
    for (const body of bodies) expect(String(at(body, 'data', 'id'))).toBe(id);
    expect(at(bodies.find((body) => at(body, 'event') === 'ticket.deleted'), 'data', 'deleted_at')).toEqual(expect.any(String));
    await untilState(bot, (state) => at(state, 'deliveries', 'waiting') === 0);
    expect(receiver.received).toHaveLength(before + 10);
  });

  test('customers and tags have triggers of their own', async () => {
    const yes = { created: true, updated: true, deleted: true };
    await update({ enabled: true, url: receiver.url, trigger: { customer: yes, tag: yes } });
    const before = receiver.received.length;
    const customer = String(at((await bot.call('POST', `${V1}/customers`, { name: 'A', email: 'a@b.example' })).body, 'data', 'id'));
    await bot.call('PATCH', `${V1}/customers/${customer}`, { name: 'B' });
    await bot.call('DELETE', `${V1}/customers/${customer}`);
    const tag = String(at((await bot.call('POST', `${V1}/tags`, { name: 'x' })).body, 'data', 'id'));
    await bot.call('PATCH', `${V1}/tags/${tag}`, { name: 'y' });
    await bot.call('DELETE', `${V1}/tags/${tag}`);
    const events = (await after(before, 6)).map(({ body }) => String(at(body, 'event')));
    expect(events.sort()).toEqual(['customer.created', 'customer.deleted', 'customer.updated', 'tag.created', 'tag.deleted', 'tag.updated']);
  });

  test('custom headers go along, and a hash of the payload in the form that is switched to', async () => {
    await subscribe(['created'], { secret: 'the secret', headers: [{ key: 'X-Deskmesh-Secret', value: 'a value' }] });
    const before = receiver.received.length;
    await created();
    await set({ webhook_signature_header: 'X-Hash', webhook_signature_encoding: 'base64', webhook_event: 'header' });
    await created();
    await set({ webhook_event: 'none' });
    await created();
    const [first, second, third] = (await after(before, 3)).toSorted((a, b) => Number(at(a.body, 'data', 'id')) - Number(at(b.body, 'data', 'id')));
    expect(first?.headers).toMatchObject({ 'x-deskmesh-secret': 'a value', signature: createHmac('sha256', 'the secret').update(first?.raw ?? '').digest('hex') });
    expect(second?.headers).toMatchObject({ 'x-helpspace-event': 'ticket.created', 'x-hash': createHmac('sha256', 'the secret').update(second?.raw ?? '').digest('base64') });
    expect(Object.keys((third?.body ?? {}) as object)).toEqual(['data']);
    expect(third?.headers).not.toHaveProperty('x-helpspace-event');
  });

  test('a failure is counted, logged and tried again; too many switch it off, and switching it on begins anew', async () => {
    await subscribe(['created']);
    await set({ webhook_retry_ms: [0, 0], webhook_failures_allowed: 4 });
    receiver.answerWith({ status: 500 }, { status: 404 });
    const before = receiver.received.length;
    await created();
    await after(before, 3);
    await untilState(bot, (state) => at(state, 'deliveries', 'waiting') === 0);
    expect(await hook()).toMatchObject({ enabled: true, failed_count: 2 });
    const log = (await bot.call('GET', `${V1}/webhook/logs`)).body;
    expect(list(log, 'data').map((row) => at(row, 'properties', 'status_code'))).toEqual([404, 500]);
    expect(at(log, 'data', 0)).toEqual({ created_at: expect.any(String), description: 'Webhook failed', properties: { status_code: 404, response_body: '', webhook_url: receiver.url } });
    receiver.answerWith({ status: 500 }, { status: 500 });
    await created();
    await untilState(bot, (state) => at(state, 'deliveries', 'given_up') === 1);
    expect(await hook()).toMatchObject({ enabled: false, failed_count: 4 });
    const silent = receiver.received.length;
    await created();
    await untilState(bot, (state) => at(state, 'deliveries', 'waiting') === 0);
    expect(receiver.received).toHaveLength(silent);
    await update({ enabled: true });
    expect(await hook()).toMatchObject({ enabled: true, failed_count: 0 });
  });
});
