/**
 * The crash loop: people work on every sandbox desk while the desks fail at a tenth of everything and the web and worker
 * processes are killed in turn; afterwards each story has to stand on every desk exactly once, said and whispered as it was,
 * and `deskmesh drift` must find nothing either.
 */
import { writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import pg from 'pg';
import { connectors } from '../../src/connectors/index.ts';
import type { Account, Desk } from '../../src/ports/connector.ts';
import { startSandbox, type Fault, type SandboxDesk } from '../../src/sandbox/index.ts';
import { createWorld } from '../../src/world.ts';
import { freePort } from '../support/free-port.ts';
import { deskmesh, finished, type Running } from '../support/running.ts';
import { SERIAL, tell, type Story } from '../support/stories.ts';
import { control } from '../support/trio.ts';
import { until } from '../support/until.ts';

export interface CrashLoop {
  readonly kills: number;
  readonly tickets: number;
  readonly databaseUrl: string;
  readonly folder: string;
  /** Whether files travel: a write with files that nobody answered is looked for only when it may take no longer, minutes later. */
  readonly files: boolean;
  /** A row of chances in [0, 1). */
  readonly chance: () => number;
  readonly say: (line: string) => void;
}

export interface CrashReport {
  readonly kills: number;
  readonly tickets: number;
  /** What is not as it should be, a sentence each. */
  readonly wrong: readonly string[];
  /** Writes that the desks counted, by service. */
  readonly writes: Readonly<Record<string, number>>;
  /** From the end of the faults until all was right. */
  readonly settledMs: number;
  /** What `deskmesh drift --json` said after that: its last line, and the lines before it. */
  readonly drift: Readonly<Record<string, unknown>>;
  readonly findings: readonly string[];
}

export const SETTINGS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  helpdesk: {
    description_field: 'cf_description', agents: { 'ann@example.com': 'usr_abc123', 'ben@example.com': 'usr_xyz789' }, find_lag_seconds: 1, list_lag_seconds: 1,
  },
  helpspace: { channel_id: 1, custom_fields: { [String(SERIAL['helpspace'])]: { type: 'text' } } },
  'zendesk-classic': { view: 4001, view_order: 'updated', find_lag_seconds: 1, list_lag_seconds: 1 },
  zendesk: { find_lag_seconds: 1, list_lag_seconds: 1 },
  freshdesk: { find_lag_seconds: 1, list_lag_seconds: 1 },
};

const RATE = 0.1;
/** Every kind that the sandbox knows; the compiler finds one that is missing here. */
const FAULTS: Readonly<Record<Exclude<Fault['kind'], 'none'>, readonly Fault[]>> = {
  status: [
    { kind: 'status', status: 500, rate: RATE },
    { kind: 'status', status: 503, retry_after: 1, rate: RATE / 2 },
    { kind: 'status', status: 429, retry_after: 1, rate: RATE / 2 },
  ],
  timeout: [{ kind: 'timeout', rate: RATE }],
  reset: [{ kind: 'reset', rate: RATE }],
  'lost-response': [{ kind: 'lost-response', rate: RATE }],
  latency: [{ kind: 'latency', ms: 200, rate: RATE }],
  duplicate: [{ kind: 'duplicate', rate: RATE }],
  drop: [{ kind: 'drop', rate: RATE }],
  delay: [{ kind: 'delay', ms: 500, rate: RATE }],
  reorder: [{ kind: 'reorder', rate: RATE }],
};
const PEOPLE = 4;
const LONGEST_LIFE_MS = 1_500;
/** So long nothing may be written before it counts as the end, whatever is wrong then: longer than a write with files is waited for. */
const PATIENCE_MS = 240_000;
/** Looking at everything takes the desks' own time: so many times as long nobody looks. */
const REST = 4;

export async function crashLoop({ kills, tickets, databaseUrl, folder, files, chance, say }: CrashLoop): Promise<CrashReport> {
  const desks = await startSandbox();
  const services = desks.map(({ service }) => service);
  const running = new Map<string, Running>();
  try {
    const [port, mesh] = await Promise.all([freePort(), writeMesh(folder, desks, files)]);
    const env = { DATABASE_URL: databaseUrl, SECRET_KEY: 'a key of forty characters that tests use', PUBLIC_URL: `http://127.0.0.1:${port}`, SWEEP_SECONDS: '2', LOG_LEVEL: 'error' };
    const start = async (role: 'web' | 'worker'): Promise<Running> => {
      const process = deskmesh(['serve', '--json', '--role', role, '--config', mesh], { ...env, PORT: role === 'web' ? String(port) : '0' });
      running.set(role, process);
      await process.ready();
      return process;
    };
    const web = await start('web');
    await start('worker');
    for (const { service, hook, hook_url: url } of web.accounts()) {
      const desk = desks.find((one) => one.service === service);
      if (hook === 'manual' && desk !== undefined) await control(desk, 'webhook', { url });
    }
    for (const desk of desks) for (const fault of Object.values(FAULTS).flat()) desk.faults(fault);

    const stories: Story[] = [];
    const telling = work(tickets, async (index) => {
      const desk = desks[index % desks.length] as SandboxDesk;
      const story = storyOf(index, desk.service);
      stories.push(story);
      await tell(desk, story);
    });
    for (let kill = 1; kill <= kills; kill += 1) {
      await pause(LONGEST_LIFE_MS * chance());
      const role = kill % 2 === 0 ? 'web' : 'worker';
      await running.get(role)?.stop('SIGKILL');
      await start(role);
      if (kill % 10 === 0) say(`${kill} of ${kills} kills`);
    }
    await telling;
    for (const desk of desks) desk.faults({ kind: 'none' });
    say('the faults are over');
    const began = performance.now();
    const readers = readersOf(desks);
    const written = (): number => Object.values(writesOf(desks)).reduce((sum, count) => sum + count, 0);
    let wrong: readonly string[] = [];
    for (let [last, progressed] = [written(), began]; ; ) {
      const asked = performance.now();
      wrong = await differences(services, readers, stories);
      if (written() !== last) [last, progressed] = [written(), performance.now()];
      if (wrong.length === 0 || performance.now() - progressed > PATIENCE_MS) break;
      await pause(Math.max(500, REST * (performance.now() - asked)));
    }
    const settledMs = Math.round(performance.now() - began);
    if (wrong.length === 0) await rest(databaseUrl);
    const { drift, findings } = await driftOf(env);
    return { kills, tickets, wrong, writes: writesOf(desks), settledMs, drift, findings };
  } finally {
    await Promise.all([...running.values()].map((process) => process.stop('SIGKILL')));
    await Promise.all(desks.map((desk) => desk.close()));
  }
}

function writesOf(desks: readonly SandboxDesk[]): Readonly<Record<string, number>> {
  return Object.fromEntries(desks.map((desk) => [desk.service, (desk.state() as { write_count: number }).write_count]));
}

/** Nothing missing, extra or differing, nothing unread, and every story mirrored from where it was told to all other desks. */
export function isWithoutDrift({ drift, tickets, writes }: CrashReport): boolean {
  const { missing, extra, differing, unread, mirrored } = drift;
  return [missing, extra, differing, unread].every((count) => count === 0) && mirrored === tickets * (Object.keys(writes).length - 1);
}

/** What a story tells is everywhere before the last of its fields may be: resolves when no lane has anything left to do. */
async function rest(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const due = async (): Promise<number | null> => (await client.query('select from replicas where due_at is not null')).rowCount;
    await until(async () => (await due()) === 0, { withinMs: PATIENCE_MS, everyMs: 50, what: 'that no lane has anything left to do' });
  } finally {
    await client.end();
  }
}

/** What the command says that people check a mesh with. */
async function driftOf(env: Readonly<Record<string, string>>): Promise<Pick<CrashReport, 'drift' | 'findings'>> {
  const { stdout, stderr } = await finished(deskmesh(['drift', '--json'], env));
  const lines = stdout.split('\n').filter((line) => line !== '');
  const last = lines.at(-1);
  if (last === undefined) throw new Error(`drift said nothing: ${stderr}`);
  return { drift: (JSON.parse(last) as { drift: Record<string, unknown> }).drift, findings: lines.slice(0, -1) };
}

function storyOf(index: number, service: string): Story {
  return {
    subject: `Case ${index} of ${service}`, description: `What happened in case ${index}`, tags: ['vip'], assignee: 'ben@example.com', requester: `cora${index}@customer.example`,
    serial: `S-${index}`, file: { name: `log-${index}.txt`, text: `the log of case ${index}` }, said: `said in case ${index}.`, whispered: `whispered in case ${index}.`,
  };
}

async function writeMesh(folder: string, desks: readonly SandboxDesk[], files: boolean): Promise<string> {
  const accounts = desks.map(({ service, url, credentials }) => ({ name: service, service, url, credentials, settings: SETTINGS[service] ?? {} }));
  const serial = Object.fromEntries(desks.map(({ service }) => [service, SERIAL[service]]));
  const path = join(folder, 'mesh.yaml');
  await writeFile(path, JSON.stringify({ accounts, mirrors: [{ name: 'all', accounts: accounts.map(({ name }) => name), custom_fields: { serial }, attachments: files }] }));
  return path;
}

async function work(count: number, task: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const person = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await task(next - 1);
    }
  };
  await Promise.all(Array.from({ length: PEOPLE }, person));
}

function readersOf(desks: readonly SandboxDesk[]): ReadonlyMap<string, Desk> {
  const world = createWorld({ level: 'silent' });
  return new Map(
    desks.flatMap(({ service, url, credentials }): [string, Desk][] => {
      const account: Account = {
        id: 1, name: service, service, url, credentials, settings: SETTINGS[service] ?? {}, hook_token: 't', inbound_secrets: [], state: 'running', stopped_because: null,
      };
      const desk = connectors[service]?.connect(account, world);
      return desk === undefined ? [] : [[service, desk]];
    }),
  );
}

/** Every ticket of every desk, read through its connector. */
async function differences(services: readonly string[], readers: ReadonlyMap<string, Desk>, stories: readonly Story[]): Promise<readonly string[]> {
  const all = await Promise.all(services.map(async (service) => differencesOn(service, readers.get(service), stories)));
  return all.flat();
}

async function differencesOn(service: string, desk: Desk | undefined, stories: readonly Story[]): Promise<readonly string[]> {
  if (desk === undefined) return [`${service} has no connector`];
  const found = new Map<string, string[]>();
  for (let page: string | null = null, first = true; first || page !== null; first = false) {
    const { items, next }: Awaited<ReturnType<Desk['listTickets']>> = await desk.listTickets(page);
    for (const { id, subject, is_deleted: gone } of items) if (!gone) found.set(subject ?? '', [...new Set([...(found.get(subject ?? '') ?? []), id])]);
    page = next;
  }
  const wrong: string[] = [];
  for (const { subject, said, whispered } of stories) {
    const [id, ...more] = found.get(subject) ?? [];
    if (id === undefined || more.length > 0) {
      wrong.push(`${service} has ${subject} ${id === undefined ? 0 : more.length + 1} times`);
      continue;
    }
    // One that is missing somewhere is known to be wrong already: its comments can wait.
    if (wrong.length > 20) continue;
    const comments: { content: string; public: boolean }[] = [];
    for (let page: string | null = null, first = true; first || page !== null; first = false) {
      const { items, next }: Awaited<ReturnType<Desk['listComments']>> = await desk.listComments(id, page);
      comments.push(...items);
      page = next;
    }
    for (const [text, open] of [[said, true], [whispered, false]] as const) {
      const copies = comments.filter(({ content }) => content.includes(text));
      if (copies.length !== 1) wrong.push(`${service}: ${subject} has "${text}" ${copies.length} times`);
      else if (copies[0]?.public !== open) wrong.push(`${service}: "${text}" is not ${open ? 'public' : 'private'}`);
    }
  }
  const wanted = new Set(stories.map(({ subject }) => subject));
  for (const subject of found.keys()) if (!wanted.has(subject)) wrong.push(`${service} has ${subject}, which nobody wants there`);
  return wrong;
}
