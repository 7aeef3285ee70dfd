/** The fake Zendesk's configuration, its OAuth, its triggers and the budgets of its endpoints. */
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';
import { at, basic, clientOf, list, openReceiver, zendeskClient, type Client, type ZendeskClient } from './sandbox-support.ts';

let desk: SandboxDesk;
let client: ZendeskClient;
const CLIENT = { client_id: 'deskmesh_sandbox', client_secret: 'sandbox-zendesk-client-secret' };

beforeAll(async () => {
  [desk] = (await startSandbox({ only: ['zendesk'] })) as [SandboxDesk];
  client = zendeskClient(desk);
});
afterEach(() => desk.reset());
afterAll(() => desk.close());

const bearer = (token: unknown): Client => clientOf(desk.url, { authorization: `Bearer ${String(token)}` });
const grant = (body: object) => clientOf(desk.url).call('POST', '/oauth/tokens', { ...CLIENT, ...body });

describe('OAuth', () => {
  test('a refresh gives a new pair and kills the old one, both halves', async () => {
    expect((await bearer('sandbox-zendesk-access-token').call('GET', '/api/v2/tickets')).status).toBe(200);
    const first = await grant({ grant_type: 'refresh_token', refresh_token: 'sandbox-zendesk-refresh-token' });
    expect([first.status, first.body]).toMatchObject([200, { token_type: 'bearer', scope: 'read write', expires_in: 1_800 }]);
    expect((await bearer('sandbox-zendesk-access-token').call('GET', '/api/v2/tickets')).body).toMatchObject({ error: 'invalid_token' });
    const again = await grant({ grant_type: 'refresh_token', refresh_token: 'sandbox-zendesk-refresh-token' });
    expect([again.status, at(again.body, 'error')]).toEqual([400, 'invalid_grant']);
    const renewed = bearer(at(first.body, 'access_token'));
    expect(at((await renewed.call('GET', '/api/v2/users/me')).body, 'user', 'email')).toBe('bot@example.com');
    await client.bot.call('POST', '/__sandbox/settings', { clock_offset_ms: 31 * 60_000 });
    expect((await renewed.call('GET', '/api/v2/tickets')).status).toBe(401);
    expect((await grant({ grant_type: 'refresh_token', refresh_token: at(first.body, 'refresh_token') })).status).toBe(200);
  });

  test('a code is good once, a client may act for itself, a stranger gets nothing', async () => {
    const redirect = 'https://app.example/back';
    const page = await fetch(`${desk.url}/oauth/authorizations/new?response_type=code&client_id=${CLIENT.client_id}&redirect_uri=${encodeURIComponent(redirect)}&scope=read&state=s1`, { redirect: 'manual' });
    const target = new URL(page.headers.get('location') ?? '');
    expect([page.status, target.origin, target.searchParams.get('state')]).toEqual([302, 'https://app.example', 's1']);
    const code = { grant_type: 'authorization_code', code: target.searchParams.get('code'), redirect_uri: redirect };
    const granted = await grant(code);
    expect(at(granted.body, 'scope')).toBe('read');
    expect(at((await grant(code)).body, 'error')).toBe('invalid_grant');
    const reader = bearer(at(granted.body, 'access_token'));
    expect((await reader.call('GET', '/api/v2/tickets')).status).toBe(200);
    const denied = await reader.call('POST', '/api/v2/tickets', { ticket: { comment: { body: 'x' } } });
    expect([denied.status, at(denied.body, 'description')]).toEqual([403, 'Missing the following required scopes: write']);
    const own = await grant({ grant_type: 'client_credentials', scope: 'tickets:write' });
    expect(at(own.body, 'refresh_token')).toBeUndefined();
    expect((await bearer(at(own.body, 'access_token')).call('POST', '/api/v2/tickets', { ticket: { comment: { body: 'x' } } })).status).toBe(201);
    expect((await clientOf(desk.url).call('POST', '/oauth/tokens', { ...CLIENT, client_secret: 'guess', grant_type: 'client_credentials' })).status).toBe(401);
  });

  test('an unknown scope yields a token that may do nothing; a token can be revoked', async () => {
    const odd = bearer(at((await grant({ grant_type: 'client_credentials', scope: 'everything' })).body, 'access_token'));
    expect((await odd.call('GET', '/api/v2/tickets')).status).toBe(403);
    const token = bearer('sandbox-zendesk-access-token');
    expect(at((await token.call('GET', '/api/v2/oauth/tokens/current')).body, 'token', 'scopes')).toEqual(['read', 'write']);
    expect((await token.call('DELETE', '/api/v2/oauth/tokens/current')).status).toBe(204);
    expect((await token.call('GET', '/api/v2/tickets')).status).toBe(401);
  });
});

describe('fields and statuses', () => {
  test('each type of field takes what fits it', async () => {
    const set = (id: number, value: unknown) => client.create({ custom_fields: [{ id, value }] });
    const value = async (id: number, given: unknown): Promise<unknown> => {
      const fields = list((await set(id, given)).body, 'ticket', 'custom_fields');
      return at(fields.find((one) => at(one, 'id') === id), 'value');
    };
    expect(await value(8447346600104, '12')).toBe(12);
    expect(await value(8447346600105, '1.5')).toBe(1.5);
    expect(await value(8447346600106, '2026-02-03T00:00:00Z')).toBe('2026-02-03');
    expect(await value(8447346600107, ['hall', 'nowhere', 'cold_store'])).toEqual(['hall', 'cold_store']);
    expect(await value(8447346600103, 'true')).toBe(true);
    expect(await value(8447346600109, 'AB1234')).toBe('AB1234');
    for (const [id, bad] of [[8447346600104, 'twelve'], [8447346600106, 'soon'], [8447346600109, 'x']] as const) {
      expect(at((await set(id, bad)).body, 'details', 'base', 0)).toMatchObject({ error: 'InvalidValue', ticket_field_id: id });
    }
  });

  test('a dropdown and the ticket’s tags follow each other', async () => {
    const plan = async (id: number): Promise<unknown> => at(list(await client.show(id), 'custom_fields').find((one) => at(one, 'id') === 8447346600102), 'value');
    const id = await client.created({ tags: ['a'], custom_fields: [{ id: 8447346600102, value: 'pro' }] });
    expect(at(await client.show(id), 'tags')).toEqual(['a', 'pro']);
    await client.update(id, { tags: ['a', 'free'] });
    expect(await plan(id)).toBe('free');
    await client.update(id, { tags: ['a'] });
    expect(await plan(id)).toBeNull();
  });

  test('a field that is needed to solve a ticket keeps it from being solved', async () => {
    const made = await client.bot.call('POST', '/api/v2/ticket_fields', { ticket_field: { type: 'tagger', title: 'Cause', required: true, custom_field_options: [{ name: 'Wear', value: 'wear' }] } });
    const field = Number(at(made.body, 'ticket_field', 'id'));
    const id = await client.created();
    const refused = await client.update(id, { status: 'solved' });
    expect([refused.status, at(refused.body, 'details', 'base', 0)]).toEqual([
      422,
      { description: 'Cause: is required when solving a ticket', error: null, ticket_field_id: field, ticket_field_type: 'FieldTagger' },
    ]);
    expect((await client.update(id, { status: 'solved', custom_fields: [{ id: field, value: 'wear' }] })).status).toBe(200);
    expect((await client.human.call('DELETE', `/api/v2/ticket_fields/${field}`)).status).toBe(403);
    expect((await client.bot.call('DELETE', `/api/v2/ticket_fields/${field}`)).status).toBe(204);
  });

  test('a status of the account’s own brings its category along, a category its default', async () => {
    const statuses = list((await client.bot.call('GET', '/api/v2/custom_statuses?status_categories=pending')).body, 'custom_statuses');
    const waiting = statuses.find((one) => at(one, 'default') === false);
    const id = await client.created({ custom_status_id: at(waiting, 'id') });
    expect(await client.show(id)).toMatchObject({ status: 'pending', custom_status_id: at(waiting, 'id') });
    await client.update(id, { status: 'pending' });
    expect(at(await client.show(id), 'custom_status_id')).toBe(at(waiting, 'id'));
    await client.update(id, { status: 'open' });
    await client.update(id, { status: 'pending' });
    expect(at(await client.show(id), 'custom_status_id')).not.toBe(at(waiting, 'id'));
    await client.bot.call('PUT', `/api/v2/custom_statuses/${String(at(waiting, 'id'))}`, { custom_status: { active: false } });
    expect((await client.update(id, { custom_status_id: at(waiting, 'id') })).status).toBe(422);
  });
});

describe('triggers', () => {
  const webhookOf = async (url: string, format = 'json'): Promise<string> => {
    const webhook = { name: 'By triggers', endpoint: url, http_method: 'POST', request_format: format, status: 'active', subscriptions: ['conditional_ticket_events'] };
    return String(at((await client.bot.call('POST', '/api/v2/webhooks', { webhook })).body, 'webhook', 'id'));
  };
  const triggerOf = (more: object) =>
    client.bot.call('POST', '/api/v2/triggers', { trigger: { title: 'T', conditions: { all: [{ field: 'update_type', operator: 'is', value: 'Change' }] }, ...more } });

  test('call their webhook with the body that was written for it, signed', async () => {
    const receiver = await openReceiver();
    try {
      const id = await webhookOf(receiver.url);
      await triggerOf({ actions: [{ field: 'notification_webhook', value: [id, '{"ticket_id": "{{ticket.id}}", "status": "{{ticket.status}}"}'] }] });
      const ticket = await client.created({ subject: 'says "no"' });
      await client.update(ticket, { status: 'pending' });
      const [delivery] = await receiver.until(1);
      expect(delivery?.body).toEqual({ ticket_id: String(ticket), status: 'pending' });
      const secret = String(at((await client.bot.call('GET', `/api/v2/webhooks/${id}/signing_secret`)).body, 'signing_secret', 'secret'));
      const timestamp = String(delivery?.headers['x-zendesk-webhook-signature-timestamp']);
      expect(delivery?.headers['x-zendesk-webhook-signature']).toBe(createHmac('sha256', secret).update(timestamp + (delivery?.raw ?? '')).digest('base64'));
      const changed = await client.bot.call('PATCH', `/api/v2/webhooks/${id}`, { webhook: { subscriptions: ['zen:event-type:ticket.created'] } });
      expect(changed.status).toBe(400);
    } finally {
      await receiver.close();
    }
  });

  test('render plain text: a quote breaks the JSON around it, and comments print as objects', async () => {
    const bodies: string[] = [];
    const waiting: (() => void)[] = [];
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        bodies.push(Buffer.concat(parts).toString('utf8'));
        response.end();
        waiting.shift()?.();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const arrived = new Promise<void>((resolve) => waiting.push(resolve));
      const id = await webhookOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      await triggerOf({ actions: [{ field: 'notification_webhook', value: [id, '{"s": "{{ticket.title}}", "c": "{{ticket.comments}}"}'] }] });
      const ticket = await client.created({ subject: 'says "no"' });
      await client.update(ticket, { priority: 'low' });
      await arrived;
      expect(bodies[0]).toMatch(/^\{"s": "says "no"", "c": "#<Event id:\d+, ticket_id:\d+, value:"On fire">"\}$/);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test('change the ticket, each once for one save, and say in the audit that it was a rule', async () => {
    const both = { all: [{ field: 'current_tags', operator: 'includes', value: 'vip' }] };
    await triggerOf({ conditions: both, actions: [{ field: 'priority', value: 'urgent' }] });
    await triggerOf({ conditions: both, actions: [{ field: 'current_tags', value: 'seen' }] });
    const id = await client.created({ tags: ['vip'] });
    expect(await client.show(id)).toMatchObject({ priority: 'urgent', tags: ['vip', 'seen'] });
    const audits = list((await client.bot.call('GET', `/api/v2/tickets/${id}/audits`)).body, 'audits');
    expect(audits.map((audit) => at(audit, 'via', 'source', 'rel'))).toEqual([null, 'trigger', 'trigger']);
    expect((await triggerOf({ conditions: {}, actions: [{ field: 'priority', value: 'low' }] })).status).toBe(422);
  });

  test('an invocation tells how each attempt went; a test call tells what its receiver said', async () => {
    const receiver = await openReceiver();
    try {
      const id = await webhookOf(receiver.url);
      await triggerOf({ actions: [{ field: 'notification_webhook', value: [id, '{"n": 1}'] }] });
      receiver.answerWith({ status: 503, headers: { 'retry-after': '0' } });
      const ticket = await client.created();
      await client.update(ticket, { priority: 'low' });
      await receiver.until(2);
      const attempts = async (): Promise<readonly unknown[]> => {
        const invocation = String(at((await client.bot.call('GET', `/api/v2/webhooks/${id}/invocations`)).body, 'invocations', 0, 'id'));
        return list((await client.bot.call('GET', `/api/v2/webhooks/${id}/invocations/${invocation}/attempts`)).body, 'attempts');
      };
      let seen = await attempts();
      while (seen.length < 2) seen = await attempts();
      expect(seen.map((one) => [at(one, 'status'), at(one, 'status_code')])).toEqual([['throttled', '503'], ['success', '200']]);
      receiver.answerWith({ status: 418 });
      const tested = await client.bot.call('POST', `/api/v2/webhooks/test?webhook_id=${id}`, { request: { payload: '{"t": 1}' } });
      expect([tested.status, at(tested.body, 'response', 'status_code')]).toEqual([200, 418]);
      expect((await receiver.until(3)).at(-1)?.body).toEqual({ t: 1 });
    } finally {
      await receiver.close();
    }
  });
});

describe('the budgets of endpoints', () => {
  test('are told by headers, end in 429 though the account has room, and are off unless switched on', async () => {
    expect((await client.bot.call('GET', '/api/v2/incremental/tickets/cursor?start_time=0')).headers.has('zendesk-ratelimit-incremental-exports')).toBe(false);
    await client.bot.call('POST', '/__sandbox/settings', { endpoint_limits: true });
    for (let n = 9; n >= 0; n -= 1) {
      const answer = await client.bot.call('GET', '/api/v2/incremental/tickets/cursor?start_time=0');
      expect(answer.headers.get('zendesk-ratelimit-incremental-exports')).toMatch(new RegExp(`^total=10; remaining=${n}; resets=\\d+$`));
    }
    const refused = await client.bot.call('GET', '/api/v2/incremental/tickets/cursor?start_time=0');
    expect([refused.status, at(refused.body, 'description')]).toEqual([429, 'Number of allowed incremental export API requests per minute exceeded']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(refused.headers.get('ratelimit-remaining'))).toBeGreaterThan(1_000);
    expect((await client.bot.call('GET', '/api/v2/tickets')).status).toBe(200);
  });

  test('a person can be changed five times a minute', async () => {
    await client.bot.call('POST', '/__sandbox/settings', { endpoint_limits: true });
    const change = (email: string) => client.bot.call('POST', '/api/v2/users/create_or_update', { user: { name: 'D', email } });
    for (let n = 0; n < 5; n += 1) expect((await change('dan@example.com')).status).toBeLessThan(300);
    expect((await change('dan@example.com')).status).toBe(429);
    expect((await change('eve@example.com')).status).toBe(201);
  });
});

test('addresses for allow-lists are for everybody, settings and forms for agents', async () => {
  expect(at((await clientOf(desk.url).call('GET', '/api/v2/ips')).body, 'ips', 'egress', 'all')).toEqual(['127.0.0.1/32']);
  expect(at((await client.bot.call('GET', '/api/v2/account/settings')).body, 'settings', 'tickets', 'collaboration')).toBe(true);
  expect(list((await client.bot.call('GET', '/api/v2/ticket_forms')).body, 'ticket_forms')).toHaveLength(1);
  expect((await clientOf(desk.url, basic('nobody:x')).call('GET', '/api/v2/account/settings')).status).toBe(401);
});
