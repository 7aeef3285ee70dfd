/** The way out to a desk, against a socket that answers as no desk should. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { openAsBlob } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { openHttp, type Http } from '../../../src/connectors/kit/http.ts';
import { failureOf } from './bench.ts';
import { testWorld } from './world.ts';

const SECRET = 'a-secret-of-the-account';
type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let base: string;
let handler: Handler;
let requests: string[];
let cutAtFirst = false;
let now = Date.parse('2026-03-01T12:00:00Z');

function http(patience = { call: 10_000, look: 10_000 }): Http {
  return openHttp({
    service: 'desk',
    base,
    headers: { authorization: `Bearer ${SECRET}` },
    secrets: [SECRET],
    complaints: () => ({}),
    world: testWorld(() => now),
    patience,
  });
}

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (cutAtFirst) request.once('data', () => request.socket.destroy());
    request.resume();
    request.on('end', () => handler(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  requests = [];
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const json = (body: unknown, headers: Record<string, string> = {}): Handler => (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
};

describe('what is answered', () => {
  test('is read as JSON whatever its type says, and packed or not', async () => {
    handler = (_request, response) => response.writeHead(201, { 'content-type': 'text/plain; charset=utf-8' }).end('{"id":12345678901234567890}');
    expect((await http().send('POST', '/x', { json: {} })).body).toEqual({ id: '12345678901234567890' });
    handler = (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"a":"é"}'));
    expect((await http().get('/x')).body).toEqual({ a: 'é' });
    handler = (_request, response) => response.writeHead(204).end();
    expect((await http().send('DELETE', '/x')).body).toBeUndefined();
  });

  test('is sent with our credentials, and ours only', async () => {
    let headers: IncomingMessage['headers'] = {};
    handler = (request, response) => {
      ({ headers } = request);
      json({})(request, response);
    };
    await http().send('POST', '/x', { json: { a: 1 }, headers: { 'idempotency-key': 'k' } });
    expect(headers).toMatchObject({
      authorization: `Bearer ${SECRET}`,
      accept: 'application/json',
      'content-type': 'application/json',
      'idempotency-key': 'k',
      connection: 'keep-alive',
    });
  });

  test('by half is unavailable for a read and unsure for a write', async () => {
    handler = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('{"ticket":');
      response.socket?.destroySoon();
    };
    expect((await failureOf(http().get('/x'))).kind).toBe('unavailable');
    expect(requests).toHaveLength(3);
    expect((await failureOf(http().send('PUT', '/x', { json: {} }))).kind).toBe('unsure');
    expect(requests).toHaveLength(4);
  });

  test('without end is cut off', async () => {
    handler = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const part = ' '.repeat(1024 * 1024);
      const pour = (): void => {
        while (!response.destroyed && response.write(part));
      };
      response.on('drain', pour);
      pour();
    };
    const failure = await failureOf(http().get('/x'));
    expect(failure).toMatchObject({ kind: 'surprise' });
    expect(failure.message).toContain('bytes');
  });

  test('packed to nothing and unpacked to too much is cut off, too', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, ' '));
    handler = (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
    expect((await failureOf(http().get('/x'))).kind).toBe('surprise');
  });

  test('packed though nobody asked for it leaves a write open', async () => {
    handler = (_request, response) => response.writeHead(201, { 'content-encoding': 'gzip' }).end(gzipSync('{"id":1}'));
    expect((await failureOf(http().send('POST', '/x', { json: {} }))).kind).toBe('unsure');
  });

  test('as a redirect is not followed', async () => {
    handler = (_request, response) => response.writeHead(302, { location: `${base.replace('127.0.0.1', 'localhost')}/elsewhere` }).end();
    expect(await failureOf(http().get('/x'))).toMatchObject({ kind: 'surprise', status: 302 });
    expect(requests).toEqual(['GET /x']);
  });

  test('never is not waited for', async () => {
    handler = () => undefined;
    expect(await failureOf(http({ call: 30, look: 10_000 }).send('POST', '/x', { json: {} }))).toMatchObject({ kind: 'unsure', code: 'ETIMEDOUT' });
    expect((await failureOf(http({ call: 30, look: 10_000 }).get('/x'))).kind).toBe('unavailable');
    expect((await failureOf(http({ call: 10_000, look: 30 }).look('/x'))).kind).toBe('unavailable');
  });

  test('never is not waited for by a process that ends: a write is left open, a read was not answered, and nothing is asked any more', async () => {
    const ending = new AbortController();
    const asked: string[] = [];
    let both: () => void = () => undefined;
    handler = ({ url = '' }) => {
      // What an earlier test was done with may still come.
      if (url.startsWith('/ending/') && asked.push(url) === 2) both();
    };
    const http = openHttp({ service: 'desk', base, headers: {}, secrets: [], complaints: () => ({}), world: { ...testWorld(() => now), ending: ending.signal } });
    const underWay = new Promise<void>((resolve) => {
      both = resolve;
    });
    const [write, read] = [failureOf(http.send('POST', '/ending/write', { json: {} })), failureOf(http.get('/ending/read'))];
    await underWay;
    ending.abort();
    expect([await write, await read]).toEqual([expect.objectContaining({ kind: 'unsure' }), expect.objectContaining({ kind: 'unavailable' })]);
    expect(await failureOf(http.send('POST', '/ending/late'))).toMatchObject({ kind: 'unavailable' });
    expect(asked.toSorted()).toEqual(['/ending/read', '/ending/write']);
  });

  test('with a form whose connection is cut in the middle leaves the write open, and nothing else', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'deskmesh-form-')), 'large');
    await writeFile(path, Buffer.alloc(8 * 1024 * 1024, 'x'));
    cutAtFirst = true;
    for (let i = 0; i < 5; i += 1) {
      const form = new FormData();
      form.append('attachments[]', await openAsBlob(path), 'large');
      expect((await failureOf(http().send('POST', '/x', { form }))).kind).toBe('unsure');
    }
    cutAtFirst = false;
    handler = (request, response) => response.end(JSON.stringify({ type: request.headers['content-type'] }));
    const form = new FormData();
    form.append('a', 'b');
    expect((await http().send('POST', '/x', { form, headers: { 'x-a': 'b' } })).body).toEqual({ type: expect.stringMatching(/^multipart\/form-data; boundary=/) });
    await rm(dirname(path), { recursive: true });
  });

  test('with a cut connection: a write goes out once, a read a few times', async () => {
    handler = (request) => request.socket.destroy();
    expect(await failureOf(http().send('POST', '/x', { json: {} }))).toMatchObject({ kind: 'unsure', status: null, code: 'ECONNRESET' });
    expect(requests).toEqual(['POST /x']);
    expect((await failureOf(http().get('/y'))).kind).toBe('unavailable');
    expect(requests).toEqual(['POST /x', 'GET /y', 'GET /y', 'GET /y']);
    expect((await failureOf(http().look('/z'))).kind).toBe('unavailable');
    expect(requests).toHaveLength(5);
  });
});

describe('the failure', () => {
  test.each<[string, Handler]>([
    ['an answer that repeats our header', (request, response) => response.writeHead(422, { 'content-type': 'text/plain' }).end(`no: ${request.headers.authorization}`)],
    ['a cut connection', (request) => void request.socket.destroy()],
    ['a redirect', (_request, response) => response.writeHead(301, { location: `http://localhost:9/?t=${SECRET}` }).end()],
  ])('of %s holds no credentials', async (_what, answer) => {
    handler = answer;
    const failure = await failureOf(http().send('POST', '/x', { json: {} }));
    for (const text of [failure.message, failure.stack ?? '', JSON.stringify(failure), inspect(failure, { depth: 10, showHidden: true })]) {
      expect(text).not.toContain(SECRET);
    }
    expect(failure.cause).toBeUndefined();
  });
});

describe('the budget', () => {
  const SPELLINGS: readonly (readonly [string, string])[] = [
    ['ratelimit-remaining', 'ratelimit-reset'],
    ['Rate-Limit-Remaining', 'Rate-Limit-Reset'],
    ['X-RateLimit-Remaining', 'X-RateLimit-Reset'],
  ];

  test.each(SPELLINGS)('used up (%s) lets nothing out until it is renewed', async (remaining, reset) => {
    const desk = http();
    handler = json({}, { [remaining]: '0.0', [reset]: '30' });
    await desk.get('/x');
    const failure = await failureOf(desk.send('POST', '/x', { json: {} }));
    expect(failure).toMatchObject({ kind: 'throttled', retryAt: now + 30_000 });
    expect(requests).toEqual(['GET /x']);
    now += 30_000;
    handler = json({}, { [remaining]: '10', [reset]: '30' });
    await desk.get('/y');
    await desk.get('/z');
    expect(requests).toEqual(['GET /x', 'GET /y', 'GET /z']);
  });

  test('without a time of renewal is not guessed at', async () => {
    const desk = http();
    handler = json({}, { 'x-ratelimit-remaining': '0' });
    await desk.get('/x');
    await desk.get('/y');
    expect(requests).toHaveLength(2);
  });

  test('is renewed within minutes, whatever the desk says', async () => {
    const desk = http();
    handler = json({}, { 'ratelimit-remaining': '0', 'ratelimit-reset': '99999999' });
    await desk.get('/x');
    expect((await failureOf(desk.get('/y'))).retryAt).toBe(now + 600_000);
  });
});
