import { describe, expect, test } from '@jest/globals';
import net from 'node:net';
import type Koa from 'koa';
import { AppError } from '../../src/errors.ts';
import { rig, signed, TOKEN } from '../support/hook-fixture.ts';
import { BODY, deliver, fault, HOOK, raw, realSite, send, site, UUID, type Sending } from '../support/site.ts';

describe('a webhook', () => {
  test('is answered 202 with exactly application/json, with or without a trailing slash', async () => {
    const server = await realSite();
    const answer = await deliver(server, BODY);
    expect([answer.status, answer.headers['content-type'], JSON.parse(answer.text)]).toEqual([202, 'application/json', { receipt: 'r1', status: 'accepted' }]);
    expect(answer.headers['x-request-id']).toMatch(UUID);
    const again = await send(`${server.url}${HOOK}/?a=1`, { body: BODY, headers: signed(BODY) });
    expect([again.status, JSON.parse(again.text)]).toEqual([200, { receipt: 'r1', status: 'repeated' }]);
    expect(server.world.lines.filter(({ level }) => level !== 'debug')).toEqual([]);
  });

  test('reaches the receiver with its bytes, headers and query', async () => {
    const seen: unknown[] = [];
    const server = await site({
      receiver: { receive: (...all) => { seen.push(...all); return Promise.resolve({ status: 200, body: 'pong' }); } },
    });
    const headers = { 'content-type': 'application/json;charset="UTF-8"', 'X-Some': 'a', 'set-cookie': ['a', 'b'] };
    const answer = await send(`${server.url}/hooks/12/tok?a=1&b=%20`, { body: ' {}\n', headers });
    expect([answer.status, answer.text, answer.headers['content-type']]).toEqual([200, 'pong', 'text/plain; charset=utf-8']);
    expect(seen).toEqual([12, 'tok', { rawBody: Buffer.from(' {}\n'), query: { a: '1', b: ' ' }, headers: expect.objectContaining({ 'x-some': 'a' }) }]);
  });

  test.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON;Charset=UTF8', 'application/vnd.desk+json'])('may be of type %s', async (type) => {
    const server = await realSite();
    expect((await deliver(server, BODY, { ...signed(BODY), 'content-type': type })).status).toBe(202);
  });

  test('that comes in pieces is put together', async () => {
    const server = await realSite();
    const head = Object.entries(signed(BODY)).map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const chunks = [...BODY].map((char) => `1\r\n${char}\r\n`).join('');
    const text = await raw(server, `POST ${HOOK} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${head}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 202 /);
  });
});

describe('bad input is answered in the error shape, kept nowhere, and logged in one line without the token', () => {
  const json = { 'content-type': 'application/json' };
  const typed = (type: string) => ({ body: BODY, headers: { ...signed(BODY), 'content-type': type } });
  const genuine = (body: string | Buffer) => ({ body, headers: signed(body) });

  const cases: [string, number, string, string, Sending, RegExp][] = [
    ['malformed JSON', 400, 'bad_request', HOOK, genuine('{"id" 1}'), /line 1, column 7, a colon is due/],
    ['truncated JSON', 400, 'bad_request', HOOK, genuine(BODY.slice(0, -3)), /ends after 32 characters/],
    ['deeply nested JSON', 400, 'bad_request', HOOK, genuine('{"a":'.repeat(100_000)), /deeper than 64 levels/],
    ['invalid UTF-8', 400, 'bad_request', HOOK, genuine(Buffer.from([0x22, 0xc0, 0x22])), /not valid UTF-8/],
    ['an empty body', 400, 'bad_request', HOOK, { headers: { ...json, 'content-length': '0' } }, /body is empty/],
    ['a wrong charset', 415, 'unsupported_media_type', HOOK, typed('application/json; charset=iso-8859-1'), /charset iso-8859-1 is not taken/],
    ['a form', 415, 'unsupported_media_type', HOOK, typed('application/x-www-form-urlencoded'), /application\/x-www-form-urlencoded is not taken/],
    ['no content type', 415, 'unsupported_media_type', HOOK, { body: BODY }, /Content-Type header is missing/],
    ['a compressed body', 415, 'unsupported_media_type', HOOK, { body: BODY, headers: { ...signed(BODY), 'content-encoding': 'gzip' } }, /content encoding gzip/],
    ['an unknown account', 404, 'not_found', `/hooks/8/${TOKEN}`, genuine(BODY), /no such hook/],
    ['a wrong token', 404, 'not_found', '/hooks/7/nonsense', genuine(BODY), /no such hook/],
    ['no token', 404, 'not_found', '/hooks/7', genuine(BODY), /no such hook/],
    ['an account that is no number', 404, 'not_found', `/hooks/x/${TOKEN}`, genuine(BODY), /no such hook/],
    ['a missing signature', 401, 'unauthorized', HOOK, { body: BODY, headers: json }, /x-toy-signature is missing/],
    ['an old signature', 401, 'unauthorized', HOOK, { body: BODY, headers: signed(BODY, 1_600_000_000) }, /seconds old/],
    ['a wrong signature', 401, 'unauthorized', HOOK, { body: BODY, headers: signed('{}') }, /fits none/],
    ['a GET with a body', 405, 'method_not_allowed', HOOK, { ...genuine(BODY), method: 'GET' }, /by POST only/],
    ['a PUT', 405, 'method_not_allowed', HOOK, { ...genuine(BODY), method: 'PUT' }, /by POST only/],
  ];
  test.each(cases)('%s: %d', async (_name, status, code, path, sending, message) => {
    const server = await realSite();
    const answer = await send(`${server.url}${path}`, sending);
    expect(answer.status).toBe(status);
    expect(fault(answer)).toMatchObject({ error_code: code, message: expect.stringMatching(message) });
    if (status === 405) expect(answer.headers.allow).toBe('POST');
    expect(server.kept).toEqual([]);
    expect(server.world.lines).toEqual([{ level: 'warn', event: 'webhook.rejected', fields: expect.objectContaining({ status, request_id: answer.headers['x-request-id'] }) }]);
    expect(JSON.stringify(server.world.lines)).not.toContain(TOKEN);
  });

  test('a body that does not fit: 422 with the faults, and a parked receipt', async () => {
    const server = await realSite();
    const answer = await deliver(server, '{"id":1,"ticket":{"id":"t1"}}');
    expect(answer.status).toBe(422);
    expect(fault(answer)['faults']).toEqual([{ path: '/id', message: 'This must be a string, not a number.' }]);
    expect(server.kept).toMatchObject([{ state: 'parked' }]);
  });

  test('NUL and half a surrogate pair in a ticket id: 422, and a parked receipt', async () => {
    for (const id of [String.raw`a\u0000`, String.raw`\ud800`]) {
      const server = await realSite();
      expect((await deliver(server, `{"id":"e","ticket":{"id":"${id}"}}`)).status).toBe(422);
      expect(server.kept).toMatchObject([{ state: 'parked', ticket_id: null }]);
    }
  });

  test('NUL and half a surrogate pair in other texts are taken', async () => {
    const server = await realSite();
    expect((await deliver(server, String.raw`{"id":"e","ticket":{"id":"t1"},"subject":"\u0000\udfff"}`)).status).toBe(202);
  });
});

describe('a body that is too large', () => {
  test('by its announced length is refused with 413, and the sender gets to read it', async () => {
    const server = await realSite();
    const answer = await deliver(server, Buffer.alloc(2 * 1024 * 1024 + 1, ' '));
    expect(answer.status).toBe(413);
    expect(fault(answer)).toMatchObject({ error_code: 'payload_too_large', message: expect.stringContaining('2097152 bytes') });
    expect(server.kept).toEqual([]);
  });

  test('in chunks is refused as soon as it is', async () => {
    const server = await realSite({ maxBodyBytes: 100 });
    const text = await raw(
      server,
      `POST ${HOOK} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n${'x'.repeat(101)}\r\n`,
      (_text, socket) => socket.end(),
    );
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('just not is taken', async () => {
    const server = await realSite({ maxBodyBytes: BODY.length });
    expect((await deliver(server, BODY)).status).toBe(202);
  });

  test('leaves the connection usable once the rest has run dry', async () => {
    const server = await realSite({ maxBodyBytes: 100 });
    const first = `POST ${HOOK} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n${'x'.repeat(500)}`;
    const text = await raw(server, `${first}GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200']);
  });
});

describe('a sender that stops in mid-upload', () => {
  const half = `POST ${HOOK} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"id"`;

  test('slowly: 408, and the connection is closed', async () => {
    const server = await realSite({ bodyTimeoutMs: 20 });
    const text = await raw(server, half);
    expect(text).toMatch(/^HTTP\/1\.1 408 [^]*Connection: close[^]*"error_code":"request_timeout"/i);
    expect(server.kept).toEqual([]);
  });

  test('by going away: nothing is kept, and nothing is logged above debug', async () => {
    const server = await realSite();
    const aborted = server.world.logged('webhook.aborted');
    const { hostname, port } = new URL(server.url);
    const socket = net.connect(Number(port), hostname);
    socket.write(half, () => socket.destroy());
    await aborted;
    expect(server.kept).toEqual([]);
    expect(server.world.lines.filter(({ level }) => level !== 'debug')).toEqual([]);
    expect((await deliver(server, BODY)).status).toBe(202);
  });
});

describe('failures behind the door', () => {
  test('a store that is away: 503 with Retry-After, the cause only in the log', async () => {
    const cause = new Error('ECONNREFUSED 10.0.0.1');
    const server = await realSite({}, rig({ intake: { accept: () => Promise.reject(cause) } }));
    const answer = await deliver(server, BODY);
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5']);
    expect(fault(answer)).toMatchObject({ error_code: 'service_not_available' });
    expect(answer.text).not.toContain('ECONNREFUSED');
    expect(server.world.lines).toEqual([{ level: 'error', event: 'http.failed', fields: { request_id: answer.headers['x-request-id'], error_code: 'service_not_available', err: cause } }]);
  });

  test.each([
    ['an unexpected error', new TypeError('x of undefined')],
    ['a fault of configuration', new AppError('configuration', 'secret detail')],
    ['something that is no error', 'oops'],
  ])('%s: 500 with a generic sentence', async (_name, thrown) => {
    const server = await site({ receiver: { receive: () => Promise.reject(thrown) } });
    const answer = await deliver(server, BODY);
    expect([answer.status, answer.headers['content-type']]).toEqual([500, 'application/json']);
    expect(fault(answer)).toMatchObject({ error_code: 'internal_error', message: expect.not.stringMatching(/undefined|secret|oops/) });
    expect(server.world.lines.at(-1)).toMatchObject({ level: 'error', fields: { err: thrown } });
  });

  test('errors of Koa’s own are answered in our shape', async () => {
    const routes: Koa.Middleware[] = [(ctx) => ctx.throw(ctx.path === '/gone' ? 410 : 400, 'odd path')];
    const server = await site({ routes });
    expect(fault(await send(`${server.url}/odd`))).toMatchObject({ status_code: 400, error_code: 'bad_request', message: 'odd path' });
    expect(fault(await send(`${server.url}/gone`))).toMatchObject({ status_code: 500, error_code: 'internal_error' });
  });

  test('an unknown path is 404 in our shape', async () => {
    const server = await site();
    expect(fault(await send(`${server.url}/nowhere?x=1`, { method: 'GET' }))).toMatchObject({ error_code: 'not_found', message: expect.stringContaining('/nowhere') });
  });

  test('what is not HTTP gets a plain 400 and the end of its connection', async () => {
    const server = await site();
    expect(await raw(server, 'NONSENSE\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nConnection: close[^]*not a valid HTTP request/);
    expect(await raw(server, `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
    expect((await send(`${server.url}/healthz`, { method: 'GET' })).status).toBe(200);
  });
});
