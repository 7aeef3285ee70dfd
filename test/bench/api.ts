/**
 * The unified API beside the same call made straight at a sandbox desk, both with got over one kept connection, in pairs: what a
 * caller pays for having one API. A unified call may need more than one of the desk's own; how many is told as well.
 */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { join } from 'node:path';
import got, { type Got } from 'got';
import { median, type Row } from './measure.ts';
import { start, urlOf, type Running } from './process.ts';

export interface ApiRow {
  readonly service: string;
  readonly call: string;
  /** Milliseconds a call. */
  readonly ours: number;
  readonly straight: number;
  readonly ratio: number;
  /** `ours - straight`. */
  readonly overhead: number;
  /** The desk's own calls that one call of ours makes. */
  readonly deskCalls: number;
}

export interface ApiBench {
  readonly databaseUrl: string;
  readonly folder: string;
  readonly rounds: number;
  /** Pairs of calls in a round. */
  readonly calls: number;
}

interface SandboxLine {
  readonly service: string;
  readonly url: string;
  readonly credentials: Readonly<Record<string, string>>;
}

interface Sending {
  readonly path: string;
  readonly json?: object;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a program of one's own would send to this desk. */
interface Native {
  headers(credentials: Readonly<Record<string, string>>): Readonly<Record<string, string>>;
  /** What the account needs to know of the desk. */
  readonly settings?: object;
  show(id: string): string;
  create(subject: string): Sending;
}

const TOKEN = 'a-token-that-only-the-bench-is-let-in-with';
const EMAIL = 'carla@customer.example';
const TEXT = '<p>It burns, and nobody knows why.</p>';
const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
const XML = { 'content-type': 'application/xml', accept: 'application/xml' };

const NATIVES: Readonly<Record<string, Native>> = {
  zendesk: {
    headers: ({ email, token }) => ({ authorization: basic(`${email}/token:${token}`) }),
    show: (id) => `/api/v2/tickets/${id}`,
    create: (subject) => ({ path: '/api/v2/tickets', json: { ticket: { subject, priority: 'high', status: 'open', requester: { name: 'Carla', email: EMAIL }, comment: { html_body: TEXT, public: true } } } }),
  },
  freshdesk: {
    headers: ({ key }) => ({ authorization: basic(`${key}:X`) }),
    show: (id) => `/api/v2/tickets/${id}`,
    create: (subject) => ({ path: '/api/v2/tickets', json: { subject, description: TEXT, email: EMAIL, priority: 3, status: 2 } }),
  },
  helpdesk: {
    headers: ({ key, workspace }) => ({ authorization: `Bearer ${key}`, 'x-workspace-id': String(workspace) }),
    settings: { description_field: 'cf_description' },
    show: (id) => `/helpdesk/api/v1/tickets/${id}`,
    create: (subject) => ({
      path: '/helpdesk/api/v1/tickets',
      json: { ticket: { subject, requesterEmail: EMAIL, priority: 'high', status: 'open', customFields: [{ id: 'cf_description', value: TEXT }] } },
    }),
  },
  helpspace: {
    headers: ({ token, client_id: client }) => ({ authorization: `Bearer ${token}`, 'hs-client-id': String(client) }),
    settings: { channel_id: 1 },
    show: (id) => `/api/v1/tickets/${id}`,
    create: (subject) => ({ path: '/api/v1/tickets', json: { subject, channel: { id: 1 }, from_contact: { email: EMAIL }, message: { body: TEXT } } }),
  },
  'zendesk-classic': {
    headers: ({ email, token }) => ({ authorization: basic(`${email}/token:${token}`) }),
    settings: { view: 4002 },
    show: (id) => `/tickets/${id}.xml`,
    create: (subject) => ({
      path: '/tickets.xml',
      body: `<ticket><subject>${subject}</subject><description>It burns, and nobody knows why.</description><priority-id>3</priority-id><requester-name>Carla</requester-name><requester-email>${EMAIL}</requester-email></ticket>`,
      headers: XML,
    }),
  },
};

export async function apiRows(bench: ApiBench): Promise<readonly ApiRow[]> {
  const sandbox = await start(['src/main.ts', 'sandbox', '--json'], { ready: (lines) => lines.length === Object.keys(NATIVES).length });
  const desks = sandbox.lines as unknown as readonly SandboxLine[];
  let server: Running | null = null;
  try {
    const config = join(bench.folder, 'api.yaml');
    const accounts = desks.map(({ service, url, credentials }) => ({ name: service, service, url, credentials, settings: nativeOf(service).settings ?? {} }));
    await writeFile(config, JSON.stringify({ accounts }));
    // With the log that it has in life: a line for each call.
    server = await start(['src/main.ts', 'serve', '--json', '--role', 'web', '--config', config], {
      env: { PORT: '0', DATABASE_URL: bench.databaseUrl, SECRET_KEY: 'a bench key that is long enough to be one', API_TOKEN: TOKEN, LOG_LEVEL: 'info' },
      log: join(bench.folder, 'api.log'),
    });
    const ids = new Map((server.lines.flatMap((line) => line['account'] ?? []) as { name: string; id: number }[]).map(({ name, id }) => [name, id]));
    const rows: ApiRow[] = [];
    for (const desk of desks) rows.push(...(await deskRows(desk, `${urlOf(server)}/v1/accounts/${ids.get(desk.service)}/helpdesk/tickets`, bench)));
    return rows;
  } finally {
    await Promise.all([server?.stop(), sandbox.stop()]);
  }
}

function nativeOf(service: string): Native {
  const native = NATIVES[service];
  if (native === undefined) throw new Error(`nobody here speaks ${service}`);
  return native;
}

/** Milliseconds until the whole answer was there. */
type Timed = () => Promise<number>;

async function deskRows({ service, url, credentials }: SandboxLine, unified: string, { rounds, calls }: ApiBench): Promise<readonly ApiRow[]> {
  const native = nativeOf(service);
  const agent = { http: new Agent({ keepAlive: true, maxSockets: 1 }) };
  const client: Got = got.extend({ agent, retry: { limit: 0 }, responseType: 'text' });
  const headers = native.headers(credentials);
  const ours = { authorization: `APIKey ${TOKEN}` };
  // What the desk would tell us of its new tickets is no part of the call, on either side.
  await client.post(`${url}/__sandbox/faults`, { json: { kind: 'drop' } });

  let n = 0;
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const began = performance.now();
    await work();
    return performance.now() - began;
  };
  const subject = (): string => `Printer on fire ${(n += 1)}`;
  const draft = (): object => ({ subject: subject(), description: TEXT, priority: 'high', requester: { email: EMAIL } });
  const straightCreate: Timed = () => {
    const { path, json, body, headers: own } = native.create(subject());
    return timed(() => client.post(url + path, { headers: { ...headers, ...own }, ...(json === undefined ? { body: body ?? '' } : { json }) }));
  };
  const made = JSON.parse((await client.post(unified, { headers: ours, json: draft() })).body) as { readonly id: string };
  const rawId = Buffer.from(made.id.slice('ticket_'.length), 'base64url').toString();

  const pairs: readonly (readonly [call: string, ours: Timed, straight: Timed])[] = [
    ['GET a ticket', () => timed(() => client.get(`${unified}/${made.id}`, { headers: ours })), () => timed(() => client.get(url + native.show(rawId), { headers }))],
    ['POST a ticket', () => timed(() => client.post(unified, { headers: ours, json: draft() })), straightCreate],
    ['POST a ticket with an Idempotency-Key', () => timed(() => client.post(unified, { headers: { ...ours, 'idempotency-key': randomUUID() }, json: draft() })), straightCreate],
  ];
  const requests = async (): Promise<number> => (JSON.parse((await client.get(`${url}/__sandbox/state?brief=1`)).body) as { readonly request_count: number }).request_count;

  const rows: ApiRow[] = [];
  for (const [call, unifiedCall, straightCall] of pairs) {
    await paired(unifiedCall, straightCall, calls);
    const before = await requests();
    await unifiedCall();
    const deskCalls = (await requests()) - before;
    const all = [];
    for (let round = 0; round < rounds; round += 1) all.push(await paired(unifiedCall, straightCall, calls));
    const [mine, straight] = [median(all.map(({ ours: ms }) => ms)), median(all.map(({ straight: ms }) => ms))];
    rows.push({
      service, call, deskCalls, ours: mine, straight,
      ratio: median(all.map((round) => round.ours / round.straight)),
      overhead: median(all.map((round) => round.ours - round.straight)),
    });
  }
  agent.http.destroy();
  return rows;
}

/** The medians of calls made in turns, one after the other. */
async function paired(unified: Timed, straight: Timed, calls: number): Promise<{ readonly ours: number; readonly straight: number }> {
  const times = { ours: [] as number[], straight: [] as number[] };
  for (let i = 0; i < calls; i += 1) {
    times.straight.push(await straight());
    times.ours.push(await unified());
  }
  return { ours: median(times.ours), straight: median(times.straight) };
}

/** The same as the other parts have it: the straight call is what ours is held against. */
export function rowOf({ service, call, ours, straight, ratio }: ApiRow): Row {
  return { name: `${call} on ${service}`, ours, bare: straight, ratio, unit: 'ms' };
}

export function printApiRows(rows: readonly ApiRow[]): void {
  process.stdout.write('\n| one call after the other | desk | Deskmesh (ms) | straight with got (ms) | ratio | overhead (ms) | calls at the desk |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |\n');
  for (const { call, service, ours, straight, ratio, overhead, deskCalls } of rows) {
    process.stdout.write(`| ${call} | ${service} | ${ours.toFixed(2)} | ${straight.toFixed(2)} | ${ratio.toFixed(1)} | ${overhead.toFixed(2)} | ${deskCalls} |\n`);
  }
}
