/** What only Helpdesk has, told by the real connector against its sandbox desk: two credentials, typed fields, secrets shown once. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import nock from 'nock';
import { verify } from '../../../src/core/signature.ts';
import { keyOf } from '../../../src/core/key.ts';
import { helpdesk } from '../../../src/connectors/helpdesk/index.ts';
import type { Account, Desk } from '../../../src/ports/connector.ts';
import { startSandbox, type SandboxDesk } from '../../../src/sandbox/index.ts';
import { at, list } from '../sandbox-support.ts';
import { failureOf } from './bench.ts';
import { openReceiver } from './receiver.ts';
import { accountOf, testWorld } from './world.ts';

let sandbox: SandboxDesk;
let desk: Desk;
let keys = 0;

const newKey = (): string => keyOf('helpdesk only', keys++);
const connect = (settings: Readonly<Record<string, unknown>> = {}, more: Partial<Account> = {}): Desk =>
  helpdesk.connect(accountOf({ connector: helpdesk, url: sandbox.url, settings }, sandbox.credentials, more), testWorld());

/** As an agent in the vendor's own app. */
async function byHand(path: string, body: object | FormData): Promise<unknown> {
  const authorization = `Bearer ${sandbox.human['session_token'] ?? ''}`;
  const form = body instanceof FormData;
  const response = await fetch(sandbox.url + path, { method: 'POST', headers: { authorization, ...(!form && { 'content-type': 'application/json' }) }, body: form ? body : JSON.stringify(body) });
  return response.json();
}

beforeAll(async () => {
  [sandbox] = (await startSandbox({ only: ['helpdesk'] })) as [SandboxDesk];
});
beforeEach(() => {
  if (!nock.isActive()) nock.activate();
  sandbox.reset();
  desk = connect();
});
afterEach(() => {
  nock.cleanAll();
  nock.restore();
});
afterAll(() => sandbox.close());

describe('custom fields', () => {
  test('are written in the types that the desk defines, forecast as they are read, and follow a change of the definitions', async () => {
    await desk.learn?.();
    const custom_properties = [
      { id: 'seats', value: '12' }, { id: 'cf_hours', value: '1.5' }, { id: 'cf_abc', value: 'enterprise' }, { id: 'cf_escalated', value: 'true' },
      { id: 'cf_renewal', value: '2026-02-28T00:00:00Z' }, { id: 'cf_regions', value: ['north', 'West'] }, { id: 'cf_ref', value: 7 },
      { id: 'cf_none', value: 'x' }, { id: 'system_status', value: 'open' },
    ];
    const forecast = desk.forecast({ custom_properties }).custom_properties;
    const written = await desk.createTicket({ subject: 'Typed', custom_properties }, newKey());
    expect(written.warnings.map(({ field, reason }) => `${field} ${reason.split(':')[0]}`)).toEqual(['custom_properties cf_none', 'custom_properties system_status']);
    const read = (await desk.getTicket(written.id)).custom_properties;
    expect(read).toEqual(forecast);
    expect(read).toEqual([
      { id: 'cf_seats', value: 12 }, { id: 'cf_hours', value: 1.5 }, { id: 'cf_abc', value: 'Enterprise' }, { id: 'cf_escalated', value: true },
      { id: 'cf_renewal', value: '2026-02-28' }, { id: 'cf_regions', value: ['North', 'West'] }, { id: 'cf_ref', value: '7' },
    ]);
    await desk.updateTicket(written.id, { custom_properties: [{ id: 'cf_ref', value: null }] }, newKey());
    expect((await desk.getTicket(written.id)).custom_properties).toEqual(read?.map((one) => (one.id === 'cf_ref' ? { id: 'cf_ref', value: null } : one)));
  });

  test('whose definitions are not known yet go as they are, and the desk has the last word', async () => {
    const { id } = await desk.createTicket({ subject: 'Not learnt', custom_properties: [{ id: 'cf_ref', value: 'x' }] }, newKey());
    expect((await desk.getTicket(id)).custom_properties).toEqual([{ id: 'cf_ref', value: 'x' }]);
    const refused = await failureOf(desk.updateTicket(id, { custom_properties: [{ id: 'cf_seats', value: '12' }] }, newKey()));
    expect(refused).toMatchObject({ kind: 'refused', fields: ['custom_properties'] });
  });

  test.each([
    ['a page for people', '<html>Sign in</html>'],
    ['a list under another name', '{"fields":[]}'],
  ])('whose list is %s are left as they were known, and keep nothing else waiting', async (_, answer) => {
    const { origin } = new URL(sandbox.url);
    const odd = (): nock.Scope => nock(origin, { allowUnmocked: true }).get(/\/ticket_fields/).reply(200, answer);
    const first = odd();
    await desk.learn?.();
    expect(first.isDone()).toBe(true);
    const { id } = await desk.createTicket({ subject: 'Odd', custom_properties: [{ id: 'cf_ref', value: 'x' }] }, newKey());
    expect((await desk.getTicket(id)).custom_properties).toEqual([{ id: 'cf_ref', value: 'x' }]);
    await desk.learn?.();
    const later = odd();
    await desk.learn?.();
    expect(later.isDone()).toBe(true);
    expect(desk.forecast({ custom_properties: [{ id: 'seats', value: '12' }] }).custom_properties).toEqual([{ id: 'cf_seats', value: 12 }]);
  });

  test('whose list does not come at all are asked for again', async () => {
    const { origin } = new URL(sandbox.url);
    nock(origin, { allowUnmocked: true }).get(/\/ticket_fields/).times(3).reply(503);
    expect(await failureOf(desk.learn?.() ?? Promise.resolve())).toMatchObject({ kind: 'unavailable' });
  });
});

describe('the two credentials', () => {
  test('without a session comments are neither read nor written, and say why', async () => {
    const { session_token: _session, ...keyOnly } = sandbox.credentials;
    const alone = helpdesk.connect(accountOf({ connector: helpdesk, url: sandbox.url }, keyOnly), testWorld());
    expect(alone.can.comments).toMatchObject({ list: false, create: false, private: false });
    const { id } = await alone.createTicket({ subject: 'Alone' }, newKey());
    for (const call of [alone.listComments(id, null), alone.createComment(id, { content: 'x', public: true }, newKey())]) {
      const failure = await failureOf(call);
      expect([failure.kind, failure.message]).toEqual(['refused', expect.stringContaining('session_token')]);
    }
  });

  test('a session that ends stops the account by its check, while the key still opens tickets', async () => {
    const { id } = await desk.createTicket({ subject: 'Session' }, newKey());
    await desk.check();
    sandbox.settings({ session_minutes: 0 });
    expect((await failureOf(desk.listComments(id, null))).kind).toBe('unauthorised');
    expect((await failureOf(desk.check())).kind).toBe('unauthorised');
    expect((await desk.getTicket(id)).id).toBe(id);
  });

  test('nobody is ever mailed by what we write', async () => {
    const described = connect({ description_message: true });
    const { id } = await described.createTicket({ subject: 'Quiet', description: '<p>Once</p>', email_ccs: [{ user_id: null, email: 'dora@customer.example', name: 'Dora' }] }, newKey());
    for (const visible of [true, false]) await described.createComment(id, { content: '<p>x</p>', public: visible }, newKey());
    expect(list(at(sandbox.state(), 'tickets', 0), 'comments').map((message) => [at(message, 'type'), at(message, 'mailed')])).toEqual([
      ['request', false], ['response', false], ['note', false],
    ]);
    expect((await described.getTicket(id)).email_ccs).toEqual([{ user_id: null, email: 'dora@customer.example', name: 'Dora' }]);
  });
});

describe('files of messages', () => {
  test('are told with their message and fetched by the user, byte for byte', async () => {
    const { id } = await desk.createTicket({ subject: 'Files' }, newKey());
    const bytes = Uint8Array.from({ length: 5_000 }, (_, n) => n % 256);
    const form = new FormData();
    form.set('file', new Blob([bytes], { type: 'image/png' }), 'screen.png');
    const attachment = at(await byHand('/helpdesk/api/attachments', form), 'attachment');
    const link = `/helpdesk/api/attachments/${String(at(attachment, 'token'))}`;
    await byHand('/helpdesk/api/messages', { ticket_id: id, type: 'response', content: `<p>Here: <img src="${link}" width="9"></p>`, attachments: [attachment] });
    const [comment] = (await desk.listComments(id, null)).items;
    const [file] = comment?.attachments ?? [];
    expect(comment?.content).toBe(`<p>Here: <img src="${sandbox.url}${link}" alt="screen.png"></p>`);
    expect(file).toMatchObject({ filename: 'screen.png', content_type: 'image/png', size: 5_000, inline: true, url: sandbox.url + link });
    const { stream } = (await desk.download?.({ id: file?.id ?? '', url: file?.url ?? '' }, { ticketId: id, commentId: comment?.id ?? '' })) ?? { stream: [] };
    const parts: Uint8Array[] = [];
    for await (const part of stream) parts.push(part);
    expect(Buffer.concat(parts).equals(Buffer.from(bytes))).toBe(true);
    const gone = await failureOf(desk.download?.({ id: 'x', url: `${sandbox.url}/helpdesk/api/attachments/none` }, { ticketId: id, commentId: null }) ?? Promise.resolve());
    expect(gone.kind).toBe('missing');
  });
});

describe('the webhook', () => {
  const url = 'http://127.0.0.1:9/hooks/1/hook-token-of-the-test';
  const hooks = (): readonly unknown[] => list(sandbox.state(), 'webhooks');

  test('is known by its secret’s fingerprint, and made anew when the answer that told the secret was lost', async () => {
    const first = await desk.ensureWebhook(url);
    const secrets = first.status === 'registered' ? first.secrets : [];
    const knowing = connect({}, { inbound_secrets: secrets });
    expect(await knowing.ensureWebhook(url)).toEqual(first);
    // Somebody deletes it; the next one's answer is lost: the secret that is known is not that one's.
    sandbox.faults({ kind: 'lost-response', method: 'POST', path: '/webhooks', times: 1 });
    const id = String(at(hooks()[0], 'id'));
    await fetch(`${sandbox.url}/helpdesk/api/v1/webhooks/${id}`, { method: 'DELETE', headers: { 'x-api-key': sandbox.credentials['key'] ?? '', 'x-workspace-id': 'ws_sandbox' } });
    expect((await failureOf(knowing.ensureWebhook(url))).kind).toBe('unsure');
    const third = await knowing.ensureWebhook(url);
    expect(hooks()).toHaveLength(1);
    expect(third).toEqual({ status: 'registered', secrets: [at(hooks()[0], 'signingSecret')] });
    expect(third).not.toEqual(first);
  });

  test('moves along with our address, and strangers’ webhooks stay as they are', async () => {
    const stranger = { url: 'http://127.0.0.1:9/hooks/1/somebody-else' };
    await fetch(`${sandbox.url}/__sandbox/webhook`, { method: 'POST', body: JSON.stringify(stranger), headers: { 'content-type': 'application/json' } });
    const before = hooks()[0];
    const first = await desk.ensureWebhook(url);
    const moved = await connect({}, { inbound_secrets: first.status === 'registered' ? first.secrets : [] }).ensureWebhook(url.replace('127.0.0.1', 'localhost'));
    expect(moved).toEqual(first);
    expect(hooks().map((hook) => at(hook, 'targetUrl'))).toEqual([stranger.url, url.replace('127.0.0.1', 'localhost')]);
    expect(hooks()[0]).toEqual(before);
  });

  test('a change of the assignee rings twice, each with its own id, and both name the ticket as it is now', async () => {
    const receiver = await openReceiver();
    try {
      const hook = await desk.ensureWebhook(receiver.url);
      const { id } = await desk.createTicket({ subject: 'Twice' }, newKey());
      await desk.updateTicket(id, { assignee: { user_id: 'usr_xyz789', email: null, name: null } }, newKey());
      const readings = [];
      for (let n = 0; n < 3; n += 1) {
        const inbound = await receiver.next();
        expect(verify(helpdesk.about.signature({}), inbound, hook.status === 'registered' ? hook.secrets : [], Date.now())).toEqual({ ok: true });
        readings.push(helpdesk.read(inbound, JSON.parse(inbound.rawBody.toString('utf8')), {}));
      }
      const told = readings.flatMap((reading) => (reading.kind === 'ticket' ? [reading] : []));
      expect(told.map(({ event }) => event).sort()).toEqual(['ticket.assignment.changed', 'ticket.created', 'ticket.updated']);
      expect(new Set(told.map(({ dedupe }) => dedupe)).size).toBe(3);
      const after = told.filter(({ event }) => event !== 'ticket.created').map(({ snapshot }) => snapshot);
      expect(after[0]).toEqual(after[1]);
      expect(after[0]?.assignee?.user_id).toBe('usr_xyz789');
      // Both say of which save they are, so that the first is enough.
      const saves = told.map(({ event, save }) => (event === 'ticket.created' ? save : (save ?? 'none')));
      expect(saves.filter((save) => save !== undefined)).toEqual([after[0]?.modified_at, after[0]?.modified_at]);
    } finally {
      await receiver.close();
    }
  });
});
