/**
 * The one way out to a desk: a got instance per desk, bounded in time and in memory, that follows no redirect, repeats no
 * write and throws nothing but `DeskFailure`.
 */
import http, { Agent as HttpAgent, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import https, { Agent as HttpsAgent } from 'node:https';
import { Readable } from 'node:stream';
import got, { type Got, type Method, type OptionsOfTextResponseBody, type RequestFunction } from 'got';
import pRetry from 'p-retry';
import type { CallBudget } from '../../ports/call-budget.ts';
import { DeskFailure, type Download } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import { parseJson, type Answer } from './answer.ts';
import { download } from './download.ts';
import { judge, scrubber, unanswered, type Complaints, type Judging } from './failure.ts';

export { parseJson, type Answer };

export interface HttpOptions {
  readonly service: string;
  /** Put before every path. */
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What must never be seen in an error. */
  readonly secrets: readonly string[];
  readonly complaints: Complaints;
  readonly world: World;
  /** Milliseconds for a call, and for a look before a write. */
  readonly patience?: { readonly call: number; readonly look: number };
}

export interface Sending {
  readonly json?: unknown;
  /** A multipart form; its files stay on disk until it is sent. */
  readonly form?: FormData;
  /** Any other body, sent as it stands. Give its `content-type` in `headers`, and its `content-length` where it is a stream. */
  readonly body?: string | Buffer | AsyncIterable<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Http {
  /** A read, tried a few times within about two seconds. */
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** A read on the way to a write: once and briefly, so that the write still ends within `CALL_TIMEOUT_MS`. */
  look(path: string): Promise<Answer>;
  /** A write: sent exactly once. */
  send(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, sending?: Sending): Promise<Answer>;
  /** Fetches a file by its link; our credentials go along only if asked for, and then to the desk's own host only. */
  download(link: string, options: { readonly credentials: boolean }): Promise<Download>;
  /** What the answers last told of the account's budget of calls; null where they told nothing. */
  budget(): CallBudget | null;
}

/** The longest that a write can take with the (at most two) looks that come before it. */
export const CALL_TIMEOUT_MS = 20_000;
const PATIENCE = { call: 14_000, look: 2_500 };
/** As many as may be in use are kept: a call on a connection that is there costs half of one that has to make its own. */
const MOST_SOCKETS = 64;
const READ_TRIES = 3;
const RETRY_WITHIN_MS = 2_000;
const RETRY_PAUSE_MS = 150;
const MOST_BYTES = 16 * 1024 * 1024;
const LONGEST_BUDGET_WAIT_S = 600;

/** Files take longer than words. */
export const UPLOAD_TIMEOUT_MS = 150_000;
const UPLOADING = { send: 120_000, request: UPLOAD_TIMEOUT_MS - 5_000 };
const PHASES = { lookup: 2_000, connect: 4_000, secureConnect: 4_000, send: 10_000, response: 13_000 };

export function openHttp(options: HttpOptions): Http {
  const { service, base, complaints, world, patience = PATIENCE } = options;
  const judgingBase = { service, scrub: scrubber(options.secrets) };
  const budget = openBudget(world, service);
  const sockets = { keepAlive: true, maxSockets: MOST_SOCKETS, maxFreeSockets: MOST_SOCKETS, timeout: 30_000 };
  const agents = { http: new HttpAgent(sockets), https: new HttpsAgent(sockets) };
  const cut = (): void => Object.values(agents).forEach((agent) => agent.destroy());
  world.ending?.addEventListener('abort', cut, { once: true });
  const client: Got = got.extend({
    agent: agents,
    headers: { accept: 'application/json', 'user-agent': 'deskmesh', ...options.headers },
    timeout: { ...PHASES, request: patience.call },
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    responseType: 'text',
    request: requestLean,
  });

  const call = async (method: Method, path: string, sending: Sending, brief: boolean): Promise<Answer> => {
    if (world.ending?.aborted === true) throw new DeskFailure('unavailable', 'not called: this process is about to end');
    budget.check();
    const write = method !== 'GET';
    const request: OptionsOfTextResponseBody = { method };
    if (sending.json !== undefined) request.json = sending.json;
    else if (sending.form !== undefined) Object.assign(request, await encoded(sending.form, sending.headers));
    else if (sending.body !== undefined) request.body = plain(sending.body) ? sending.body : Readable.from(sending.body, { objectMode: false });
    if (sending.form !== undefined || (sending.body !== undefined && !plain(sending.body))) request.timeout = { ...PHASES, ...UPLOADING };
    if (sending.headers !== undefined && sending.form === undefined) request.headers = sending.headers;
    if (brief) request.timeout = { request: patience.look };
    let answer: Answer;
    let bound: Bound | null = null;
    try {
      bound = write ? boundPlain(client(base + path, { ...request, decompress: false })) : boundPacked(client, base + path, request);
      const response = await bound.answering;
      const text = response.body;
      answer = { status: response.statusCode, headers: response.headers, text, body: parseJson(text) };
    } catch (error) {
      if (bound?.exceeded() === true) throw new DeskFailure('surprise', `${service} answered more than ${MOST_BYTES} bytes`);
      throw unanswered(error, { ...judgingBase, write, now: world.now() });
    }
    budget.note(answer.headers);
    if (answer.status >= 200 && answer.status < 300) return answer;
    const judging: Judging = { ...judgingBase, write, now: world.now() };
    throw judge(answer, complaints(answer), judging);
  };

  return {
    get(path, headers) {
      const sending = headers === undefined ? {} : { headers };
      const began = world.now();
      return pRetry(() => call('GET', path, sending, false), {
        retries: READ_TRIES - 1,
        minTimeout: 0,
        shouldRetry: async ({ error, attemptNumber }) => {
          if (!(error instanceof DeskFailure) || error.kind !== 'unavailable') return false;
          const pause = RETRY_PAUSE_MS * 2 ** (attemptNumber - 1) * (1 + world.random());
          if (world.now() + pause - began > RETRY_WITHIN_MS) return false;
          await world.sleep(pause);
          return true;
        },
      });
    },
    look: (path) => call('GET', path, {}, true),
    send: (method, path, sending = {}) => call(method, path, sending, false),
    budget: () => budget.told(),
    download: (link, { credentials }) => {
      budget.check();
      return download(link, { service, base, headers: credentials ? options.headers : {}, scrub: judgingBase.scrub, world });
    },
  };
}

/**
 * A form as it goes over the wire, whole: it is bounded by what its desk takes. A form that were streamed would end the process if
 * its connection broke, since the platform's stream of a file fails outside of every promise then.
 */
async function encoded(form: FormData, headers: Sending['headers'] = {}): Promise<{ readonly body: Buffer; readonly headers: Record<string, string> }> {
  const whole = new Response(form);
  return { body: Buffer.from(await whole.arrayBuffer()), headers: { ...headers, 'content-type': whole.headers.get('content-type') ?? '' } };
}

function plain(body: NonNullable<Sending['body']>): body is string | Buffer {
  return typeof body === 'string' || Buffer.isBuffer(body);
}

/** A call whose answer's length is watched. */
interface Bound {
  readonly answering: ReturnType<typeof requestText>;
  exceeded(): boolean;
}

/** got names some fifty options for every call, nearly all of them undefined, and Node copies what is named three times: a tenth of a call's cost. */
const requestLean: RequestFunction = (url, options, callback) => {
  const told: RequestOptions & Record<string, unknown> = {};
  for (const name in options) {
    const value = (options as Record<string, unknown>)[name];
    if (value !== undefined) told[name] = value;
  }
  return (url.protocol === 'https:' ? https : http).request(url, told, callback);
};

const requestText = (client: Got, url: string, request: OptionsOfTextResponseBody) => client(url, request);

/** A write's answer is short and comes as it is; where its length is told, nothing has to be counted. */
function boundPlain(answering: Bound['answering']): Bound {
  let exceeded = false;
  void answering.on('request', (asked) => {
    asked.once('response', ({ headers }) => {
      const stop = (): void => {
        exceeded = true;
        asked.destroy();
      };
      const told = Number(headers['content-length']);
      if (told > MOST_BYTES) stop();
      else if (!(told <= MOST_BYTES)) void answering.on('downloadProgress', ({ transferred }) => transferred > MOST_BYTES && stop());
    });
  });
  return { answering, exceeded: () => exceeded };
}

/** A list is long and comes packed if the desk can: what counts is its length unpacked. */
function boundPacked(client: Got, url: string, request: OptionsOfTextResponseBody): Bound {
  const bounds = new AbortController();
  const answering = requestText(client, url, { ...request, signal: bounds.signal });
  void answering.on('downloadProgress', ({ transferred, total }) => {
    if (transferred > MOST_BYTES || (total ?? 0) > MOST_BYTES) bounds.abort();
  });
  return { answering, exceeded: () => bounds.signal.aborted };
}

interface Budget {
  /** Fails fast while the desk has said that no calls are left. */
  check(): void;
  note(headers: IncomingHttpHeaders): void;
  told(): CallBudget | null;
}

const REMAINING = ['ratelimit-remaining', 'rate-limit-remaining', 'x-rate-limit-remaining', 'x-ratelimit-remaining'];
const LIMIT = ['ratelimit-limit', 'rate-limit', 'x-rate-limit', 'x-rate-limit-limit', 'x-ratelimit-limit', 'x-ratelimit-total'];
const RESET = ['ratelimit-reset', 'rate-limit-reset', 'x-rate-limit-reset', 'x-ratelimit-reset'];

/** The account's rate budget as the desk's headers last told it, in any of the spellings seen. */
function openBudget(world: World, service: string): Budget {
  let closedUntil = 0;
  let told: CallBudget | null = null;
  const number = (headers: IncomingHttpHeaders, names: readonly string[]): number => {
    for (const name of names) {
      const value = headers[name];
      if (typeof value === 'string') return Number.parseFloat(value);
    }
    return Number.NaN;
  };
  return {
    check() {
      if (world.now() >= closedUntil) return;
      throw new DeskFailure('throttled', `${service} said that no calls are left for now`, { retryAt: closedUntil });
    },
    told: () => told,
    note(headers) {
      const left = number(headers, REMAINING);
      const limit = number(headers, LIMIT);
      if (limit > 0 && !Number.isNaN(left)) told = { limit, left: Math.max(0, left), at: world.now() };
      if (!(left <= 0)) return;
      const reset = number(headers, RESET);
      if (!(reset > 0)) return;
      // Some desks give the moment in epoch seconds, others the seconds until then.
      const seconds = reset > 1_000_000_000 ? reset - world.now() / 1000 : reset;
      closedUntil = world.now() + Math.min(Math.max(seconds, 0), LONGEST_BUDGET_WAIT_S) * 1000;
    },
  };
}
