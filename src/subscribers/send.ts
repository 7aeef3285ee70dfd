/** One attempt at an endpoint: bounded in time and bytes, signed already, and never into a network that the operator did not allow. */
import { Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP } from 'node:net';
import got from 'got';
import type { Delivered, Send } from '../ports/subscriber.ts';
import { PrivateAddress, type Network } from '../net/public-address.ts';

const PATIENCE = { lookup: 3_000, connect: 5_000, secureConnect: 5_000, send: 10_000, response: 15_000, request: 20_000 };
/** What is kept of an answer's body, and what is read of it at all. */
const KEPT_BYTES = 1_024;
const READ_BYTES = 64 * 1_024;

export interface SendOptions {
  /** Milliseconds, by phase. */
  readonly patience?: Partial<typeof PATIENCE>;
  /** Certificates of authorities, in PEM, instead of those that the platform knows. */
  readonly authorities?: string;
}

/** Connections to one endpoint that wait for the next message, and for how long. */
const KEPT_ALIVE = { keepAlive: true, maxFreeSockets: 16, timeout: 30_000 };

/** Never rejects. Redirects are answers like others and are not followed. A connection is checked when it is made, and kept for the next message. */
export function createSend(network: Network, { patience = PATIENCE, authorities }: SendOptions = {}): Send {
  const agent = { http: new HttpAgent(KEPT_ALIVE), https: new HttpsAgent(KEPT_ALIVE) };
  return async ({ url, headers, body }, signal) => {
    const target = URL.parse(url);
    if (target === null || !/^https?:$/.test(target.protocol)) return failed('the address is no web address');
    const host = target.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && !network.allows(host)) return failed(PRIVATE);
    const stopping = new AbortController();
    const stop = (): void => stopping.abort();
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted === true) stop();
    const stream = got.stream.post(target, {
      agent,
      body,
      headers: { 'user-agent': 'deskmesh', ...headers },
      timeout: patience,
      ...(authorities === undefined ? {} : { https: { certificateAuthority: authorities } }),
      retry: { limit: 0 },
      decompress: false,
      followRedirect: false,
      throwHttpErrors: false,
      signal: stopping.signal,
      // got's types know only its own form of the platform's look-up.
      dnsLookup: network.lookup.bind(network) as never,
    });
    const parts: Buffer[] = [];
    try {
      let read = 0;
      for await (const part of stream as AsyncIterable<Buffer>) {
        parts.push(part);
        read += part.length;
        if (read > READ_BYTES) break;
      }
      return stream.response === undefined ? failed('the connection ended without an answer') : answered(stream.response, parts);
    } catch (error) {
      // The status is the answer: whoever never ends its body has said it all the same.
      return stream.response === undefined || stopping.signal.aborted ? failed(reasonOf(error)) : answered(stream.response, parts);
    } finally {
      stream.destroy();
      signal?.removeEventListener('abort', stop);
    }
  };
}

function answered({ statusCode: status, headers }: Pick<IncomingMessage, 'headers'> & { readonly statusCode: number }, parts: readonly Buffer[]): Delivered {
  const read = Buffer.concat(parts).subarray(0, READ_BYTES);
  return { status, headers: plain(headers), body: read.subarray(0, KEPT_BYTES).toString('utf8'), read: read.toString('utf8'), failure: null, retryAfterMs: retryAfter(headers['retry-after']) };
}

const PRIVATE = 'the address leads into a private network: an operator can allow it with ALLOW_PRIVATE_SUBSCRIBERS';

function failed(failure: string): Delivered {
  return { status: null, headers: {}, body: '', read: '', failure, retryAfterMs: null };
}

function reasonOf(error: unknown): string {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  const code: unknown = Reflect.get(Object(error), 'code');
  if (error instanceof PrivateAddress || cause instanceof PrivateAddress || code === 'EPRIVATE') return PRIVATE;
  const phase: unknown = Reflect.get(Object(error), 'event');
  return `no answer: ${typeof code === 'string' ? code : 'the request failed'}${typeof phase === 'string' ? ` in phase ${phase}` : ''}`;
}

function plain(headers: Readonly<Record<string, string | string[] | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value).slice(0, 500)]])).slice(0, 50));
}

/** Seconds, or a date by the endpoint's own clock is not trusted: null. */
function retryAfter(header: string | undefined): number | null {
  return header !== undefined && /^\d{1,9}(\.\d+)?$/.test(header.trim()) ? Number(header) * 1_000 : null;
}
