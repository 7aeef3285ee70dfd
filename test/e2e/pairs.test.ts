/**
 * Every ordered pair of different desks: a rich ticket that a person makes on the first shows on the second as far as that desk
 * can hold it, and what it cannot hold is named in a warning on the operation.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { connectors } from '../../src/connectors/index.ts';
import type { Comment, Ticket } from '../../src/core/model.ts';
import type { Account, Desk } from '../../src/ports/connector.ts';
import { SANDBOX_DESKS, startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';
import { createWorld } from '../../src/world.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { deskmesh, type Running } from '../support/running.ts';
import { SERIAL, tell, UNSAID, type Story } from '../support/stories.ts';
import { control } from '../support/trio.ts';
import { until } from '../support/until.ts';

const SERVICES = Object.keys(SANDBOX_DESKS);
const PAIRS = SERVICES.flatMap((from) => SERVICES.filter((to) => to !== from).map((to): [string, string] => [from, to]));

const storyOf = (service: string): Story => ({
  subject: `From ${service}`,
  description: `It broke on ${service}`,
  tags: ['vip', 'hardware'],
  assignee: 'ben@example.com',
  requester: 'cora@customer.example',
  serial: 'A-17',
  file: { name: 'log.txt', text: `the log of ${service}` },
  said: `said on ${service}`,
  whispered: `whispered on ${service}`,
});

let desks: readonly SandboxDesk[];
let database: TestDatabase;
let serve: Running;
let folder: string;
let client: pg.Client;
const looks = new Map<string, Desk>();

beforeAll(async () => {
  [desks, database, folder] = await Promise.all([startSandbox(), createTestDatabase(), mkdtemp(join(tmpdir(), 'deskmesh-pairs-'))]);
  // As the sandbox says that its accounts are to be set up.
  const accounts = desks.map(({ service, url, credentials, accountSettings: settings }) => ({ name: service, service, url, credentials, settings }));
  const custom = { serial: Object.fromEntries(SERVICES.map((service) => [service, SERIAL[service]])) };
  const path = join(folder, 'mesh.yaml');
  await writeFile(path, JSON.stringify({ accounts, mirrors: [{ name: 'all', accounts: SERVICES, custom_fields: custom }] }));
  serve = deskmesh(['serve', '--json', '--config', path], {
    DATABASE_URL: database.url, SECRET_KEY: 'a key of forty characters that tests use', PORT: '0', SWEEP_SECONDS: '2', LOG_LEVEL: 'error',
  });
  await serve.ready();
  for (const { service, hook, hook_url: url } of serve.accounts()) {
    const desk = desks.find((one) => one.service === service);
    if (hook === 'manual' && desk !== undefined) await control(desk, 'webhook', { url });
  }
  const world = createWorld({ level: 'silent' });
  for (const [at, account] of accounts.entries()) {
    const desk = connectors[account.service]?.connect({ ...account, id: at + 1, hook_token: 't', inbound_secrets: [], state: 'running', stopped_because: null } as Account, world);
    if (desk === undefined) throw new Error(`no connector for ${account.service}`);
    await desk.learn?.();
    looks.set(account.service, desk);
  }
  client = new pg.Client(database.url);
  await client.connect();
  for (const desk of desks) await tell(desk, storyOf(desk.service));
});

afterAll(async () => {
  await client?.end();
  await serve?.stop('SIGKILL');
  await Promise.all((desks ?? []).map((desk) => desk.close()));
  await rm(folder, { recursive: true, force: true });
  await database?.drop();
});

/** What `to` has of the story of `from`, and what its operations warn of. */
interface Shown {
  readonly ticket: Ticket;
  readonly comments: readonly Comment[];
  readonly warnings: readonly { readonly field: string; readonly reason: string }[];
}

async function shownOn(from: string, to: string): Promise<Shown | null> {
  const { rows } = await client.query<{ ticket_id: string; warnings: Shown['warnings'] }>(
    `select r.ticket_id, coalesce((select jsonb_agg(w) from operations o, json_array_elements(o.warnings) w where o.replica_id = r.id), '[]') as warnings
     from replicas r join accounts a on a.id = r.account_id join links l on l.id = r.link_id join accounts o on o.id = l.origin
     where o.name = $1 and a.name = $2 and r.state = 'present' and r.due_at is null`,
    [from, to],
  );
  const [row] = rows;
  const desk = looks.get(to);
  if (row === undefined || desk === undefined) return null;
  const comments: Comment[] = [];
  for (let page: string | null = null, first = true; first || page !== null; first = false) {
    const { items, next }: { items: readonly Comment[]; next: string | null } = await desk.listComments(row.ticket_id, page);
    comments.push(...items);
    page = next;
  }
  return { ticket: await desk.getTicket(row.ticket_id), comments, warnings: row.warnings };
}

async function whole(from: string, to: string): Promise<Shown> {
  const { said, whispered } = storyOf(from);
  const told = (shown: Shown, words: string): boolean => shown.comments.some(({ content }) => content.includes(words));
  return until(
    async () => {
      const shown = await shownOn(from, to);
      return shown !== null && told(shown, said) && told(shown, whispered) ? shown : null;
    },
    { everyMs: 100, what: `the story of ${from} on ${to}` },
  );
}

async function bytesOf(to: string, { ticket, comments }: Shown, name: string): Promise<string | null> {
  const desk = looks.get(to);
  const places = [{ attachments: ticket.attachments ?? [], commentId: null }, ...comments.map(({ id, attachments }) => ({ attachments, commentId: id }))];
  for (const { attachments, commentId } of places) {
    const found = attachments.find(({ filename }) => filename === name);
    if (found === undefined || desk?.download === undefined) continue;
    const { stream } = await desk.download(found, { ticketId: ticket.id, commentId });
    const parts: Uint8Array[] = [];
    for await (const part of stream) parts.push(part);
    return Buffer.concat(parts).toString();
  }
  return null;
}

describe('each desk to each other', () => {
  test.each(PAIRS)('%s to %s', async (from, to) => {
    const story = storyOf(from);
    const shown = await whole(from, to);
    const { ticket, comments, warnings } = shown;
    const can = looks.get(to)!.can;
    const unsaid = UNSAID[from] ?? [];
    /** It is there; or the desk cannot have it, and says so. */
    const holds = (field: string, held: boolean, possible: boolean): void => {
      const warned = warnings.some((warning) => warning.field === field);
      expect({ field, held, warned }).toEqual({ field, held: possible, warned: !possible });
    };
    expect(ticket.subject).toBe(story.subject);
    expect(ticket.requester?.email).toBe(story.requester);
    if (can.fields.description !== undefined) expect(ticket.description).toContain(story.description);
    else holds('description', false, false);
    holds('tags', ['vip', 'hardware'].every((tag) => ticket.tags?.includes(tag)), can.fields.tags !== undefined);
    if (!unsaid.includes('priority')) holds('priority', ticket.priority === 'high', can.fields.priority !== undefined);
    holds('assignee', ticket.assignee?.email === story.assignee, can.fields.assignee !== undefined);
    const serial = ticket.custom_properties?.find(({ id }) => id === SERIAL[to])?.value;
    holds('custom:serial', serial === story.serial, can.fields.custom_properties !== undefined);
    expect(comments.filter(({ content }) => content.includes(story.said)).map(({ public: open }) => open)).toEqual([true]);
    expect(comments.filter(({ content }) => content.includes(story.whispered)).map(({ public: open }) => open)).toEqual([false]);
    if (!unsaid.includes('file')) {
      const bytes = await bytesOf(to, shown, story.file.name);
      holds('attachments', bytes === story.file.text, can.files.ticket);
    }
  });

  test('and each has every story once', () => {
    const told = SERVICES.map((service) => storyOf(service).subject).sort();
    for (const desk of desks) {
      const { tickets } = desk.state() as { tickets: readonly { subject: string; comments: readonly object[] }[] };
      expect([desk.service, tickets.map(({ subject }) => subject).sort()]).toEqual([desk.service, told]);
    }
  });
});
