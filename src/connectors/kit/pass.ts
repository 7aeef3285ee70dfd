/**
 * Somebody's own call to a desk, made with the account's credentials: to the desk's own host and nowhere else, sent once, no redirect
 * followed, and whatever the desk answers is the answer.
 */
import got, { type Method } from 'got';
import { DeskFailure, type RawAnswer, type RawCall } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import { scrubber, unanswered } from './failure.ts';

export interface Passing {
  readonly service: string;
  /** The desk's address: its origin is where every call goes. */
  readonly base: string;
  /** What the account says who it is with, by the path that is called. They win over the call's own. */
  headersFor(path: string): Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly world: World;
}

const MOST_BYTES = 16 * 1024 * 1024;
const PATIENCE = { lookup: 2_000, connect: 4_000, secureConnect: 4_000, send: 30_000, response: 30_000, request: 60_000 };

/** Rejects with `DeskFailure` where there is no answer, `unsure` where the call may have done something. */
export function openPass({ service, base, headersFor, secrets, world }: Passing): (call: RawCall) => Promise<RawAnswer> {
  const { origin } = new URL(base);
  const scrub = scrubber(secrets);

  return async ({ method, path, headers, body }) => {
    const url = path.startsWith('/') ? URL.parse(path, origin) : null;
    if (url === null || url.origin !== origin) throw new DeskFailure('refused', 'this is no path of the desk');
    const bounds = new AbortController();
    try {
      const answering = got(url, {
        method: method as Method,
        headers: { 'user-agent': 'deskmesh', accept: '*/*', ...headers, ...headersFor(url.pathname) },
        ...(body !== null && { body: Buffer.from(body.buffer, body.byteOffset, body.byteLength) }),
        timeout: PATIENCE,
        retry: { limit: 0 },
        followRedirect: false,
        throwHttpErrors: false,
        allowGetBody: true,
        responseType: 'buffer',
        signal: bounds.signal,
      });
      void answering.on('downloadProgress', ({ transferred, total }) => {
        if (transferred > MOST_BYTES || (total ?? 0) > MOST_BYTES) bounds.abort();
      });
      const response = await answering;
      return { status: response.statusCode, headers: told(response.headers), body: response.body };
    } catch (error) {
      if (bounds.signal.aborted) throw new DeskFailure('surprise', `${service} answered more than ${MOST_BYTES} bytes`);
      throw unanswered(error, { service, scrub, write: method !== 'GET' && method !== 'HEAD', now: world.now() });
    }
  };
}

/** The body is unpacked already, so what is said of its packing and length is no longer true. */
function told(headers: Readonly<Record<string, string | string[] | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || ['content-encoding', 'content-length', 'transfer-encoding', 'connection', 'set-cookie'].includes(name) ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}
