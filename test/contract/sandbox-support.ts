/** What the sandbox's contract tests share: a plain client and a receiver of webhooks, both over real sockets. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SandboxDesk } from '../../src/sandbox/index.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed JSON, or undefined. */
  readonly body: unknown;
}

export interface Client {
  call(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

export const basic = (text: string): Readonly<Record<string, string>> => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });

/** A `body` that is text is sent as it stands. */
export const clientOf = (url: string, defaults: Readonly<Record<string, string>> = {}): Client => ({
  async call(method, path, body, headers = {}) {
    const response = await fetch(path.startsWith('http') ? path : url + path, {
      method,
      headers: { ...defaults, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      parsed = undefined;
    }
    return { status: response.status, headers: response.headers, text, body: parsed };
  },
});

/** The value at a path of keys, e.g. `at(body, 'tickets', 0, 'id')`. */
export function at(value: unknown, ...keys: readonly (string | number)[]): unknown {
  let found = value;
  for (const key of keys) found = typeof found === 'object' && found !== null ? (found as Record<string, unknown>)[key] : undefined;
  return found;
}

export function list(value: unknown, ...keys: readonly (string | number)[]): readonly unknown[] {
  const found = at(value, ...keys);
  if (!Array.isArray(found)) throw new Error(`no list at ${keys.join('.')}`);
  return found;
}

export interface Delivery {
  readonly headers: IncomingHttpHeaders;
  readonly raw: string;
  readonly body: unknown;
}

export interface Receiver {
  readonly url: string;
  readonly received: readonly Delivery[];
  /** Answers given to the next deliveries, one each; afterwards 200. */
  answerWith(...answers: readonly { readonly status: number; readonly headers?: Readonly<Record<string, string>> }[]): void;
  /** Resolves as soon as `count` deliveries have come in all. */
  until(count: number): Promise<readonly Delivery[]>;
  close(): Promise<void>;
}

export async function openReceiver(): Promise<Receiver> {
  const received: Delivery[] = [];
  const answers: { readonly status: number; readonly headers?: Readonly<Record<string, string>> }[] = [];
  let waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks).toString('utf8');
      received.push({ headers: request.headers, raw, body: JSON.parse(raw) });
      const answer = answers.shift() ?? { status: 200 };
      response.writeHead(answer.status, answer.headers);
      response.end();
      waiting = waiting.filter(({ count, resolve }) => {
        if (received.length < count) return true;
        resolve();
        return false;
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    answerWith: (...given) => void answers.push(...given),
    async until(count) {
      if (received.length < count) await new Promise<void>((resolve) => waiting.push({ count, resolve }));
      return received;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Asks the desk until its state is as wanted; every question is a request, so nothing sleeps. */
export async function untilState(client: Client, wanted: (state: unknown) => boolean): Promise<unknown> {
  for (;;) {
    const { body } = await client.call('GET', '/__sandbox/state?brief=true');
    if (wanted(body)) return body;
  }
}

/** The calls that most tests of the fake Zendesk make. */
export interface ZendeskClient {
  readonly bot: Client;
  readonly human: Client;
  create(ticket?: object, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** Creates and returns the id. */
  created(ticket?: object): Promise<number>;
  update(id: number, ticket: object): Promise<Answer>;
  show(id: number): Promise<unknown>;
  comments(id: number): Promise<readonly unknown[]>;
}

export function zendeskClient({ url, credentials, human }: SandboxDesk): ZendeskClient {
  const as = ({ email, token }: Readonly<Record<string, string>>): Client => clientOf(url, basic(`${email ?? ''}/token:${token ?? ''}`));
  const bot = as(credentials);
  const create: ZendeskClient['create'] = (ticket = {}, headers = {}) =>
    bot.call('POST', '/api/v2/tickets.json', { ticket: { subject: 'Printer', comment: { body: 'On fire' }, ...ticket } }, headers);
  return {
    bot,
    human: as(human),
    create,
    created: async (ticket = {}) => Number(at((await create(ticket)).body, 'ticket', 'id')),
    update: (id, ticket) => bot.call('PUT', `/api/v2/tickets/${id}`, { ticket }),
    show: async (id) => at((await bot.call('GET', `/api/v2/tickets/${id}.json`)).body, 'ticket'),
    comments: async (id) => list((await bot.call('GET', `/api/v2/tickets/${id}/comments.json`)).body, 'comments'),
  };
}
