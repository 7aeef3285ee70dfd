import { describe, expect, test } from '@jest/globals';
import http from 'node:http';
import type { Receiver } from '../../src/engine/receive.ts';
import { createHttp } from '../../src/http/app.ts';
import type { Health } from '../../src/http/health.ts';
import { createDeadlines } from '../../src/http/deadlines.ts';
import { listen } from '../../src/http/server.ts';
import { fakeWorld, signed } from '../support/hook-fixture.ts';
import { BODY, deliver, fault, HOOK, raw, send, site, UUID, WELL } from '../support/site.ts';

describe('health', () => {
  test('/healthz says that the process is up; a body on the GET is ignored', async () => {
    const server = await site({ health: () => Promise.reject(new Error('away')) });
    const answer = await send(`${server.url}/healthz`, { method: 'GET', body: '{}' });
    expect([answer.status, answer.text, answer.headers['content-type']]).toEqual([200, '{"status":"ok"}', 'application/json']);
    expect((await send(`${server.url}/healthz`)).headers.allow).toBe('GET, HEAD');
  });

  test('/readyz shows a stopped account and stays ready', async () => {
    const state: Health = { ...WELL, accounts: [{ name: 'support', state: 'stopped', reason: 'The key is not accepted.' }] };
    const server = await site({ health: () => Promise.resolve(state) });
    const answer = await send(`${server.url}/readyz`, { method: 'GET' });
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, state]);
  });

  test.each(['database', 'queue'] as const)('/readyz is 503 when the %s is not well, with the same body', async (part) => {
    const state: Health = { ...WELL, [part]: { ok: false, message: 'It is away.' } };
    const server = await site({ health: () => Promise.resolve(state) });
    const answer = await send(`${server.url}/readyz`, { method: 'GET' });
    expect([answer.status, JSON.parse(answer.text)]).toEqual([503, state]);
  });

  test('/readyz is 503 when nobody can tell', async () => {
    const server = await site({ health: () => Promise.reject(new Error('away')) });
    expect(fault(await send(`${server.url}/readyz`, { method: 'GET' }))).toMatchObject({ status_code: 503 });
  });
});

describe('the server', () => {
  /** A receiver that answers when told to. */
  function gated() {
    const entered = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<{ status: number; body: object }>();
    const receiver: Receiver = { receive: () => { entered.resolve(); return gate.promise; } };
    return { receiver, entered: entered.promise, answer: () => gate.resolve({ status: 202, body: {} }) };
  }

  test('names the port that is in use, and the cure', async () => {
    const server = await site();
    const port = Number(new URL(server.url).port);
    const world = fakeWorld();
    const app = createHttp({ receiver: gated().receiver, health: () => Promise.resolve(WELL), world });
    await expect(listen({ app, host: '127.0.0.1', port, world })).rejects.toMatchObject({
      code: 'configuration', message: `Port ${port} on 127.0.0.1 is in use: stop the program that has it, or set PORT to a free one.`,
    });
    await expect(listen({ app, host: '192.0.2.1', port: 0, world })).rejects.toMatchObject({ code: 'configuration', message: expect.stringContaining('set HOST') });
  });

  test.each([
    ['no HTTP', 'nonsense\r\n\r\n', 400, 'bad_request'],
    ['a header that is none', 'GET / HTTP/1.1\r\nhost: x\r\nno header\r\n\r\n', 400, 'bad_request'],
    ['headers without end', `GET / HTTP/1.1\r\nhost: x\r\na: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'bad_request'],
  ])('answers %s in the shape of every other error', async (_name, bytes, status, code) => {
    const server = await site();
    const [head = '', body = ''] = (await raw(server, bytes)).split('\r\n\r\n');
    const error = JSON.parse(body) as Record<string, unknown>;
    expect(error).toEqual({ status_code: status, error_code: code, message: expect.any(String), id: expect.stringMatching(UUID) });
    expect(head.split('\r\n')).toEqual(expect.arrayContaining([expect.stringContaining(`HTTP/1.1 ${status} `), 'Content-Type: application/json', `X-Request-Id: ${String(error['id'])}`]));
    expect(server.world.lines).toEqual([expect.objectContaining({ event: 'http.malformed', fields: expect.objectContaining({ request_id: error['id'] }) })]);
  });

  test('lets a request in flight end before it closes, and takes no more', async () => {
    const { receiver, entered, answer } = gated();
    const server = await site({ receiver });
    // A connection that would be kept alive does not hold the server open either.
    const agent = new http.Agent({ keepAlive: true });
    const inFlight = new Promise<number | undefined>((resolve, reject) => {
      const request = http.request(`${server.url}${HOOK}`, { method: 'POST', agent, headers: signed(BODY) }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      request.on('error', reject).end(BODY);
    });
    await entered;
    const closing = server.close();
    await expect(deliver(server, BODY)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    answer();
    expect(await inFlight).toBe(202);
    await closing;
    agent.destroy();
  });

  test('cuts off what does not end in time', async () => {
    const { receiver, entered } = gated();
    const server = await site({ receiver, graceMs: 10 });
    const cut = expect(deliver(server, BODY)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await entered;
    await server.close();
    await cut;
  });
});

test('one timer serves many deadlines, and none that was taken back', async () => {
  const expired: string[] = [];
  const deadlines = createDeadlines(5);
  const wait = (name: string) => new Promise<void>((resolve) => deadlines.set(() => { expired.push(name); resolve(); }));
  const never = () => void expired.push('never');
  deadlines.set(never);
  const first = wait('first').then(() => wait('after it'));
  const second = wait('second');
  deadlines.clear(never);
  // The timer does not hold the process, so something else has to.
  const alive = setInterval(() => {}, 1000);
  await Promise.all([first, second]);
  clearInterval(alive);
  expect(expired).toEqual(['first', 'second', 'after it']);
});
