/** The fake Freshdesk's automation-rule webhooks: bodies, triggers, headers, retries. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';
import { at, basic, clientOf, openReceiver, untilState, type Answer, type Client, type Receiver } from './sandbox-support.ts';

let desk: SandboxDesk;
let bot: Client;
let receiver: Receiver;

beforeAll(async () => {
  [desk] = (await startSandbox({ only: ['freshdesk'] })) as [SandboxDesk];
  bot = clientOf(desk.url, basic(`${String(desk.credentials['key'])}:X`));
  receiver = await openReceiver();
});
afterEach(() => desk.reset());
afterAll(async () => {
  await desk.close();
  await receiver.close();
});

const created = async (ticket: object = {}): Promise<number> => {
  const body = { subject: 'Printer', description: 'On fire', status: 2, priority: 1, email: 'cora@example.com', ...ticket };
  return Number(at((await bot.call('POST', '/api/v2/tickets', body)).body, 'id'));
};
const update = (id: number, patch: object): Promise<Answer> => bot.call('PUT', `/api/v2/tickets/${id}`, patch);
const note = (id: number, fields: object): Promise<Answer> => bot.call('POST', `/api/v2/tickets/${id}/notes`, fields);

describe('webhooks', () => {
  const install = (more: object = {}): Promise<Answer> => bot.call('POST', '/__sandbox/webhook', { url: receiver.url, ...more });
  const triggered = (body: unknown): unknown => at(body, 'freshdesk_webhook', 'triggered_event');

  test('carry labels, comma tags and brace texts, our headers and no signature', async () => {
    await install({ headers: { 'X-Mine': 'yes' }, secret: 's3cret' });
    const before = receiver.received.length;
    const id = await created({ tags: ['a', 'b'], due_by: '2035-03-23T22:06:00Z', fr_due_by: '2035-03-23T22:06:00Z' });
    const delivery = (await receiver.until(before + 1))[before];
    expect(delivery?.headers).toMatchObject({ 'x-mine': 'yes', 'x-deskmesh-secret': 's3cret', 'content-type': 'application/json' });
    expect(delivery?.body).toMatchObject({
      freshdesk_webhook: {
        ticket_id: id, ticket_status: 'Open', ticket_priority: 'Low', ticket_tags: 'a, b', ticket_due_by_time: 'March 23 2035 at 10:06 PM',
        ticket_requester_email: 'cora@example.com', triggered_event: '{ticket_action:created}',
      },
    });
  });

  test('report the first change only; edits and deletions of notes and restored tickets are not told', async () => {
    await install();
    const before = receiver.received.length;
    const id = await created();
    await update(id, { priority: 4, status: 6, subject: 'New' });
    await update(id, { subject: 'Newer' });
    await update(id, { subject: 'Newer' });
    const noteId = String(at((await note(id, { body: 'x', private: false })).body, 'id'));
    await bot.call('PUT', `/api/v2/conversations/${noteId}`, { body: 'y' });
    await bot.call('DELETE', `/api/v2/conversations/${noteId}`);
    await note(id, { body: 'x' });
    await bot.call('POST', `/api/v2/tickets/${id}/reply`, { body: 'z' });
    await bot.call('DELETE', `/api/v2/tickets/${id}`);
    await bot.call('PUT', `/api/v2/tickets/${id}/restore`);
    await untilState(bot, (state) => at(state, 'deliveries', 'waiting') === 0);
    expect(receiver.received.slice(before).map(({ body }) => String(triggered(body))).sort()).toEqual(
      ['{ticket_action:created}', '{status:{from:2,to:6}}', '{ticket_action:update}', '{note_type:public}', '{note_type:private}', '{reply_sent:sent}', '{ticket_action:delete}'].sort(),
    );
  });

  test('are tried again on anything but 2xx', async () => {
    await install();
    await bot.call('POST', '/__sandbox/settings', { webhook_retry_ms: [0, 0] });
    const before = receiver.received.length;
    receiver.answerWith({ status: 500 }, { status: 404 });
    await created();
    const deliveries = (await receiver.until(before + 3)).slice(before);
    expect(new Set(deliveries.map(({ raw }) => raw)).size).toBe(1);
  });
});
