/** Three desks that do nothing but answer a create and remember when each ticket reached them; so the cost measured is not theirs. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const SIGNING_SECRET = `whsec_${Buffer.from('a bench secret of thirty-two b..').toString('base64')}`;

export interface Sinks {
  readonly urls: { readonly zendesk: string; readonly freshdesk: string; readonly helpdesk: string };
  /** Forgets what arrived, and waits for `count` events to reach all three. */
  expect(count: number): Promise<void>;
  /** When event number `n` reached the last of the three (milliseconds of `performance.now`), by number. */
  arrivals(): ReadonlyMap<number, number>;
  close(): void;
}

interface Arrival {
  count: number;
  last: number;
}

export async function startSinks(): Promise<Sinks> {
  const seen = new Map<number, Arrival>();
  let complete = 0;
  let wanted = Infinity;
  let done: () => void = () => undefined;
  // Ids never repeat, also across restarts of the bench on one database.
  let nextId = Date.now() * 10;

  /** What each desk holds, for whoever looks at it again. */
  const held = new Map<string, unknown>();
  const arrive = (subject: string): number => {
    const n = Number(/#(\d+)/.exec(subject)?.[1] ?? -1);
    const arrival = seen.get(n) ?? { count: 0, last: 0 };
    arrival.count += 1;
    arrival.last = performance.now();
    seen.set(n, arrival);
    if (arrival.count === 3) {
      complete += 1;
      if (complete >= wanted) done();
    }
    nextId += 1;
    return nextId;
  };

  const servers: Server[] = [];
  const start = async (answer: Answer): Promise<string> => {
    const server = createServer((request, response) => void serve(request, response, answer));
    servers.push(server);
    server.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  const urls = {
    zendesk: await start((method, path, body) => zendesk(method, path, body, arrive, held)),
    freshdesk: await start((method, path, body) => freshdesk(method, path, body, arrive, held)),
    helpdesk: await start((method, path, body) => helpdesk(method, path, body, arrive, held)),
  };
  return {
    urls,
    expect(count) {
      seen.clear();
      complete = 0;
      wanted = count;
      return new Promise((resolve) => {
        done = resolve;
      });
    },
    arrivals: () => new Map([...seen].filter(([, { count }]) => count >= 3).map(([n, { last }]) => [n, last])),
    close() {
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
}

type Answer = (method: string, path: string, body: Record<string, Record<string, unknown>>) => readonly [number, unknown];
type Arrive = (subject: string) => number;
type Held = Map<string, unknown>;

/** The last part of a path that names one ticket. */
const idIn = (path: string): string => /\/tickets\/(\w+)/.exec(path)?.[1] ?? '';

async function serve(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const [status, body] = answer(request.method ?? 'GET', request.url ?? '/', text === '' ? {} : (JSON.parse(text) as never));
  const out = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(out) });
  response.end(out);
}

const NOW = '2026-01-01T00:00:00Z';

/** The ticket that event number `n` tells of, as its desk shows it. */
export function sourceTicket(n: number): Readonly<Record<string, unknown>> {
  const time = new Date(Date.UTC(2026, 0, 1) + n).toISOString();
  return {
    id: `tkt_src${n}`, subject: `Printer on fire #${n}`, status: 'open', priority: 'high', type: 'incident', assigneeId: null,
    requesterEmail: 'customer@example.com', requesterName: 'Jane Doe', tags: ['billing', 'urgent'],
    customFields: [{ id: 'cf_description', value: 'It burns. '.repeat(40) }], createdAt: time, updatedAt: time,
  };
}

function zendesk(method: string, path: string, body: Record<string, Record<string, unknown>>, arrive: Arrive, held: Held): readonly [number, unknown] {
  if (method === 'POST' && /\/tickets(\.json)?$/.test(path)) {
    const sent = body['ticket'] ?? {};
    const id = arrive(String(sent['subject']));
    const ticket = {
      id, subject: sent['subject'], description: 'x', status: 'open', priority: sent['priority'] ?? null, type: sent['type'] ?? null,
      tags: sent['tags'] ?? [], external_id: sent['external_id'] ?? null, requester_id: 7, assignee_id: null, created_at: NOW, updated_at: NOW,
    };
    held.set(String(id), ticket);
    return [201, { ticket, audit: { id: 1, events: [] } }];
  }
  if (held.has(idIn(path))) return [200, path.includes('/comments') ? { comments: [], meta: { has_more: false } } : { ticket: held.get(idIn(path)), users: [] }];
  if (path.includes('/signing_secret')) return [200, { signing_secret: { secret: 's'.repeat(44), algorithm: 'SHA256' } }];
  if (path.includes('/webhooks')) return method === 'POST' ? [201, { webhook: { id: 'w1', ...body['webhook'] } }] : [200, { webhooks: [], meta: { has_more: false } }];
  if (path.includes('/incremental/')) return [200, { tickets: [], after_cursor: 'c', end_of_stream: true }];
  return [200, { tickets: [], ticket_fields: [], groups: [], organizations: [], meta: { has_more: false }, users: [] }];
}

function freshdesk(method: string, path: string, body: Record<string, unknown>, arrive: Arrive, held: Held): readonly [number, unknown] {
  if (method === 'POST' && path.endsWith('/tickets')) {
    const id = arrive(String(body['subject']));
    const ticket = { ...body, id, description: body['description'] ?? '<div></div>', requester_id: 9, responder_id: null, custom_fields: {}, created_at: NOW, updated_at: NOW };
    held.set(String(id), ticket);
    return [201, ticket];
  }
  if (held.has(idIn(path))) return [200, path.includes('/conversations') ? [] : held.get(idIn(path))];
  if (path.includes('/contacts/')) return [200, { id: 9, name: 'Jane Doe', email: 'customer@example.com' }];
  return [200, []];
}

function helpdesk(method: string, path: string, body: Record<string, Record<string, unknown>>, arrive: Arrive, held: Held): readonly [number, unknown] {
  if (method === 'POST' && path.endsWith('/tickets')) {
    const sent = body['ticket'] ?? {};
    const id = `tkt_${arrive(String(sent['subject']))}`;
    const ticket = { assigneeId: null, customFields: [], ...sent, id, createdAt: NOW, updatedAt: NOW };
    held.set(id, ticket);
    return [201, { ticket }];
  }
  const source = /tkt_src(\d+)/.exec(idIn(path));
  if (source !== null) return [200, { ticket: sourceTicket(Number(source[1])) }];
  if (held.has(idIn(path))) return [200, { ticket: held.get(idIn(path)) }];
  if (path.includes('/webhooks')) {
    return method === 'POST' ? [201, { webhook: { id: 'whk_1', active: true, ...body['webhook'], signingSecret: SIGNING_SECRET } }] : [200, { webhooks: [], meta: { pageSize: 25, hasMore: false } }];
  }
  return [200, { tickets: [], ticketFields: [], meta: { pageSize: 25, hasMore: false }, links: {} }];
}
