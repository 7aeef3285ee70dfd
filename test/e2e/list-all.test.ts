/** A large account listed to its end through the API, while tickets are created and changed: none missing, none twice, memory flat. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectors } from '../../src/connectors/index.ts';
import { keyOf } from '../../src/core/key.ts';
import type { Desk } from '../../src/ports/connector.ts';
import { startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';
import { createWorld } from '../../src/world.ts';
import { API_TOKEN, ask, SITE_SETTINGS } from '../support/api-site.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { deskmesh, type Running } from '../support/running.ts';
import { each, scale } from '../support/scale.ts';

/** `npm run list-all` tells it in full size. */
const TICKETS = scale('LISTED', 350);
const HEAP_MIB = 96;
/** What may come on top between the first quarter of a list and its end: what a heap does by itself, but not the list. */
const LEEWAY_MIB = 48;

let folder: string;
let database: TestDatabase;
let desks: readonly SandboxDesk[];
let server: Running;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'deskmesh-list-'));
  database = await createTestDatabase();
  desks = await startSandbox({ only: Object.keys(connectors) });
  const accounts = desks.map(({ service, url: address, credentials }) => ({ name: service, service, url: address, credentials, settings: SITE_SETTINGS[service] ?? {} }));
  await writeFile(join(folder, 'mesh.yaml'), JSON.stringify({ accounts }));
  server = deskmesh(['serve', '--json', '--role', 'web', '--config', join(folder, 'mesh.yaml')], {
    PORT: '0', DATABASE_URL: database.url, SECRET_KEY: 'a key that only tests are sealed with', API_TOKEN,
    // A heap that is told to be small is tidied up: what is left to grow is what is kept.
    NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB} --max-semi-space-size=4`,
  });
  url = (await server.ready()) ?? '';
});
afterAll(async () => {
  await server?.stop();
  await Promise.all((desks ?? []).map((desk) => desk.close()));
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});

/** Resident memory of the process that serves, in MiB; null where the system does not tell. */
async function memory(): Promise<number | null> {
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8').catch(() => '');
  const kib = /VmRSS:\s+(\d+)/.exec(status)?.[1];
  return kib === undefined ? null : Number(kib) / 1_024;
}

async function deskOf(service: string): Promise<Desk> {
  const found = desks.find((desk) => desk.service === service);
  const connector = connectors[service];
  if (found === undefined || connector === undefined) throw new Error(service);
  const settings = SITE_SETTINGS[service] ?? {};
  const desk = connector.connect(
    { id: 1, name: service, service, url: found.url, credentials: found.credentials, settings, hook_token: '', inbound_secrets: [], state: 'running', stopped_because: null },
    createWorld({ level: 'silent' }),
  );
  await desk.learn?.();
  return desk;
}

interface Listed {
  readonly objects: readonly { readonly id: string }[];
  readonly next_page: string | null;
}

describe.each(Object.keys(connectors))('%s', (service) => {
  test(`lists ${TICKETS} tickets while they are created and changed`, async () => {
    const desk = await deskOf(service);
    const requester = { user_id: null, email: 'test@test.com', name: null };
    let made = 0;
    const create = async (): Promise<string> => {
      made += 1;
      const n = made;
      return (await desk.createTicket({ subject: `ticket ${n}`, description: `<p>About ${n}</p>`, requester }, keyOf('listed', service, n))).id;
    };
    const ids: string[] = [];
    await each(TICKETS, 8, async () => void ids.push(await create()));
    const expected = new Set(ids);
    const id = server.accounts().find(({ name }) => name === service)?.id ?? 0;

    const seen = new Map<string, number>();
    const resident: number[] = [];
    let longest = 0;
    let turns = 0;
    for (let page: string | null = null; ; turns += 1) {
      const { body, status, text } = await ask(`${url}/v1/accounts/${id}/helpdesk/tickets?page_size=100${page === null ? '' : `&page=${encodeURIComponent(page)}`}`);
      if (status !== 200) throw new Error(text);
      const listed = body as unknown as Listed;
      for (const { id: ticket } of listed.objects) {
        const raw = Buffer.from(ticket.slice('ticket_'.length), 'base64url').toString();
        seen.set(raw, (seen.get(raw) ?? 0) + 1);
      }
      const now = await memory();
      if (now !== null) resident.push(now);
      page = listed.next_page;
      if (page === null) break;
      longest = Math.max(longest, page.length);
      // Old and new ones, near and far: whatever order the desk lists in, some of these have been given and some have not.
      const changed = [turns * 7, turns * 131 + 3, ids.length - 1 - turns, turns * 100 + 99, turns * 100 + 101].map((n) => ids[Math.abs(n) % ids.length] ?? '');
      await Promise.all(changed.map((ticket) => desk.updateTicket(ticket, { subject: `changed at ${turns}` }, 'dm-bbbbbbbbbbbbbbbb')));
      for (let n = 0; n < 3; n += 1) ids.push(await create());
    }

    expect([...expected].filter((ticket) => !seen.has(ticket))).toEqual([]);
    expect([...seen].filter(([, times]) => times > 1)).toEqual([]);
    expect(longest).toBeLessThan(8_192);
    if (resident.length > 0) {
      const early = Math.max(...resident.slice(0, Math.max(1, Math.ceil(resident.length / 4))));
      const late = Math.max(...resident.slice(Math.floor(resident.length / 2)));
      if (process.env['E2E_LISTED'] !== undefined) process.stderr.write(`${service}: ${seen.size} tickets on ${turns + 1} pages; ${early.toFixed(0)} MiB in the first quarter, ${late.toFixed(0)} MiB in the second half\n`);
      expect(late - early).toBeLessThan(LEEWAY_MIB);
    }
  }, 60_000 + TICKETS * 60);
});
