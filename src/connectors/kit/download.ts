/** Fetches a file that a desk links to: as a stream, over a few redirects, and with our credentials for the desk's own host only. */
import { once } from 'node:events';
import { isIP } from 'node:net';
import got, { type Got, type OptionsInit, type Response } from 'got';
import { DeskFailure, type Download } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import { judge, unanswered, type Judging } from './failure.ts';
import { PrivateAddress, publicNetwork } from '../../net/public-address.ts';

const MOST_REDIRECTS = 3;
const PATIENCE = { lookup: 2_000, connect: 4_000, secureConnect: 4_000, response: 20_000, read: 20_000, request: 300_000 };

export interface Downloading {
  readonly service: string;
  /** The desk's own address: the one host that is given `headers`, and that may be on a private network. */
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly scrub: (text: string) => string;
  readonly world: World;
}

/** Rejects with `DeskFailure`: `missing` if the file is gone, `refused` if its link leads where nobody may be sent. */
export async function download(link: string, { service, base, headers, scrub, world }: Downloading): Promise<Download> {
  const judging = (): Judging => ({ service, scrub, write: false, now: world.now() });
  const home = new URL(base).origin;
  let url = parsed(link, base);
  for (let hop = 0; hop <= MOST_REDIRECTS; hop += 1) {
    const answer = await open(url, home, headers, judging, world.ending);
    const { statusCode, headers: told } = answer.response;
    const next = statusCode >= 300 && statusCode < 400 ? told.location : undefined;
    if (next !== undefined) {
      answer.stream.destroy();
      url = parsed(next, url.href);
      continue;
    }
    if (statusCode < 200 || statusCode >= 300) {
      answer.stream.destroy();
      throw judge({ status: statusCode, headers: told, text: '', body: undefined }, {}, judging());
    }
    const size = told['content-encoding'] === undefined ? Number(told['content-length'] ?? Number.NaN) : Number.NaN;
    return { stream: answer.stream, size: Number.isSafeInteger(size) ? size : null, content_type: told['content-type'] ?? null };
  }
  throw new DeskFailure('refused', `the link to a file is redirected more than ${MOST_REDIRECTS} times`);
}

function parsed(link: string, from: string): URL {
  const url = URL.canParse(link, from) ? new URL(link, from) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) throw new DeskFailure('refused', 'the link to a file is no web address');
  return url;
}

type Stream = ReturnType<Got['stream']>;

async function open(
  url: URL,
  home: string,
  headers: Readonly<Record<string, string>>,
  judging: () => Judging,
  ending: AbortSignal | undefined,
): Promise<{ readonly stream: Stream; readonly response: Response }> {
  const own = url.origin === home;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (!own && isIP(host) !== 0 && !publicNetwork.allows(host)) throw elsewhere();
  const options: OptionsInit & { isStream: true } = {
    isStream: true,
    headers: { 'user-agent': 'deskmesh', ...(own ? headers : {}) },
    timeout: PATIENCE,
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    ...(ending !== undefined && { signal: ending }),
    ...(own ? {} : { dnsLookup: publicNetwork.lookup as never }),
  };
  const stream = got.stream(url, options);
  try {
    const [response] = (await once(stream, 'response')) as [Response];
    return { stream, response };
  } catch (error) {
    stream.destroy();
    const cause: unknown = error instanceof Error ? error.cause : undefined;
    if (error instanceof PrivateAddress || cause instanceof PrivateAddress || Reflect.get(Object(error), 'code') === 'EPRIVATE') throw elsewhere();
    throw unanswered(error, judging());
  }
}

function elsewhere(): DeskFailure {
  return new DeskFailure('refused', 'the link to a file leads into a private network', { code: 'EPRIVATE' });
}
