/** The Zapier app in Zapier's own tester, against a running Deskmesh with desks of the sandbox. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import samples from '../../../integrations/zapier/src/samples.json' with { type: 'json' };
import { zapierSamples } from '../../docs/zapier-samples.ts';
import { ask } from '../../support/api-site.ts';
import { startTrio, type Trio } from '../../support/trio.ts';
import { until } from '../../support/until.ts';

interface Told {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly name: string; readonly message: string };
}

let tester: ChildProcess;
const waiting = new Map<number, (told: Told) => void>();

/** Has the tester run the function at this place of the definition; null: has it check the definition. */
async function run<T>(func: string | null, bundle: object = {}): Promise<T> {
  const id = waiting.size + 1;
  const told = await new Promise<Told>((resolve) => {
    waiting.set(id, resolve);
    tester.stdin?.write(`${JSON.stringify({ id, func, bundle })}\n`);
  });
  if (told.error !== undefined) throw Object.assign(new Error(told.error.message), { name: told.error.name });
  return told.result as T;
}

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
  const serve = await trio.serve({ API_TOKEN: TOKEN, ALLOW_PRIVATE_SUBSCRIBERS: '127.0.0.0/8' });
  account = Object.fromEntries(serve.accounts().map(({ service, id }) => [service, id]));
  tester = spawn(process.execPath, [new URL('zapier-tester.ts', import.meta.url).pathname], { stdio: ['pipe', 'pipe', 'inherit'] });
  createInterface({ input: tester.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    const told = JSON.parse(line) as Told;
    waiting.get(told.id)?.(told);
  });
  authData = { base_url: `http://127.0.0.1:${trio.port}/`, token: TOKEN };
});
afterAll(async () => {
  tester.kill();
  await trio.close();
  zapierItself.closeAllConnections();
  zapierItself.close();
});

test('the definition is what Zapier takes', async () => {
  expect(await run(null)).toEqual([]);
});

test('its samples are the examples of the events', () => {
  expect(readFileSync(new URL('../../../integrations/zapier/src/samples.json', import.meta.url), 'utf8')).toBe(zapierSamples());
});

describe('authentication', () => {
  test('a token that reaches everything is proven', async () => {
    await expect(run('authentication.test', { authData })).resolves.toMatchObject({ type: 'object_list' });
  });

  test('a wrong one makes Zapier ask for another, and is in no message', async () => {
    const attempt = run('authentication.test', { authData: { ...authData, token: 'not-a-token-at-all' } });
    await expect(attempt).rejects.toMatchObject({ name: 'ExpiredAuthError' });
    await expect(attempt).rejects.not.toThrow(/not-a-token-at-all/);
  });
});

describe('triggers', () => {
  const placeOf = (type: string, verb: string): string => `triggers.${type.replaceAll('.', '_')}.operation.${verb}`;

  test.each(Object.keys(samples))('%s: a list for the editor in the shape of its events', async (type) => {
    // A notice to the operator of Deskmesh, of no use in a Zap that may be the one that failed.
    if (type === 'subscription.disabled') {
      await expect(run(placeOf(type, 'performList'), { authData, inputData: {} })).rejects.toThrow();
      return;
    }
    const list = await run<readonly { type: string }[]>(placeOf(type, 'performList'), { authData, inputData: {} });
    expect(list.length).toBeGreaterThan(0);
    expect(list.every((event) => event.type === type)).toBe(true);
  });

  test('a Zap that is on is told what a person does, and one that is off is not', async () => {
    const at = (verb: string): string => placeOf('ticket.created', verb);
    const subscribeData = await run<{ id: string }>(at('performSubscribe'), { authData, targetUrl, inputData: { account: account['zendesk'] } });
    const told = await until(
      async () => {
        // A subscription takes a moment to be known to all who take things in: people go on writing.
        await trio.human('zendesk').create('A person wrote this');
        return received[0];
      },
      { everyMs: 500, what: 'the event of a new ticket' },
    );
    const [event] = await run<[Record<string, unknown>]>(at('perform'), { authData, cleanedRequest: told });
    expect(event).toMatchObject({ type: 'ticket.created', cause: 'person', account: { name: 'zendesk' }, ticket: { subject: 'A person wrote this' } });
    expect(Object.keys(event).toSorted()).toEqual(Object.keys(samples['ticket.created']).toSorted());
    await expect(run(at('performUnsubscribe'), { authData, subscribeData })).resolves.toEqual({});
    expect((await ask(`${authData.base_url}v1/subscriptions/${subscribeData.id}`, { token: TOKEN })).status).toBe(404);
  });

  test('the list of accounts is for choosing one', async () => {
    const list = await run<readonly { id: number; name: string }[]>('triggers.account.operation.perform', { authData, meta: { page: 0 } });
    expect(list.map(({ name }) => name).toSorted()).toEqual(['freshdesk', 'zendesk']);
  });
});

describe('actions', () => {
  const act = (key: string, inputData: object): Promise<never> => run(`creates.${key}.operation.perform`, { authData, inputData });

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
