/** What all fake desks share: starting and stopping, faults on requests and deliveries, the state, the command. */
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { sandboxCommand } from '../../src/cli/sandbox.ts';
import { CUSTOM_FIELDS } from '../../src/sandbox/helpspace/model.ts';
import { startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';
import { at, clientOf, list, openReceiver, untilState, type Answer, type Client, type Receiver } from './sandbox-support.ts';

let desk: SandboxDesk;
let bot: Client;
let receiver: Receiver;

const TICKETS = '/helpdesk/api/v1/tickets';

beforeAll(async () => {
  [desk] = (await startSandbox({ only: ['helpdesk'] })) as [SandboxDesk];
  bot = clientOf(desk.url, { authorization: `Bearer ${desk.credentials['key'] ?? ''}`, 'x-workspace-id': desk.credentials['workspace'] ?? '' });
  receiver = await openReceiver();
});
afterEach(() => desk.reset());
afterAll(async () => {
  await desk.close();
  await receiver.close();
});

const create = (subject = 'x'): Promise<Answer> => bot.call('POST', TICKETS, { ticket: { subject } });
const fault = (body: unknown): Promise<Answer> => bot.call('POST', '/__sandbox/faults', body);
const state = async (): Promise<unknown> => (await bot.call('GET', '/__sandbox/state')).body;
const tickets = async (): Promise<number> => list(await state(), 'tickets').length;

/** A socket that holds a port, so that nobody else can have it. */
async function occupy(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

describe('starting', () => {
  test('every desk answers on its own port, with credentials and those of a human', async () => {
    const desks = await startSandbox();
    expect(desks.map(({ service }) => service)).toEqual(['helpdesk', 'zendesk', 'freshdesk', 'helpspace', 'zendesk-classic']);
    for (const { url, credentials, human, service } of desks) {
      expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
      expect(Object.keys(human)).toEqual(Object.keys(credentials));
      expect(human).not.toEqual(credentials);
      const seen = (await clientOf(url).call('GET', '/__sandbox/state')).body;
      expect(seen).toMatchObject({ service, tickets: [], webhooks: [], write_count: 0 });
      expect(list(seen, 'users').map((user) => at(user, 'email'))).toEqual(expect.arrayContaining(['bot@example.com', 'ann@example.com', 'ben@example.com']));
    }
    await Promise.all(desks.map((one) => one.close()));
    await expect(clientOf(desks[0]?.url ?? '').call('GET', '/__sandbox/state')).rejects.toThrow();
  });

  test('a port in use, an unknown desk and a port that is none are clear errors, and nothing is left running', async () => {
    const taken = await occupy();
    await expect(startSandbox({ port: taken.port })).rejects.toThrow(`port ${taken.port} on 127.0.0.1 is in use: stop what listens there, or choose another first port (--port)`);
    await taken.close();
    await expect(startSandbox({ only: ['zendesk', 'nonsense'] })).rejects.toThrow('no sandbox desk is called nonsense; there are helpdesk, zendesk, freshdesk, helpspace, zendesk-classic');
    await expect(startSandbox({ port: Number('x') })).rejects.toThrow('whole number');
  });
});

describe('the command', () => {
  test('prints one JSON line a desk, runs until the signal and leaves the ports free', async () => {
    const free = await occupy();
    await free.close();
    const stop = new AbortController();
    const lines: string[] = [];
    let running: Promise<void> = Promise.resolve();
    await new Promise<void>((resolve) => {
      running = sandboxCommand({ json: true, only: ['zendesk'], port: free.port }, stop.signal, (line) => {
        lines.push(line);
        resolve();
      });
    });
    const line: unknown = JSON.parse(lines[0] ?? '');
    expect(line).toEqual({
      service: 'zendesk',
      url: `http://127.0.0.1:${free.port}`,
      credentials: { email: 'bot@example.com', token: expect.any(String) },
      human: { email: 'ann@example.com', token: expect.any(String) },
    });
    await expect(sandboxCommand({ json: true, port: free.port }, stop.signal, () => undefined)).rejects.toMatchObject({ code: 'configuration', message: expect.stringContaining(`port ${free.port}`) });
    stop.abort();
    await running;
    const again = await startSandbox({ only: ['zendesk'], port: free.port });
    await Promise.all(again.map((one) => one.close()));
    expect(lines).toHaveLength(1);
  });

  test('says the same in prose', async () => {
    const stop = new AbortController();
    const lines: string[] = [];
    const running = sandboxCommand({ json: false, only: ['freshdesk'] }, stop.signal, (line) => {
      lines.push(line);
      stop.abort();
    });
    await running;
    expect(lines[0]).toMatch(/^freshdesk at http:\/\/127\.0\.0\.1:\d+; credentials: key .+; a human agent: key [^;]+$/);
  });

  test.each([
    ['helpdesk', { description_field: 'cf_description', agents: { 'bot@example.com': 'usr_bot000', 'ann@example.com': 'usr_abc123', 'ben@example.com': 'usr_xyz789' } }],
    ['helpspace', { channel_id: 1, custom_fields: CUSTOM_FIELDS }],
    ['zendesk-classic', { view: 4001, view_order: 'updated' }],
  ])('says what the settings of an account of %s have to be, since its API does not', async (service, settings) => {
    for (const json of [true, false]) {
      const stop = new AbortController();
      const lines: string[] = [];
      await sandboxCommand({ json, only: [service] }, stop.signal, (line) => {
        lines.push(line);
        stop.abort();
      });
      if (json) expect(JSON.parse(lines[0] ?? '')).toMatchObject({ service, settings });
      else expect(lines[0]?.split('; settings of an account: ')[1]).toBe(JSON.stringify(settings));
    }
  });
});

describe('the state', () => {
  test('counts requests by method and route, and lists the writes that were done, with their author', async () => {
    await create();
    await bot.call('POST', TICKETS, { nonsense: true });
    await bot.call('GET', `${TICKETS}/tkt_none`);
    await bot.call('GET', '/elsewhere');
    expect(await state()).toMatchObject({
      requests: { [`POST ${TICKETS}`]: 2, [`GET ${TICKETS}/:id`]: 1, 'GET (unknown)': 1 },
      request_count: 4,
      write_count: 1,
      writes: [{ method: 'POST', path: TICKETS, status: 201, by: 'bot@example.com' }],
      counts: { tickets: 1 },
    });
    expect((await bot.call('GET', '/__sandbox/state?brief=true')).body).not.toHaveProperty('tickets');
  });

  test('a reset forgets everything', async () => {
    await create();
    await bot.call('POST', '/__sandbox/webhook', { url: receiver.url });
    await fault({ kind: 'status', status: 500 });
    expect((await bot.call('POST', '/__sandbox/reset')).status).toBe(200);
    expect(await state()).toMatchObject({ tickets: [], webhooks: [], faults: [], writes: [], write_count: 0, requests: {} });
  });

  test('a webhook with the same address replaces the one before', async () => {
    await bot.call('POST', '/__sandbox/webhook', { url: receiver.url });
    await bot.call('POST', '/__sandbox/webhook', { url: receiver.url, secret: 'whsec_c2VjcmV0' });
    expect(list(await state(), 'webhooks')).toMatchObject([{ targetUrl: receiver.url, signingSecret: 'whsec_c2VjcmV0' }]);
  });

  test('bad controls are told what is wrong', async () => {
    const cases: readonly (readonly [string, unknown, string])[] = [
      ['faults', { kind: 'odd' }, 'kind must be one of none, status'],
      ['faults', { kind: 'status', status: 99, times: 0, extra: 1 }, 'times must be >= 1'],
      ['faults', { kind: 'drop', path: '/x' }, 'must NOT have additional properties (path)'],
      ['faults', undefined, 'kind must be one of'],
      ['webhook', { url: 'ftp://x' }, 'url must match pattern'],
      ['webhook', {}, "must have required property 'url'"],
      ['settings', { nonsense: 1 }, 'must NOT have additional properties (nonsense)'],
      ['settings', [], 'the body must be a JSON object'],
    ];
    for (const [name, body, message] of cases) {
      const answer = await bot.call('POST', `/__sandbox/${name}`, body);
      expect([answer.status, at(answer.body, 'error')]).toEqual([400, expect.stringContaining(message)]);
    }
    expect((await bot.call('POST', '/__sandbox/faults', '{')).status).toBe(400);
    expect((await bot.call('GET', '/__sandbox/nonsense')).status).toBe(404);
    expect(() => desk.faults({ kind: 'odd' } as never)).toThrow('kind must be one of');
  });
});

describe('faults on requests', () => {
  test('status: the desk’s own words, Retry-After, nothing done, and over after its times', async () => {
    await fault({ kind: 'status', status: 429, retry_after: 7, times: 1, method: 'post' });
    const struck = await create();
    expect([struck.status, struck.headers.get('retry-after'), at(struck.body, 'error', 'code')]).toEqual([429, '7', 'RATE_LIMITED']);
    expect(await tickets()).toBe(0);
    expect((await create()).status).toBe(201);
    expect(await state()).toMatchObject({ faults: [], fault_count: 1, write_count: 1, request_count: 2 });
  });

  test('lost-response: the write is done and counted, the connection is cut', async () => {
    await fault({ kind: 'lost-response', method: 'POST', path: TICKETS, times: 1 });
    await expect(create()).rejects.toThrow();
    expect(await state()).toMatchObject({ write_count: 1, tickets: [{ subject: 'x' }] });
  });

  test('reset: the connection is cut before anything is done', async () => {
    await fault({ kind: 'reset', times: 1 });
    await expect(create()).rejects.toThrow();
    expect(await state()).toMatchObject({ write_count: 0, fault_count: 1, tickets: [] });
  });

  test('timeout: no answer until the client gives up, and nothing done', async () => {
    await fault({ kind: 'timeout', times: 1 });
    const patience = new AbortController();
    const pending = fetch(desk.url + TICKETS, { method: 'POST', signal: patience.signal, body: '{"ticket":{"subject":"x"}}' });
    await untilState(bot, (seen) => at(seen, 'fault_count') === 1);
    patience.abort();
    await expect(pending).rejects.toThrow('aborted');
    expect(await tickets()).toBe(0);
  });

  test('latency: late but right, and it adds to other faults', async () => {
    await fault({ kind: 'latency', ms: 60, times: 2 });
    const start = performance.now();
    expect((await create()).status).toBe(201);
    expect(performance.now() - start).toBeGreaterThan(55);
    await fault({ kind: 'status', status: 503 });
    expect((await create()).status).toBe(503);
    expect(at(await state(), 'fault_count')).toBe(3);
  });

  test('a path is a part of the request’s path, or with a star a pattern of all of it', async () => {
    await fault({ kind: 'status', status: 500, path: '/tickets/' });
    await fault({ kind: 'status', status: 502, path: '*/ticket_fields' });
    expect((await bot.call('GET', TICKETS)).status).toBe(200);
    expect((await bot.call('GET', `${TICKETS}/tkt_none`)).status).toBe(500);
    expect((await bot.call('GET', '/helpdesk/api/v1/ticket_fields')).status).toBe(502);
    expect((await bot.call('GET', '/helpdesk/api/v1/ticket_fields/cf_ref')).status).toBe(200);
    await fault({ kind: 'none' });
    expect((await bot.call('GET', `${TICKETS}/tkt_none`)).status).toBe(404);
  });

  test('a rate strikes that share, and the same ones for the same seed', async () => {
    const run = async (seed: number): Promise<readonly number[]> => {
      desk.reset();
      await bot.call('POST', '/__sandbox/settings', { seed });
      await fault({ kind: 'status', status: 500, rate: 0.3 });
      const statuses = [];
      for (let n = 0; n < 60; n += 1) statuses.push((await bot.call('GET', TICKETS)).status);
      return statuses;
    };
    const first = await run(7);
    expect(await run(7)).toEqual(first);
    expect(await run(8)).not.toEqual(first);
    const struck = first.filter((status) => status === 500).length;
    expect(struck).toBeGreaterThan(5);
    expect(struck).toBeLessThan(35);
  });

  test('closing ends even a request that is held', async () => {
    const [one] = (await startSandbox({ only: ['freshdesk'] })) as [SandboxDesk];
    one.faults({ kind: 'timeout' });
    const pending = fetch(`${one.url}/api/v2/tickets`);
    await untilState(clientOf(one.url), (seen) => at(seen, 'fault_count') === 1);
    const failed = expect(pending).rejects.toThrow();
    await one.close();
    await failed;
  });
});

describe('faults on deliveries', () => {
  const subjects = (from: number): readonly unknown[] => receiver.received.slice(from).map(({ body }) => at(body, 'data', 'ticket', 'subject'));
  const settled = (): Promise<unknown> => untilState(bot, (seen) => at(seen, 'deliveries', 'waiting') === 0);

  test('drop and duplicate', async () => {
    await bot.call('POST', '/__sandbox/webhook', { url: receiver.url });
    await fault({ kind: 'drop', times: 1 });
    const before = receiver.received.length;
    await create('dropped');
    await fault({ kind: 'duplicate', times: 1 });
    await create('doubled');
    await create('single');
    await receiver.until(before + 3);
    await settled();
    expect([...subjects(before)].sort()).toEqual(['doubled', 'doubled', 'single']);
    expect(at(await state(), 'deliveries')).toMatchObject({ dropped: 1, delivered: 3 });
  });

  test('delay and reorder: the later one comes first', async () => {
    await bot.call('POST', '/__sandbox/webhook', { url: receiver.url });
    for (const held of [{ kind: 'delay', ms: 400, times: 1 }, { kind: 'reorder', ms: 10_000, times: 1 }]) {
      await fault(held);
      const before = receiver.received.length;
      await create('first');
      await create('second');
      await receiver.until(before + 2);
      expect(subjects(before)).toEqual(['second', 'first']);
    }
  });

  test('a held-back delivery comes even when none overtakes it', async () => {
    await bot.call('POST', '/__sandbox/webhook', { url: receiver.url });
    await fault({ kind: 'reorder', ms: 20, times: 1 });
    const before = receiver.received.length;
    await create('alone');
    await receiver.until(before + 1);
    expect(subjects(before)).toEqual(['alone']);
  });

  test('a receiver that is gone holds up nothing', async () => {
    await bot.call('POST', '/__sandbox/webhook', { url: 'http://127.0.0.1:1/hook' });
    await bot.call('POST', '/__sandbox/settings', { webhook_retry_ms: [] });
    expect((await create()).status).toBe(201);
    const seen = await untilState(bot, (current) => at(current, 'deliveries', 'given_up') === 1);
    expect(at(seen, 'deliveries', 'waiting')).toBe(0);
  });
});
