/** Endpoints that answer as none should, on real sockets. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openNetwork, publicNetwork, type Resolve } from '../../src/net/public-address.ts';
import { createSend } from '../../src/subscribers/send.ts';
import { AUTHORITY, EXPIRED, KEY, VALID } from '../support/certificates.ts';

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

  test.each(['http://127.0.0.1', 'http://2130706433', 'http://0x7f.1', 'http://[::ffff:127.0.0.1]', 'http://１２７.0.0.1', 'http://127.0.0.1.', 'http://0177.0.0.1', 'http://127.1', 'http://0.0.0.0', 'http://[::1]', 'http://[::ffff:7f00:1]', 'http://[64:ff9b::7f00:1]', 'http://localhost'])('is not connected to, spelled %s', async (base) => {
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

describe('an endpoint that', () => {
  const hasty = createSend(openNetwork(['127.0.0.0/8']), { patience: { response: 1_000, request: 3_000 } });

  test('never answers is given up, and its connection closed', async () => {
    let closed: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    handler = (request) => request.socket.on('close', closed);
    expect(await hasty(to())).toMatchObject({ status: null, failure: expect.stringContaining('ETIMEDOUT') });
    await gone;
  });

  test('answers one byte at a time is not waited for: before its status it has not answered, after it it has', async () => {
    const drip = (socket: { write(text: string): unknown; readonly destroyed: boolean }, text: string): void => {
      let at = 0;
      const next = (): void => {
        if (socket.destroyed || at >= text.length) return;
        socket.write(text.charAt(at));
        at += 1;
        setTimeout(next, 20);
      };
      next();
    };
    handler = (request) => drip(request.socket, `HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(1_000)}\r\n\r\n`);
    expect(await hasty(to())).toMatchObject({ status: null, failure: expect.stringContaining('ETIMEDOUT') });
    handler = (_request, response) => {
      response.writeHead(200).flushHeaders();
      drip(response, 'x'.repeat(1_000));
    };
    expect(await hasty(to())).toMatchObject({ status: 200, failure: null, body: expect.stringMatching(/^x{1,999}$/) });
  });

  test('closes in the middle of its answer has answered with its status', async () => {
    handler = (request, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('half');
      setImmediate(() => request.socket.destroy());
    };
    expect(await hasty(to())).toMatchObject({ status: 200 });
  });

  test('says 200 with an error page has taken it, and the page is on record', async () => {
    handler = (_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html><h1>Fatal error</h1></html>');
    expect(await hasty(to())).toMatchObject({ status: 200, body: '<html><h1>Fatal error</h1></html>' });
  });

  test('promises a hundred megabytes is not read to their end', async () => {
    handler = (_request, response) => response.writeHead(200, { 'content-length': String(100 * 1_024 * 1_024) }).write('x'.repeat(200_000));
    const { status, body, read } = await createSend(openNetwork(['127.0.0.0/8']))(to());
    expect([status, body.length, read.length]).toEqual([200, 1_024, 65_536]);
  });

  test('takes several messages over one connection', async () => {
    const ports = new Set<number | undefined>();
    handler = (request, response) => {
      ports.add(request.socket.remotePort);
      response.end('ok');
    };
    for (let n = 0; n < 3; n += 1) await send(to());
    expect(ports.size).toBe(1);
  });

  test('is told to be stopped stops at once', async () => {
    handler = () => undefined;
    const stopping = new AbortController();
    const sending = send(to(), stopping.signal);
    stopping.abort();
    expect(await sending).toMatchObject({ status: null });
    expect(await send(to(), AbortSignal.abort())).toMatchObject({ status: null });
  });
});

describe('a certificate', () => {
  const resolve: Resolve = (_host, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]);
  const network = openNetwork(['127.0.0.0/8'], resolve);

  async function through(cert: string, host: string, authorities: string | undefined): Promise<unknown> {
    const secure = createSecureServer({ key: KEY, cert }, (_request, response) => response.end('ok'));
    await new Promise<void>((done) => secure.listen(0, '127.0.0.1', done));
    try {
      return await createSend(network, authorities === undefined ? {} : { authorities })({ ...to(), url: `https://${host}:${(secure.address() as AddressInfo).port}/` });
    } finally {
      secure.closeAllConnections();
      secure.close();
    }
  }

  test('that is out of date, for another name, or of an unknown authority ends the attempt before anything is sent', async () => {
    expect(await through(VALID, 'endpoint.example', AUTHORITY)).toMatchObject({ status: 200, body: 'ok' });
    expect(await through(EXPIRED, 'endpoint.example', AUTHORITY)).toMatchObject({ status: null, failure: expect.stringContaining('CERT_HAS_EXPIRED') });
    expect(await through(VALID, 'other.example', AUTHORITY)).toMatchObject({ status: null, failure: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID') });
    expect(await through(VALID, 'endpoint.example', undefined)).toMatchObject({ status: null, failure: expect.stringMatching(/UNABLE_TO_|SELF_SIGNED/) });
  });
});

test('a name that is public when it is checked and private when it is connected to is looked up once, and that answer is connected to', async () => {
  asked = [];
  let looks = 0;
  const changing: Resolve = (_host, _options, done) => done(null, [{ address: (looks += 1) === 1 ? '192.0.2.1' : '127.0.0.1', family: 4 }]);
  // The first answer is a public address where nobody is; the second, which a second look-up would get, is this machine.
  const once = createSend(openNetwork(['192.0.2.0/24'], changing), { patience: { connect: 500, request: 2_000 } });
  expect(await once({ ...to(), url: `http://rebind.example:${port}/` })).toMatchObject({ status: null });
  expect([looks, asked]).toEqual([1, []]);
});
