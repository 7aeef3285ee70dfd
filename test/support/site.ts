/** The real HTTP side on a free port, and bare senders for it. */
import { afterEach, expect } from '@jest/globals';
import http from 'node:http';
import net from 'node:net';
import type { Receiver } from '../../src/engine/receive.ts';
import { createHttp, type HttpParts } from '../../src/http/app.ts';
import type { Health } from '../../src/http/health.ts';
import { listen, type Listening } from '../../src/http/server.ts';
import { fakeWorld, rig, signed, TOKEN, type FakeWorld, type Rig } from './hook-fixture.ts';

export const BODY = '{"id":"evt_1","ticket":{"id":"t1"}}';
export const HOOK = `/hooks/7/${TOKEN}`;
export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
export const WELL: Health = { database: { ok: true }, queue: { ok: true }, accounts: [] };

const open: Listening[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

export type Site = Listening & { readonly world: FakeWorld };

export async function site(parts: Partial<HttpParts> & { world?: FakeWorld; graceMs?: number } = {}): Promise<Site> {
  const world = parts.world ?? fakeWorld();
  const receiver: Receiver = { receive: () => Promise.resolve({ status: 202, body: { receipt: 'r1', status: 'accepted' } }) };
  const app = createHttp({ receiver, health: () => Promise.resolve(WELL), ...parts, world });
  const server = await listen({ app, host: '127.0.0.1', port: 0, graceMs: parts.graceMs ?? 1000, world });
  open.push(server);
  return { ...server, world };
}

/** With the real receiver behind it. */
export async function realSite(parts: Partial<HttpParts> = {}, made: Rig = rig()): Promise<Site & Pick<Rig, 'kept'>> {
  return { ...(await site({ ...parts, receiver: made.receiver, world: made.world })), kept: made.kept };
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

export interface Sending {
  readonly method?: string;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

export function send(url: string, { method = 'POST', headers = {}, body }: Sending = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers: { ...lengthOf(body), ...headers }, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Node announces no length for the body of a GET, and then sends one all the same. */
function lengthOf(body: string | Buffer | undefined): http.OutgoingHttpHeaders {
  return body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
}

export const deliver = (server: Listening, body: string | Buffer, headers: Record<string, string> = signed(body)) =>
  send(`${server.url}${HOOK}`, { body, headers });

/** Bytes as they are on a bare connection; what came back when it ended. `onText` sees the answer grow. */
export function raw(server: Listening, bytes: string, onText: (text: string, socket: net.Socket) => void = () => {}): Promise<string> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(server.url);
    const socket = net.connect(Number(port), hostname, () => socket.write(bytes));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
      onText(text, socket);
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
}

export function fault(answer: Answer): Record<string, unknown> {
  expect(answer.headers['content-type']).toBe('application/json');
  const error = JSON.parse(answer.text) as Record<string, unknown>;
  expect(error).toEqual({
    status_code: answer.status,
    error_code: expect.any(String),
    message: expect.any(String),
    id: expect.stringMatching(UUID),
    ...('faults' in error ? { faults: expect.any(Array) } : {}),
  });
  expect(answer.headers['x-request-id']).toBe(error['id']);
  expect(answer.text).not.toMatch(/\bat .*:\d+:\d+|node_modules|\.ts\b/);
  expect(answer.text).not.toContain(TOKEN);
  return error;
}
