/**
 * POSTs with an Idempotency-Key while the server dies by `kill -9` and while callers give up: repeated, each has made one ticket or
 * comment and has one answer. `E2E_ONCE_KILLS=10` tells it in full size; `E2E_SEED` repeats a run.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connectors } from '../../src/connectors/index.ts';
import { startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';
import { chances } from '../crash/chances.ts';
import { API_TOKEN, ask, SITE_SETTINGS } from '../support/api-site.ts';
import { descendants, deskmesh, untilGone, type Running } from '../support/running.ts';
import { scale } from '../support/scale.ts';
import { until } from '../support/until.ts';

type Json = Record<string, unknown>;

const KILLS = scale('ONCE_KILLS', 1);
const SEED = scale('SEED', Math.floor(Math.random() * 2 ** 31));
/** A desk's call takes up to so long, and the server lives about as long: it dies before, in and after the calls. */
const SLOWEST_MS = 500;
const SERVICES = Object.keys(connectors);
const TICKET = { description: '<p>words</p>', requester: { email: 'test@test.com' } };
/** What a caller comes again after: nothing was done, or nobody knows yet. */
const AGAIN: readonly number[] = [409, 429, 502, 503, 504];

let folder: string;
let desks: readonly SandboxDesk[];
let server: Running;
let url: string;
let ids: ReadonlyMap<string, number>;
const base = new Map<string, string>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'deskmesh-once-'));
  desks = await startSandbox({ only: SERVICES });
  const lags = { find_lag_seconds: 1, list_lag_seconds: 1 };
  const accounts = desks.map(({ service, url: address, credentials }) => ({ name: service, service, url: address, credentials, settings: { ...SITE_SETTINGS[service], ...lags } }));
  await writeFile(join(folder, 'mesh.yaml'), JSON.stringify({ accounts }));
  await serve();
  for (const service of SERVICES) base.set(service, String((await post(service, '', { ...TICKET, subject: 'with comments' }))?.body['id']));
});
afterAll(async () => {
  await server?.stop('SIGKILL');
  await Promise.all((desks ?? []).map((desk) => desk.close()));
  // The bundled database ends a moment after its parent.
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

async function serve(): Promise<void> {
  server = deskmesh(['serve', '--json', '--config', join(folder, 'mesh.yaml')], { DATA_DIR: join(folder, 'data'), PORT: '0', API_TOKEN, SWEEP_SECONDS: '3600', LOG_LEVEL: 'error' });
  url = (await server.ready()) ?? '';
  ids = new Map(server.accounts().map(({ name, id }) => [name, id]));
}

const tickets = (service: string): string => `${url}/v1/accounts/${ids.get(service)}/helpdesk/tickets`;

/** Null if the connection broke. */
async function post(service: string, path: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<Awaited<ReturnType<typeof ask>> | null> {
  return ask(tickets(service) + path, { body, headers }).catch(() => null);
}

interface Wish {
  readonly service: string;
  readonly key: string;
  readonly path: string;
  readonly body: object;
  /** How many there are on the desk. */
  count(): Promise<number>;
}

function wishesOf(service: string, name: string): readonly Wish[] {
  const path = `/${base.get(service)}/comments`;
  return [
    { service, key: `ticket-${name}`, path: '', body: { ...TICKET, subject: `ticket ${name}` }, count: async () => (await listed(tickets(service))).filter(({ subject }) => subject === `ticket ${name}`).length },
    {
      service, key: `comment-${name}`, path, body: { content: `<p>comment ${name}.</p>` },
      count: async () => (await listed(tickets(service) + path)).filter(({ content }) => String(content).includes(`comment ${name}.`)).length,
    },
  ];
}

async function listed(at: string): Promise<readonly Json[]> {
  const all: Json[] = [];
  for (let page: string | null = null; ; ) {
    const { body, status, text } = await ask(`${at}?page_size=1000${page === null ? '' : `&page=${encodeURIComponent(page)}`}`);
    if (status !== 200) throw new Error(text);
    all.push(...(body['objects'] as Json[]));
    page = body['next_page'] as string | null;
    if (page === null) return all;
  }
}

const send = ({ service, key, path, body }: Wish) => post(service, path, body, { 'idempotency-key': key });

/** As a patient caller does. */
function answerTo(wish: Wish): Promise<Json> {
  return until(
    async () => {
      const answer = await send(wish);
      if (answer?.status === 201) return answer.body;
      if (answer === null || AGAIN.includes(answer.status)) return false;
      throw new Error(`${wish.key} at ${wish.service}: ${answer.text}`);
    },
    { withinMs: 120_000, everyMs: 500, what: `an answer to ${wish.key} at ${wish.service}` },
  );
}

/** `firsts`: what each first call was answered, if it was. */
async function granted(wishes: readonly Wish[], firsts: readonly Awaited<ReturnType<typeof send>>[] = []): Promise<void> {
  for (const desk of desks) desk.faults({ kind: 'none' });
  await Promise.all(
    wishes.map(async (wish, n) => {
      const answer = await answerTo(wish);
      if (firsts[n]?.status === 201) expect(answer).toEqual(firsts[n].body);
      const again = await send(wish);
      expect([wish.service, wish.key, again?.status, again?.headers.get('idempotent-replayed'), again?.body]).toEqual([wish.service, wish.key, 201, 'true', answer]);
      expect([wish.service, wish.key, await wish.count()]).toEqual([wish.service, wish.key, 1]);
    }),
  );
}

test(`whose server is killed ${KILLS} times`, async () => {
  const chance = chances(SEED);
  for (let kill = 0; kill < KILLS; kill += 1) {
    for (const desk of desks) desk.faults({ kind: 'latency', ms: Math.floor(chance() * SLOWEST_MS) });
    const wishes = SERVICES.flatMap((service) => wishesOf(service, `${service}-${kill}`));
    const sent = wishes.map(send);
    await pause(SLOWEST_MS * 2 * chance());
    const children = await descendants(server.pid);
    await server.stop('SIGKILL');
    const firsts = await Promise.all(sent);
    await serve();
    await untilGone(children);
    await granted(wishes, firsts);
    process.stderr.write(`kill -9: seed ${SEED}, ${firsts.filter((answer) => answer?.status === 201).length} of ${wishes.length} requests were answered before it; each has one object and one answer\n`);
  }
  expect(server.stderr()).toBe('');
}, 120_000 + KILLS * 180_000);

test('whose caller gives up at any moment', async () => {
  const chance = chances(SEED + 1);
  for (const desk of desks) desk.faults({ kind: 'latency', ms: Math.floor(chance() * SLOWEST_MS) });
  const wishes = SERVICES.flatMap((service) => wishesOf(service, `${service}-given-up`));
  await Promise.all(
    wishes.map(async ({ service, key, path, body }) => {
      const init = { method: 'POST', body: JSON.stringify(body), headers: { authorization: `APIKey ${API_TOKEN}`, 'content-type': 'application/json', 'idempotency-key': key } };
      await fetch(tickets(service) + path, { ...init, signal: AbortSignal.timeout(Math.floor(SLOWEST_MS * 1.5 * chance())) }).catch(() => undefined);
    }),
  );
  await granted(wishes);
}, 300_000);
