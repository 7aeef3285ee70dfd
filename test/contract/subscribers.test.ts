/** Endpoints that answer as none should, on real sockets. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openNetwork, publicNetwork, type Resolve } from '../../src/net/public-address.ts';
import { createSend } from '../../src/subscribers/send.ts';

let server: Server;
let port: number;
let handler: (request: IncomingMessage, response: ServerResponse) => void;
let asked: string[] = [];
const send = createSend(openNetwork(['127.0.0.0/8', '::1/128']));
const to = (path = '/') => ({ url: `http://127.0.0.1:${port}${path}`, headers: { 'content-type': 'application/json' }, body: '{"a":1}' });

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    request.resume().on('end', () => handler(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test('what is answered is kept: status, headers, the beginning of the body, and the pause that is asked for', async () => {
  handler = (_request, response) => response.writeHead(503, { 'retry-after': '7', 'x-a': 'b' }).end('é'.repeat(5_000));
  const answer = await send(to());
  expect(answer).toMatchObject({ status: 503, headers: { 'x-a': 'b' }, failure: null, retryAfterMs: 7_000 });
  expect(Buffer.byteLength(answer.body)).toBe(1_024);
});

test('a redirect is an answer and is not followed', async () => {
  asked = [];
  handler = (_request, response) => response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end();
  expect(await send(to('/a'))).toMatchObject({ status: 302, failure: null });
  expect(asked).toEqual(['POST /a']);
});

test('an endless answer is read to a bound and counts by its status', async () => {
  let poured = 0;
  handler = (_request, response) => {
    response.writeHead(200);
    const pour = (): void => {
      while (!response.destroyed && response.write('x'.repeat(65_536))) poured += 65_536;
    };
    response.on('drain', pour);
    pour();
  };
  expect(await send(to())).toMatchObject({ status: 200 });
  expect(poured).toBeLessThan(100 * 1_024 * 1_024);
});

test('a connection that is cut before an answer is told by its code, and nothing of the request is', async () => {
  handler = (request) => request.socket.destroy();
  const answer = await send({ ...to(), headers: { 'x-secret': 'hush-hush' } });
  expect(answer).toMatchObject({ status: null, failure: expect.stringContaining('ECONNRESET') });
  expect(JSON.stringify(answer)).not.toContain('hush-hush');
});

describe('a private network', () => {
  const guarded = createSend(publicNetwork);

  test.each(['http://127.0.0.1', 'http://2130706433', 'http://0x7f.1', 'http://[::ffff:127.0.0.1]', 'http://１２７.0.0.1', 'http://127.0.0.1.'])('is not connected to, spelled %s', async (base) => {
    asked = [];
    expect(await guarded({ ...to(), url: `${base}:${port}/` })).toMatchObject({ status: null, failure: expect.stringContaining('private network') });
    expect(asked).toEqual([]);
  });

  test('is not reached through a name, nor through one that changes its answer', async () => {
    asked = [];
    let looks = 0;
    const rebinding: Resolve = (_host, _options, done) => done(null, [{ address: (looks += 1) === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }]);
    const rebound = createSend(openNetwork([], rebinding));
    for (let i = 0; i < 2; i += 1) expect(await rebound({ ...to(), url: `http://rebind.example:${port}/` })).toMatchObject({ failure: expect.stringContaining('private network') });
    expect(asked).toEqual([]);
  });

  test('is reached where the operator allows it, at the very address that was checked', async () => {
    handler = (_request, response) => response.end('ok');
    const resolve: Resolve = (_host, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]);
    const allowed = createSend(openNetwork(['127.0.0.0/8'], resolve));
    expect(await allowed({ ...to(), url: `http://inside.example:${port}/` })).toMatchObject({ status: 200, body: 'ok' });
  });
});

test('an address that is none is told', async () => {
  expect(await send({ ...to(), url: 'ftp://x' })).toMatchObject({ status: null, failure: 'the address is no web address' });
});
