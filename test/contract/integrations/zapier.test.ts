/** The Zapier app in Zapier's own tester, against a running Deskmesh with desks of the sandbox. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import zapier from 'zapier-platform-core';
import app from '../../../integrations/zapier/src/index.ts';
import samples from '../../../integrations/zapier/src/samples.json' with { type: 'json' };
import { zapierSamples } from '../../docs/zapier-samples.ts';
import { ask } from '../../support/api-site.ts';
import { startTrio, type Trio } from '../../support/trio.ts';
import { until } from '../../support/until.ts';

type Run = (func: unknown, bundle: object) => Promise<never>;
interface EventTrigger {
  readonly key: string;
  readonly operation: { readonly performSubscribe: unknown; readonly performUnsubscribe: unknown; readonly perform: unknown; readonly performList: unknown; readonly sample: object };
}

const run = zapier.createAppTester(app) as unknown as Run;
const triggers = app.triggers as unknown as Readonly<Record<string, EventTrigger>>;
const creates = app.creates as unknown as Readonly<Record<string, { readonly operation: { readonly perform: unknown } }>>;
const TOKEN = 'a-token-that-only-this-zap-is-let-in-with';
let trio: Trio;
let zapierItself: Server;
let targetUrl: string;
let authData: { base_url: string; token: string };
let account: Readonly<Record<string, number>>;
const received: Record<string, unknown>[] = [];

beforeAll(async () => {
  zapierItself = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
      received.push(JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>);
      response.end('{"status":"success"}');
    });
  });
  await new Promise<void>((resolve) => zapierItself.listen(0, '127.0.0.1', resolve));
  targetUrl = `http://127.0.0.1:${(zapierItself.address() as AddressInfo).port}/hooks/standard/1/abc`;
  trio = await startTrio();
  await trio.mesh({ names: ['zendesk', 'freshdesk'] });
  // A process of its own: Zapier's library wraps the HTTP of the one that it runs in.
  const serve = await trio.serve({ API_TOKEN: TOKEN, ALLOW_PRIVATE_SUBSCRIBERS: '127.0.0.0/8' });
  account = Object.fromEntries(serve.accounts().map(({ service, id }) => [service, id]));
  authData = { base_url: `http://127.0.0.1:${trio.port}/`, token: TOKEN };
}, 60_000);
afterAll(async () => {
  await trio.close();
  zapierItself.closeAllConnections();
  zapierItself.close();
});

test('the definition is what Zapier takes', async () => {
  const { createAppHandler } = zapier as unknown as { createAppHandler(definition: object): (event: object) => Promise<{ readonly results: readonly object[] }> };
  expect((await createAppHandler(app)({ command: 'validate' })).results).toEqual([]);
});

test('its samples are the examples of the events', () => {
  expect(readFileSync(new URL('../../../integrations/zapier/src/samples.json', import.meta.url), 'utf8')).toBe(zapierSamples());
});

describe('authentication', () => {
  test('a token that reaches everything is proven', async () => {
    await expect(run(app.authentication.test, { authData })).resolves.toMatchObject({ type: 'object_list' });
  });

  test('a wrong one makes Zapier ask for another, and is in no message', async () => {
    const attempt = run(app.authentication.test, { authData: { ...authData, token: 'not-a-token-at-all' } });
    await expect(attempt).rejects.toMatchObject({ name: 'ExpiredAuthError' });
    await expect(attempt).rejects.not.toThrow(/not-a-token-at-all/);
  });
});

describe('triggers', () => {
  test.each(Object.keys(samples))('%s: a list for the editor in the shape of its events', async (type) => {
    const trigger = triggers[type.replaceAll('.', '_')];
    if (trigger === undefined) {
      // A notice to the operator of Deskmesh, of no use in a Zap that may be the one that failed.
      expect(type).toBe('subscription.disabled');
      return;
    }
    const list: readonly { type: string }[] = await run(trigger.operation.performList, { authData, inputData: {} });
    expect(list.length).toBeGreaterThan(0);
    expect(list.every((event) => event.type === type)).toBe(true);
  });

  test('a Zap that is on is told what a person does, and one that is off is not', async () => {
    const { operation } = triggers['ticket_created'] as EventTrigger;
    const subscribeData: { id: string } = await run(operation.performSubscribe, { authData, targetUrl, inputData: { account: account['zendesk'] } });
    const told = await until(
      async () => {
        // A subscription takes a moment to be known to all who take things in: people go on writing.
        await trio.human('zendesk').create('A person wrote this');
        return received[0];
      },
      { everyMs: 500, what: 'the event of a new ticket' },
    );
    const [event]: [Record<string, unknown>] = await run(operation.perform, { authData, cleanedRequest: told });
    expect(event).toMatchObject({ type: 'ticket.created', cause: 'person', account: { name: 'zendesk' }, ticket: { subject: 'A person wrote this' } });
    expect(Object.keys(event).toSorted()).toEqual(Object.keys(operation.sample).toSorted());
    await expect(run(operation.performUnsubscribe, { authData, subscribeData })).resolves.toEqual({});
    expect((await ask(`${authData.base_url}v1/subscriptions/${subscribeData.id}`, { token: TOKEN })).status).toBe(404);
  }, 60_000);

  test('the list of accounts is for choosing one', async () => {
    const list: readonly { id: number; name: string }[] = await run((app.triggers as Record<string, { operation: { perform: unknown } }>)['account']?.operation.perform, { authData, meta: { page: 0 } });
    expect(list.map(({ name }) => name).toSorted()).toEqual(['freshdesk', 'zendesk']);
  });
});

describe('actions', () => {
  const act = (key: string, inputData: object): Promise<never> => run(creates[key]?.operation.perform, { authData, inputData });

  test('a ticket is created once for one event, changed, and answered', async () => {
    const freshdesk = account['freshdesk'];
    const input = { account: freshdesk, subject: 'From a Zap', description: '<p>Hello</p>', priority: 'high', tags: ['zap'], requester_email: 'cora@customer.example', idempotency_key: 'event-1' };
    const ticket: { id: string; priority: string } = await act('create_ticket', input);
    const again: { id: string } = await act('create_ticket', input);
    expect(ticket).toMatchObject({ subject: 'From a Zap', priority: 'high' });
    expect(again.id).toBe(ticket.id);

    await expect(act('update_ticket', { account: freshdesk, ticket_id: ticket.id, status: 'pending' })).resolves.toMatchObject({ status: 'pending', priority: 'high' });
    const comment: { id: string } = await act('create_comment', { account: freshdesk, ticket_id: ticket.id, content: '<p>For us alone</p>', public: false });
    expect(comment).toMatchObject({ public: false });
    await expect(act('update_comment', { account: freshdesk, ticket_id: ticket.id, comment_id: comment.id, content: '<p>For us, still</p>' })).resolves.toMatchObject({ content: expect.stringContaining('still') });
  });

  test('what is wrong is told in Deskmesh’s words, every fault of it', async () => {
    const attempt = act('create_ticket', { account: account['freshdesk'], subject: '', description: '', priority: 'mighty' });
    for (const fault of ['invalid_parameters', '/subject', '/description', '/priority']) await expect(attempt).rejects.toThrow(fault);
  });

  test('a desk that lets Deskmesh in no more is no reason to ask the user for another token', async () => {
    trio.fault('freshdesk', { kind: 'status', status: 401, times: 5 });
    await expect(act('create_ticket', { account: account['freshdesk'], subject: 'a', description: 'b' })).rejects.toMatchObject({ name: 'AppError' });
    trio.fault('freshdesk', { kind: 'none' });
  });
});
