/** The fake Zendesk's event webhooks: management, bodies, signatures, retries. */
import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';
import { at, openReceiver, untilState, zendeskClient, type Receiver, type ZendeskClient } from './sandbox-support.ts';

let desk: SandboxDesk;
let client: ZendeskClient;
let receiver: Receiver;

beforeAll(async () => {
  [desk] = (await startSandbox({ only: ['zendesk'] })) as [SandboxDesk];
  client = zendeskClient(desk);
  receiver = await openReceiver();
});
afterEach(() => desk.reset());
afterAll(async () => {
  await desk.close();
  await receiver.close();
});

describe('webhooks', () => {
  const subscribe = async (...types: readonly string[]): Promise<string> => {
    const webhook = {
      name: 'Mirror', endpoint: receiver.url, http_method: 'POST', request_format: 'json', status: 'active',
      subscriptions: types.map((type) => `zen:event-type:ticket.${type}`),
      authentication: { type: 'bearer_token', data: { token: 'deep-secret' }, add_position: 'header' },
    };
    const answer = await client.bot.call('POST', '/api/v2/webhooks', { webhook });
    expect([answer.status, answer.text.includes('deep-secret')]).toEqual([201, false]);
    return String(at(answer.body, 'webhook', 'id'));
  };

  test('are made, listed, changed, deleted, and tell their signing secret', async () => {
    const id = await subscribe('created');
    expect(id).toMatch(/^[0-9A-Z]{26}$/);
    expect((await client.bot.call('GET', '/api/v2/webhooks')).body).toMatchObject({ webhooks: [{ id, status: 'active' }], meta: { has_more: false } });
    expect((await client.bot.call('PATCH', `/api/v2/webhooks/${id}`, { webhook: { name: 'Other' } })).status).toBe(204);
    expect(at((await client.bot.call('GET', `/api/v2/webhooks/${id}`)).body, 'webhook', 'name')).toBe('Other');
    expect((await client.bot.call('GET', `/api/v2/webhooks/${id}/signing_secret`)).body).toMatchObject({ signing_secret: { secret: expect.stringMatching(/^.{44}$/), algorithm: 'SHA256' } });
    expect((await client.bot.call('DELETE', `/api/v2/webhooks/${id}`)).status).toBe(204);
    expect((await client.bot.call('POST', '/api/v2/webhooks', { webhook: { name: 'x' } })).body).toMatchObject({ errors: [{ code: 'InvalidWebhook' }] });
  });

  test('one save is several signed events of one sequence; only subscribed types are sent', async () => {
    const id = await subscribe('status_changed', 'priority_changed', 'agent_assignment_changed', 'comment_added');
    const secret = String(at((await client.bot.call('GET', `/api/v2/webhooks/${id}/signing_secret`)).body, 'signing_secret', 'secret'));
    const before = receiver.received.length;
    const ticket = await client.created();
    await receiver.until(before + 1);
    await client.human.call('PUT', `/api/v2/tickets/${ticket}`, { ticket: { priority: 'urgent', assignee_id: 8447388091518, comment: { body: 'Mine', public: false } } });
    const deliveries = (await receiver.until(before + 5)).slice(before + 1);
    const bodies = deliveries.map(({ body }) => body).sort((a, b) => Number(at(a, 'event', 'meta', 'sequence', 'position')) - Number(at(b, 'event', 'meta', 'sequence', 'position')));
    expect(bodies.map((body) => at(body, 'type'))).toEqual(
      ['status_changed', 'priority_changed', 'agent_assignment_changed', 'comment_added'].map((type) => `zen:event-type:ticket.${type}`),
    );
    expect(new Set(bodies.map((body) => at(body, 'event', 'meta', 'sequence', 'id'))).size).toBe(1);
    expect(bodies[0]).toMatchObject({
      subject: `zen:ticket:${ticket}`,
      event: { previous: 'NEW', current: 'OPEN' },
      detail: { id: String(ticket), status: 'OPEN', priority: 'URGENT', actor_id: '8447388091006', assignee_id: '8447388091518' },
    });
    expect(String(at(bodies[0], 'time'))).toMatch(/\.\d{9}Z$/);
    expect(at(bodies[3], 'event', 'comment')).toMatchObject({ body: 'Mine', is_public: false, author: { id: '8447388091006', is_staff: true } });
    for (const { headers, raw } of deliveries) {
      const timestamp = String(headers['x-zendesk-webhook-signature-timestamp']);
      expect(headers['x-zendesk-webhook-signature']).toBe(createHmac('sha256', secret).update(timestamp + raw).digest('base64'));
      expect(headers).toMatchObject({ 'x-zendesk-webhook-id': id, 'user-agent': 'Zendesk Webhook', authorization: 'Bearer deep-secret' });
      expect(raw.startsWith('{\n   "type"') && raw.endsWith('}\n')).toBe(true);
    }
  });

  test('the whole life of a ticket is told to a webhook that is set up by hand', async () => {
    const secret = 'hand-made-secret';
    expect((await client.bot.call('POST', '/__sandbox/webhook', { url: receiver.url, secret })).status).toBe(200);
    const before = receiver.received.length;
    const id = await client.created();
    await client.update(id, { subject: 'New', tags: ['x'], type: 'task', due_at: '2030-01-01', external_id: 'E', requester: { name: 'Cora', email: 'cora@example.com' } });
    await client.bot.call('PUT', `/api/v2/tickets/${id}/comments/${String(at((await client.comments(id))[0], 'id'))}/make_private`);
    await client.bot.call('DELETE', `/api/v2/tickets/${id}`);
    await client.bot.call('PUT', `/api/v2/deleted_tickets/${id}/restore`);
    await client.bot.call('DELETE', `/api/v2/tickets/${id}`);
    await client.bot.call('DELETE', `/api/v2/deleted_tickets/${id}`);
    const types = (await receiver.until(before + 13)).slice(before).map(({ body }) => String(at(body, 'type')).replace('zen:event-type:ticket.', ''));
    expect(types.sort()).toEqual(
      ['created', 'comment_added', 'subject_changed', 'tags_changed', 'type_changed', 'task_due_at_changed', 'external_id_changed', 'requester_changed',
        'comment_made_private', 'soft_deleted', 'undeleted', 'soft_deleted', 'permanently_deleted'].sort(),
    );
  });

  test('503 with a short Retry-After is tried again under the same invocation with a new signature, 500 is final', async () => {
    await subscribe('created');
    const before = receiver.received.length;
    receiver.answerWith({ status: 503, headers: { 'retry-after': '0' } });
    await client.created();
    const [first, second] = (await receiver.until(before + 2)).slice(before);
    expect(second?.raw).toBe(first?.raw);
    expect(second?.headers['x-zendesk-webhook-invocation-id']).toBe(first?.headers['x-zendesk-webhook-invocation-id']);
    receiver.answerWith({ status: 500 });
    await client.created();
    const state = await untilState(client.bot, (seen) => at(seen, 'deliveries', 'given_up') === 1);
    expect(at(state, 'deliveries')).toMatchObject({ attempts: 3, delivered: 1, waiting: 0 });
  });
});
