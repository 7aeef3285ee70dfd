/** Trouble while Deskmesh runs: the database goes away and comes back, and a desk takes the key back. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { untilAlike } from '../support/alike.ts';
import { descendants, type Running } from '../support/running.ts';
import { NAMES, startTrio, type Trio } from '../support/trio.ts';
import { until } from '../support/until.ts';

let trio: Trio;
let serve: Running;
let base: string;

beforeAll(async () => {
  trio = await startTrio();
  await trio.mesh();
  serve = await trio.serve({ LOG_LEVEL: 'error' });
  base = `http://127.0.0.1:${trio.port}`;
});
afterAll(() => trio.close());

interface Ready {
  readonly status: number;
  readonly body: {
    readonly database: { readonly ok: boolean; readonly message?: string };
    readonly accounts: readonly { readonly name: string; readonly state: string; readonly reason?: string }[];
  };
}

async function readiness(): Promise<Ready> {
  const response = await fetch(`${base}/readyz`);
  return { status: response.status, body: (await response.json()) as Ready['body'] };
}

async function hook(): Promise<Response> {
  const url = serve.accounts().find(({ name }) => name === 'freshdesk')?.hook_url ?? '';
  const body = JSON.stringify({ freshdesk_webhook: { ticket_id: 1, triggered_event: '{ticket_action:created}' } });
  return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
}

const everywhere = (subject: string): Promise<number> => untilAlike(trio, [{ subject, comments: [] }], 60_000);
const removed = (): Promise<number> => untilAlike(trio, [], 60_000);

test('while the database is gone webhooks are answered 503 with the time to come again; then all goes on by itself', async () => {
  const server = (await descendants(serve.pid)).find(({ command }) => / -D /.test(command));
  process.kill(server?.pid ?? 0, 'SIGKILL');
  const refused = await until(
    async () => {
      const response = await hook();
      return response.status === 503 ? response : null;
    },
    { everyMs: 5, what: 'a webhook is answered 503' },
  );
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
  const told = (await refused.json()) as { error_code: string; message: string };
  expect(told).toMatchObject({ status_code: 503, error_code: 'service_not_available' });
  expect(told.message).not.toMatch(/ECONN|\.ts|\bat /);
  const away = await until(async () => [await readiness()].find(({ status }) => status === 503), { everyMs: 5, what: 'readyz says 503' });
  expect(away.body.database).toEqual({ ok: false, message: 'the database cannot be reached' });
  expect((await fetch(`${base}/healthz`)).status).toBe(200);

  await until(async () => (await readiness()).status === 200, { everyMs: 100, what: 'readyz says 200 again' });
  expect((await hook()).ok).toBe(true);
  await trio.human('zendesk').create('After the database');
  await everywhere('After the database');
  await trio.human('helpdesk').remove(trio.tickets('helpdesk')[0]!.id);
  await removed();
});

test('an account whose key is revoked is stopped and shown, its lanes wait, and it goes on by itself when the key works again', async () => {
  trio.fault('freshdesk', { kind: 'status', status: 401 });
  await trio.human('helpdesk').create('Locked out');
  await untilAlike(trio, [{ subject: 'Locked out', comments: [] }], 30_000, ['helpdesk', 'zendesk']);
  const stopped = await until(
    async () => (await readiness()).body.accounts.find(({ name, state }) => name === 'freshdesk' && state === 'stopped'),
    { what: 'readyz shows the stopped account' },
  );
  expect(stopped.reason).toMatch(/freshdesk/i);
  expect((await readiness()).status).toBe(200);
  expect(trio.tickets('freshdesk')).toEqual([]);
  const quiet = trio.counts('freshdesk').requests;
  await trio.human('helpdesk').update(trio.tickets('helpdesk')[0]!.id, { priority: 'urgent' });
  await untilAlike(trio, [{ subject: 'Locked out', priority: 'urgent', comments: [] }], 30_000, ['helpdesk', 'zendesk']);
  expect(Object.keys(trio.counts('freshdesk').requests).filter((route) => route.startsWith('POST') && !(route in quiet))).toEqual([]);

  trio.fault('freshdesk', { kind: 'none' });
  await untilAlike(trio, [{ subject: 'Locked out', priority: 'urgent', comments: [] }], 60_000);
  expect((await readiness()).body.accounts.map(({ state }) => state)).toEqual(NAMES.map(() => 'running'));
});
