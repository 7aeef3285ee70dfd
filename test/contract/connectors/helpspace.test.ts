/** The HelpSpace connector where the vendor is silent: against its sandbox desk in all the ways that it may behave. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import nock from 'nock';
import { changes, turn, type Place } from '../../../src/connectors/helpspace/feed.ts';
import { manyTickets } from '../../../src/connectors/helpspace/shapes.ts';
import { helpspace } from '../../../src/connectors/helpspace/index.ts';
import { settingsOf } from '../../../src/connectors/helpspace/settings.ts';
import type { Http } from '../../../src/connectors/kit/http.ts';
import { keyOf } from '../../../src/core/key.ts';
import { verify } from '../../../src/core/signature.ts';
import type { Account, Desk } from '../../../src/ports/connector.ts';
import { startSandbox, type SandboxDesk } from '../../../src/sandbox/index.ts';
import { at, list } from '../sandbox-support.ts';
import { all, failureOf } from './bench.ts';
import { openReceiver } from './receiver.ts';
import { accountOf, testWorld } from './world.ts';

let sandbox: SandboxDesk;
let desk: Desk;
let keys = 0;

const newKey = (): string => keyOf('helpspace', (keys += 1));
const REQUESTER = { user_id: null, email: 'carla@customer.example', name: 'Carla' };
const SETTINGS = { channel_id: 1 };

function connect(settings: Readonly<Record<string, unknown>> = {}, more: Partial<Account> = {}): Desk {
  return helpspace.connect(accountOf({ connector: helpspace, url: sandbox.url, settings: { ...SETTINGS, ...settings } }, sandbox.credentials, more), testWorld());
}
async function control(name: string, body: object): Promise<unknown> {
  return (await fetch(`${sandbox.url}/__sandbox/${name}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })).json();
}
const set = (settings: object): Promise<unknown> => control('settings', settings);
const create = async (more: object = {}, key = newKey()): Promise<string> => (await desk.createTicket({ subject: 'A ticket', description: '<p>What happened</p>', requester: REQUESTER, ...more }, key)).id;
const state = (): object => sandbox.state();

beforeAll(async () => {
  [sandbox] = (await startSandbox({ only: ['helpspace'] })) as [SandboxDesk];
});
beforeEach(async () => {
  sandbox.reset();
  desk = connect();
  await desk.learn?.();
});
afterEach(() => nock.cleanAll());
afterAll(async () => {
  // What it patched is the process's own, which other files share.
  nock.restore();
  await sandbox.close();
});

describe('customers', () => {
  test('are mailed nothing and agents told nothing by any write of a mirror', async () => {
    const tags = connect({ create_tags: true });
    const id = await create({ status: 'pending', assignee: { user_id: null, email: 'ben@example.com', name: null } });
    await tags.updateTicket(id, { status: 'closed', subject: 'Other', tags: ['made'], assignee: null }, newKey());
    await desk.createComment(id, { content: '<p>public</p>', public: true }, newKey());
    await desk.createComment(id, { content: '<p>private</p>', public: false }, newKey());
    await desk.deleteTicket(id, newKey());
    expect(at(state(), 'counts')).toMatchObject({ mails: 0, notices: 0, tickets: 1 });
    // Messages of an agent, which are mailed unless HelpSpace is told otherwise.
    expect(list(state(), 'tickets', 0, 'comments').map((message) => at(message, 'from_contact', 'value'))).toEqual(['carla@customer.example', 'bot@example.com', 'bot@example.com']);
  });

  test('are never deleted: that would take all their tickets along, for good', async () => {
    const id = await create();
    await desk.updateTicket(id, { requester: { user_id: null, email: 'other@customer.example', name: 'Other' } }, newKey());
    await desk.deleteTicket(id, newKey());
    expect(Object.keys(at(state(), 'requests') as object).filter((call) => /^DELETE|customers/.test(call))).toEqual(['DELETE /api/v1/tickets/:id']);
    expect(Object.keys(desk).filter((name) => /customer|person|user/i.test(name))).toEqual([]);
  });
});

describe('calls that are passed on', () => {
  test('delete no customer, however the call is spelled; everything else goes through', async () => {
    const id = await create();
    const customer = (await desk.getTicket(id)).requester?.user_id ?? '';
    const pass = (method: string, path: string) => desk.pass?.({ method, path, headers: {}, body: method === 'GET' ? null : Buffer.from('{}') }) ?? Promise.reject(new Error('nothing is passed on'));
    for (const [method, path] of [['DELETE', `/api/v1/customers/${customer}`], ['delete', `/api/v1/%63ustomers/${customer}`], ['DELETE', `/api/v1//customers//${customer}/?x=1`], ['DELETE', `/api/v1/tickets/../customers/${customer}`], ['POST', `/api/v1/customers/${customer}`]] as const) {
      expect([path, (await failureOf(pass(method, path))).kind]).toEqual([path, 'refused']);
    }
    expect((await pass('GET', `/api/v1/customers/${customer}`)).status).toBe(200);
    expect((await pass('PATCH', `/api/v1/customers/${customer}`)).status).toBe(200);
    expect((await pass('DELETE', `/api/v1/tickets/${id}`)).status).toBe(200);
    expect((await pass('GET', '/api/v1/tags')).status).toBe(200);
  });
});

describe('messages', () => {
  test('in whatever order they are listed, the first is the description and the rest come oldest first', async () => {
    const id = await create();
    for (let n = 0; n < 60; n += 1) await desk.createComment(id, { content: `<p>${n}</p>`, public: n % 3 !== 0 }, newKey());
    for (const order of ['oldest_first', 'newest_first']) {
      await set({ message_order: order });
      const fresh = connect();
      expect((await fresh.getTicket(id)).description).toBe('<p>What happened</p>');
      const { items, next } = await fresh.listComments(id, null);
      expect([next, items.map(({ content }) => content)]).toEqual([null, Array.from({ length: 60 }, (_, n) => `<p>${n}</p>`)]);
      expect(items.map((comment) => comment.public)).toEqual(Array.from({ length: 60 }, (_, n) => n % 3 !== 0));
    }
  });

  test('a desk that makes a public one of an internal one is sent no second', async () => {
    await set({ internal_messages: 'ignored' });
    const id = await create();
    const draft = { content: '<p>Between us</p>', public: false };
    expect((await desk.createComment(id, draft, newKey())).comment.public).toBe(true);
    expect((await failureOf(desk.createComment(id, draft, newKey()))).kind).toBe('refused');
    expect((await desk.createComment(id, { ...draft, public: true }, newKey())).comment.public).toBe(true);
    expect((await desk.listComments(id, null)).items).toHaveLength(2);
  });

  test('a desk that refuses internal ones is told as it says, and nothing is made', async () => {
    await set({ internal_messages: 'refused' });
    const id = await create();
    const failure = await failureOf(desk.createComment(id, { content: '<p>Between us</p>', public: false }, newKey()));
    expect([failure.kind, failure.fields]).toEqual(['refused', ['type']]);
    expect((await desk.listComments(id, null)).items).toEqual([]);
  });

  test('cannot be changed or deleted, and the desk says so before it is asked', () => {
    expect(desk.can.comments).toMatchObject({ edit: false, delete: false, makePrivate: false });
    expect([desk.updateComment, desk.deleteComment]).toEqual([undefined, undefined]);
    expect(connect({ private_messages: false }).can.comments.private).toBe(false);
  });

  test('are not sent when what had to be known before took too long', async () => {
    let now = Date.now();
    nock('https://desk.example').get('/api/v1/tickets/7').reply(200, () => {
      now += 6_000;
      return { data: { id: 7, subject: 'S', channel: { id: 1, value: 'support@your-domain.com' } } };
    });
    const other = helpspace.connect(accountOf({ connector: helpspace, url: 'https://desk.example' }, { token: 't', client_id: 'c' }), testWorld(() => now));
    const failure = await failureOf(other.createComment('7', { content: '<p>x</p>', public: true }, newKey()));
    expect([failure.kind, failure.message]).toEqual(['unavailable', 'not sent: what had to be known before took too long']);
  });

  test('an image that a body carries itself is fetched from the message', async () => {
    const bytes = Buffer.from([1, 2, 3, 250]);
    const raw = { id: 12, type: 'external', body: `<p>x</p><img src="data:image/png;base64,${bytes.toString('base64')}" alt="a.png">` };
    const scope = nock('https://desk.example').get('/api/v1/tickets/7/messages/12').reply(200, { data: raw }).get('/api/v1/tickets/7/messages/12').reply(200, { data: { ...raw, body: 'gone' } });
    const other = helpspace.connect(accountOf({ connector: helpspace, url: 'https://desk.example' }, { token: 't', client_id: 'c' }), testWorld());
    const link = { id: 'image-0', url: 'https://desk.example/api/v1/tickets/7/messages/12#image-0' };
    const found = await other.download?.(link, { ticketId: '7', commentId: '12' });
    const parts: Uint8Array[] = [];
    for await (const part of found?.stream ?? []) parts.push(part);
    expect([found?.content_type, found?.size, Buffer.concat(parts).equals(bytes)]).toEqual(['image/png', 4, true]);
    expect((await failureOf(other.download?.(link, { ticketId: '7', commentId: '12' }) ?? Promise.resolve())).kind).toBe('missing');
    expect(scope.isDone()).toBe(true);
  });

  test('the token goes to the desk’s own host and to no other', async () => {
    const mine = nock('https://desk.example', { reqheaders: { authorization: 'Bearer t', 'hs-client-id': 'c' } })
      .get('/api/v1/media/attachment/9')
      .reply(302, '', { location: 'https://files.example/f' });
    const theirs = nock('https://files.example', { badheaders: ['authorization', 'hs-client-id'] }).get('/f').reply(200, 'bytes');
    const other = helpspace.connect(accountOf({ connector: helpspace, url: 'https://desk.example' }, { token: 't', client_id: 'c' }), testWorld());
    const found = await other.download?.({ id: '9', url: 'https://desk.example/api/v1/media/attachment/9' }, { ticketId: '7', commentId: null });
    const parts: Uint8Array[] = [];
    for await (const part of found?.stream ?? []) parts.push(part);
    expect([Buffer.concat(parts).toString(), mine.isDone(), theirs.isDone()]).toEqual(['bytes', true, true]);
  });

  test('a packed answer is read', async () => {
    nock('https://desk.example').get('/api/v1/agents?per-page=1').reply(200, gzipSync(JSON.stringify({ data: [] })), { 'content-encoding': 'gzip', 'content-type': 'application/json' });
    const other = helpspace.connect(accountOf({ connector: helpspace, url: 'https://desk.example' }, { token: 't', client_id: 'c' }), testWorld());
    expect((await other.check()).name).toContain('workspace c');
  });
});

describe('the trash', () => {
  test('where it is shown a ticket is told as deleted, where it is hidden as missing', async () => {
    const [key, sentAt] = [newKey(), Date.now()];
    const id = await create({}, key);
    await desk.deleteTicket(id, newKey());
    expect(await desk.getTicket(id)).toMatchObject({ is_deleted: true, key });
    expect((await desk.changes(null, sentAt)).items).toEqual([expect.objectContaining({ ticketId: id, is_deleted: true })]);
    expect(await desk.find(key, { sentAt })).toMatchObject({ id, is_deleted: true });
    await set({ trash: 'hidden' });
    expect((await failureOf(desk.getTicket(id))).kind).toBe('missing');
    expect((await desk.changes(null, sentAt)).items).toEqual([]);
    expect(await desk.find(key, { sentAt })).toBeNull();
    expect((await failureOf(desk.deleteTicket(id, newKey()))).kind).toBe('missing');
  });
});

describe('our own ticket', () => {
  test('is found among the newest where the search does not know it yet', async () => {
    await set({ search_lag_ms: 3_600_000 });
    const sentAt = Date.now();
    for (let n = 0; n < 7; n += 1) await create();
    const key = newKey();
    const id = await create({}, key);
    for (let n = 0; n < 7; n += 1) await create();
    const fresh = connect();
    expect(await fresh.find(key, { sentAt })).toMatchObject({ id, key, description: '<p>What happened</p>' });
    expect(await fresh.find(newKey(), { sentAt })).toBeNull();
  });

  test('is asked for once, not ticket by ticket, where the search knows it', async () => {
    const sentAt = Date.now();
    for (let n = 0; n < 20; n += 1) await create();
    const key = newKey();
    const id = await create({}, key);
    const before = Number(at(state(), 'request_count'));
    expect(await connect().find(key, { sentAt })).toMatchObject({ id, key });
    expect(Number(at(state(), 'request_count')) - before).toBe(2);
  });
});

describe('tags, agents, teams and custom fields', () => {
  test('once learnt, nothing is promised that the desk does not have', async () => {
    const wanted = { tags: ['VIP', 'bug', 'handbook', 'new'], assignee: { user_id: null, email: 'nobody@elsewhere.example', name: null }, group: 'Sales' };
    expect(desk.forecast(wanted)).toEqual({ tags: ['vip', 'Bug'] });
    const { id, warnings } = await desk.createTicket({ subject: 'S', requester: REQUESTER, ...wanted }, newKey());
    expect(warnings.map(({ field }) => field)).toEqual(['tags', 'assignee', 'group']);
    expect([...((await desk.getTicket(id)).tags ?? [])].sort()).toEqual(['Bug', 'vip']);
    expect(Object.keys(at(state(), 'requests') as object)).not.toContain('POST /api/v1/tags');
  });

  test('a tag that came after the learning is asked for, after a while', async () => {
    const id = await create();
    const { token = '', client_id: client = '' } = sandbox.credentials;
    let now = Date.now();
    const later = helpspace.connect(accountOf({ connector: helpspace, url: sandbox.url, settings: SETTINGS }, sandbox.credentials), testWorld(() => now));
    await later.learn?.();
    await fetch(`${sandbox.url}/api/v1/tags`, { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, 'hs-client-id': client }, body: '{"name":"late"}' });
    expect((await later.updateTicket(id, { tags: ['late'] }, newKey())).warnings.map(({ field }) => field)).toEqual(['tags']);
    now += 121_000;
    expect((await later.updateTicket(id, { tags: ['late'] }, newKey())).warnings).toEqual([]);
    expect((await later.getTicket(id)).tags).toEqual(['late']);
  });

  test('a tag with the name of one for something else is left out, one that is free is made', async () => {
    const making = connect({ create_tags: true });
    const id = await create();
    const { warnings, ticket } = await making.updateTicket(id, { tags: ['Handbook', 'fresh', 'vip'] }, newKey());
    expect(warnings.map(({ field }) => field)).toEqual(['tags']);
    expect([...(ticket?.tags ?? [])].sort()).toEqual(['fresh', 'vip']);
    expect(making.can.callTimeoutMs).toBeGreaterThan(desk.can.callTimeoutMs);
  });

  test('custom fields come back as forecast, each type, and the others stay', async () => {
    const fields = {
      order_number: { type: 'text' }, seats: { type: 'number' }, contract: { type: 'boolean' }, plan: { type: 'dropdown', options: ['Free', 'Pro'] }, platforms: { type: 'multiselect', options: ['web', 'ios'] },
    };
    const custom = connect({ custom_fields: fields });
    const values = [['order_number', 7], ['seats', '12'], ['contract', 'true'], ['plan', 'pro'], ['platforms', ['ios', 'web']]].map(([id, value]) => ({ id: String(id), value }));
    const { id } = await custom.createTicket({ subject: 'S', requester: REQUESTER, custom_properties: values }, newKey());
    const sorted = (seen: { readonly custom_properties?: readonly { readonly id: string }[] }) => [...(seen.custom_properties ?? [])].sort((a, b) => (a.id < b.id ? -1 : 1));
    expect(sorted(await custom.getTicket(id))).toEqual(sorted(custom.forecast({ custom_properties: values })));
    await custom.updateTicket(id, { custom_properties: [{ id: 'seats', value: 13 }] }, newKey());
    expect(sorted(await custom.getTicket(id))).toMatchObject([{ id: 'contract', value: true }, { id: 'order_number', value: '7' }, { id: 'plan', value: 'Pro' }, { id: 'platforms' }, { id: 'seats', value: 13 }]);
    expect([desk.can.fields.custom_properties, custom.can.fields.custom_properties]).toEqual([undefined, 'always']);
  });

  test('a team by name or id, and the requester, can be changed', async () => {
    const id = await create({ group: 'billing' });
    expect((await desk.getTicket(id)).group).toBe('2');
    await desk.updateTicket(id, { group: '1', requester: { user_id: null, email: 'dora@customer.example', name: 'Dora' } }, newKey());
    expect(await desk.getTicket(id)).toMatchObject({ group: '1', requester: { email: 'dora@customer.example', name: 'Dora' } });
    const { user_id: user } = (await desk.getTicket(id)).requester ?? {};
    await desk.updateTicket(id, { requester: REQUESTER }, newKey());
    await desk.updateTicket(id, { requester: { user_id: user ?? null, email: null, name: null } }, newKey());
    expect((await desk.getTicket(id)).requester?.email).toBe('dora@customer.example');
  });

  test('without a channel in the settings the one of the tickets that there are is taken', async () => {
    await create();
    const learning = helpspace.connect(accountOf({ connector: helpspace, url: sandbox.url }, sandbox.credentials), testWorld());
    const { id } = await learning.createTicket({ subject: 'S', requester: REQUESTER }, newKey());
    expect(at(list(state(), 'tickets').find((ticket) => String(at(ticket, 'id')) === id), 'channel', 'id')).toBe(1);
  });
});

describe('changes', () => {
  /** One sweep: until there is no more. */
  async function sweep(of: Desk, cursor: string | null, since: number): Promise<{ readonly told: ReadonlySet<string>; readonly cursor: string }> {
    const told = new Set<string>();
    for (let place = cursor, calls = 0; calls < 100; calls += 1) {
      const { items, cursor: next, more } = await of.changes(place, since);
      for (const { ticketId, modified_at: modified } of items) told.add(`${ticketId}@${modified ?? ''}`);
      if (!more) return { told, cursor: next };
      place = next;
    }
    throw new Error('the sweep does not end');
  }

  test.each(['created_desc', 'created_asc', 'updated_desc'])('every one is told by a desk of many pages that lists %s, in parts of one page', async (order) => {
    await set({ list_order: order });
    const since = Date.now() - 1_000;
    const ids: string[] = [];
    for (let n = 0; n < 120; n += 1) ids.push(await create({ subject: `No ${n}` }));
    const parts = connect({ sweep_pages: 1 });
    const told = new Set<string>();
    let cursor: string | null = null;
    const sweepOn = async (): Promise<void> => {
      const swept = await sweep(parts, cursor, since);
      for (const one of swept.told) told.add(one);
      ({ cursor } = swept);
    };
    await sweepOn();
    const changed: string[] = [];
    for (const [round, id] of [ids[3], ids[60], ids[117], ids[1]].entries()) {
      await set({ clock_offset_ms: (round + 1) * 10 * 86_400_000 });
      const { ticket } = await desk.updateTicket(id ?? '', { subject: `Changed ${round}` }, newKey());
      changed.push(`${id}@${ticket?.modified_at ?? ''}`);
      // None of these is new or talked about, so only the walk through the whole list can tell it.
      for (let parts = 0; parts < 9; parts += 1) await sweepOn();
      expect(told.has(changed.at(-1) ?? '')).toBe(true);
    }
    for (const id of ids) expect([...told].some((one) => one.startsWith(`${id}@`))).toBe(true);
  });

  test('every one is told after two walks at most, whatever changes, comes and goes while the list is walked through', async () => {
    const at0 = Date.UTC(2026, 0, 1);
    const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', '+00:00');
    const op = fc.record({ touch: fc.array(fc.nat({ max: 999 }), { maxLength: 4 }), create: fc.nat({ max: 2 }), remove: fc.array(fc.nat({ max: 999 }), { maxLength: 2 }) });
    const order = fc.constantFrom<'created' | 'updated' | 'oldest'>('created', 'updated', 'oldest');
    await fc.assert(
      fc.asyncProperty(order, fc.integer({ min: 0, max: 230 }), fc.integer({ min: 1, max: 4 }), fc.array(op, { maxLength: 25 }), async (listed, count, sweepPages, ops) => {
        let clock = at0;
        let next = 0;
        const rows = new Map<number, number>();
        const make = (): void => void rows.set((next += 1), clock);
        for (let n = 0; n < count; n += 1) make();
        const pending = [...ops];
        const get = (path: string) => {
          const page = Number(/&page=(\d+)$/.exec(path)?.[1]);
          // The short lists of what is new show nothing here: only the walk can tell.
          const all = path.includes('between') ? [] : [...rows].sort(([a, was], [b, is]) => (listed === 'updated' ? is - was || b - a : listed === 'created' ? b - a : a - b));
          const data = all.slice((page - 1) * 50, page * 50).map(([id, updated]) => ({ id, updated_at: iso(updated) }));
          const { touch, create: made, remove } = pending.shift() ?? { touch: [], create: 0, remove: [] };
          clock += 10_000;
          for (const index of touch) if (rows.has(1 + (index % Math.max(1, next)))) rows.set(1 + (index % next), clock);
          for (const index of remove) rows.delete(1 + (index % Math.max(1, next)));
          for (let n = 0; n < made; n += 1) make();
          const meta = { current_page: page, last_page: Math.max(1, Math.ceil(all.length / 50)), total: all.length };
          return Promise.resolve({ status: 200, headers: {}, text: '', body: { data, meta } });
        };
        const settings = settingsOf({ sweep_pages: sweepPages, changes_overlap_seconds: 1 });
        const told = new Map<string, string>();
        let cursor: string | null = null;
        for (let quiet = 0; quiet < 60; quiet += pending.length === 0 ? 1 : 0) {
          const found = await changes({ get } as unknown as Http, settings, testWorld(() => clock), cursor, at0);
          for (const { ticketId, modified_at: modified } of found.items) told.set(ticketId, modified ?? '');
          ({ cursor } = found);
        }
        for (const [id, updated] of rows) expect([id, told.get(String(id))]).toEqual([id, new Date(updated).toISOString().replace('.000Z', 'Z')]);
      }),
      { numRuns: 150 },
    );
  });

  test('a desk that lists the latest change first is read no further than it must', async () => {
    await set({ list_order: 'updated_desc' });
    const since = Date.now() - 1_000;
    for (let n = 0; n < 120; n += 1) await create();
    const ordered = connect({ newest_changes_first: true, changes_overlap_seconds: 1 });
    const { cursor } = await sweep(ordered, null, since);
    await set({ clock_offset_ms: 3_600_000 });
    const id = await create();
    const { cursor: next } = await sweep(ordered, cursor, 0);
    const before = Number(at(state(), 'request_count'));
    expect([...(await sweep(ordered, next, 0)).told].map((one) => one.split('@')[0])).toEqual([id]);
    expect(Number(at(state(), 'request_count')) - before).toBe(1);
  });
});

describe('lists whose items move', () => {
  test('tickets that were there all the time are all listed, whatever comes and goes meanwhile', async () => {
    const op = fc.record({ create: fc.nat({ max: 3 }), remove: fc.array(fc.nat({ max: 500 }), { maxLength: 70 }) });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 260 }), fc.array(op, { maxLength: 12 }), async (count, ops) => {
        let rows = Array.from({ length: count }, (_, n) => count - n);
        const stayed = new Set(rows);
        let next = count;
        const pending = [...ops];
        const get = (path: string) => {
          const page = Number(/page=(\d+)$/.exec(path)?.[1]);
          const body = { data: rows.slice((page - 1) * 50, page * 50).map((id) => ({ id })), meta: { current_page: page, last_page: Math.max(1, Math.ceil(rows.length / 50)), total: rows.length } };
          const { create: made, remove } = pending.shift() ?? { create: 0, remove: [] };
          const gone = new Set(remove.map((index) => rows[index % Math.max(1, rows.length)]));
          for (const id of gone) stayed.delete(id ?? 0);
          rows = [...Array.from({ length: made }, () => (next += 1)), ...rows.filter((id) => !gone.has(id))];
          return Promise.resolve({ status: 200, headers: {}, text: '', body });
        };
        const seen = new Set<number>();
        let place: Place | null = { page: 1, total: null };
        for (let turns = 0; place !== null; turns += 1) {
          if (turns > 500) throw new Error('it does not end');
          const page: Awaited<ReturnType<typeof turn<{ readonly id: number | string }>>> = await turn(get, '/tickets?per-page=50', manyTickets, place);
          for (const { id } of page.rows) seen.add(Number(id));
          place = page.next;
        }
        for (const id of stayed) expect(seen.has(id)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test('whatever changes meanwhile, every ticket is given, and none twice, in whichever order the desk lists', async () => {
    for (const order of ['created_desc', 'created_asc', 'updated_desc']) {
      sandbox.reset();
      await set({ list_order: order });
      const ids: string[] = [];
      for (let n = 0; n < 210; n += 1) ids.push(await create());
      const given: string[] = [];
      let page: string | null = null;
      for (let pages = 0; pages === 0 || page !== null; pages += 1) {
        const found: Awaited<ReturnType<Desk['listTickets']>> = await desk.listTickets(page);
        given.push(...found.items.map((ticket) => ticket.id));
        page = found.next;
        // One that was given, one that was not yet, and two that come and go.
        for (const id of [ids[205], ids[3], ids[100]]) await desk.updateTicket(id ?? '', { subject: `Changed ${pages}` }, newKey());
        if (pages < 3) await desk.deleteTicket(await create(), newKey());
      }
      expect([order, ids.filter((id) => !given.includes(id))]).toEqual([order, []]);
      expect([order, given.length]).toEqual([order, new Set(given).size]);
    }
  });

  test('the list of the desk goes on over its pages', async () => {
    const ids = new Set<string>();
    for (let n = 0; n < 60; n += 1) ids.add(await create());
    expect(new Set((await all((page) => desk.listTickets(page))).map(({ id }) => id))).toEqual(ids);
  });
});

describe('the webhook', () => {
  test('that failures switched off is switched on again, and keeps its secret', async () => {
    const url = 'http://127.0.0.1:9/hooks/1/a-long-token';
    const first = await desk.ensureWebhook(url);
    if (first.status !== 'registered') throw new Error('it was not registered');
    await set({ webhook_retry_ms: [], webhook_failures_allowed: 1 });
    await create();
    while (at(state(), 'webhooks', 0, 'enabled') !== false) await new Promise((resolve) => setImmediate(resolve));
    const knowing = connect({}, { inbound_secrets: first.secrets });
    expect(await knowing.ensureWebhook(url)).toEqual(first);
    expect(at(state(), 'webhooks', 0)).toMatchObject({ enabled: true, failed_count: 0, url });
  });

  test('of a stranger stays as it is unless the settings say otherwise aloud', async () => {
    const theirs = { url: 'http://127.0.0.1:9/theirs', headers: { 'X-Theirs': 'x' } };
    await control('webhook', theirs);
    const before = at(state(), 'webhooks', 0);
    const url = 'http://127.0.0.1:9/hooks/1/a-long-token';
    const manual = await desk.ensureWebhook(url);
    expect(manual).toMatchObject({ status: 'manual' });
    expect(manual.status === 'manual' ? manual.steps.join('\n') : '').toContain(url);
    expect(at(state(), 'webhooks', 0)).toEqual(before);
    expect(await connect({ replace_webhook: true }).ensureWebhook(url)).toMatchObject({ status: 'registered' });
    expect(at(state(), 'webhooks', 0)).toMatchObject({ url, headers: [{ key: 'X-Deskmesh-Secret' }], trigger: { tag: { created: false } } });
  });

  test.each([
    ['our header', {}, {}],
    ['the hash of the payload, in hex', { signature: { scheme: 'hmac' } }, {}],
    ['the hash of the payload, in base64 and in another header', { signature: { scheme: 'hmac', header: 'X-Hash', encoding: 'base64' } }, { webhook_signature_header: 'X-Hash', webhook_signature_encoding: 'base64' }],
  ])('is proved by %s', async (_what, settings, switches) => {
    await set(switches);
    const receiver = await openReceiver();
    try {
      const hook = await connect(settings).ensureWebhook(receiver.url);
      if (hook.status !== 'registered') throw new Error('it was not registered');
      await create();
      const inbound = await receiver.next();
      const scheme = helpspace.about.signature(settings);
      expect(verify(scheme, inbound, hook.secrets, Date.now())).toEqual({ ok: true });
      const forged = { ...inbound, headers: { ...inbound.headers, 'x-deskmesh-secret': 'guess' }, rawBody: Buffer.from('{"data":{"id":1}}') };
      expect(verify(scheme, forged, hook.secrets, Date.now())).toMatchObject({ ok: false });
    } finally {
      await receiver.close();
    }
  });
});

describe('files', () => {
  const file = (bytes: Buffer) => ({
    from: 9, ticket_id: '1', comment_id: null, id: 'f', url: 'https://else.example/f', filename: 'f.bin', content_type: null, size: bytes.length, inline: false,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    open: async function* open() {
      yield bytes;
    },
    blob: () => Promise.resolve(new Blob([new Uint8Array(bytes)])),
  });

  test('of a message go by the names of both the vendor’s page and its client, as one stream of known length', async () => {
    const bodies: unknown[] = [];
    nock('https://desk.example').get('/api/v1/tickets/7').reply(200, { data: { id: 7, subject: 'S', channel: { id: 1, value: 'support@your-domain.com' } } });
    nock('https://desk.example', { reqheaders: { 'content-type': /^application\/json/, 'content-length': /^\d+$/ } })
      .post('/api/v1/tickets/7/messages', (body: unknown) => bodies.push(body) > 0)
      .reply(201, { data: { id: 8, type: 'external' } });
    const other = helpspace.connect(accountOf({ connector: helpspace, url: 'https://desk.example' }, { token: 't', client_id: 'c' }), testWorld());
    await other.createComment('7', { content: '<p>x</p>', public: true }, newKey(), [file(Buffer.from('abc'))]);
    expect(bodies).toMatchObject([{ attachments: [{ name: 'f.bin', file_name: 'f.bin', mime_type: 'application/octet-stream', data: 'YWJj' }] }]);
  });

  test('that are more than a message takes are refused before anything is sent', async () => {
    const id = await create();
    const before = Number(at(state(), 'write_count'));
    const big = file(Buffer.alloc(desk.can.files.maxTotalBytes + 1));
    for (const call of [desk.createComment(id, { content: 'x', public: true }, newKey(), [big]), desk.createTicket({ subject: 'S', requester: REQUESTER }, newKey(), [big])]) {
      expect((await failureOf(call)).kind).toBe('refused');
    }
    expect(at(state(), 'write_count')).toBe(before);
  });

  test('as large as they may be arrive', async () => {
    const bytes = Buffer.alloc(desk.can.files.maxTotalBytes, 'ab');
    const { id } = await desk.createTicket({ subject: 'S', requester: REQUESTER }, newKey(), [file(bytes)]);
    const [attachment] = (await desk.getTicket(id)).attachments ?? [];
    expect(attachment).toMatchObject({ filename: 'f.bin', size: bytes.length, inline: false });
  });

  test('an image that with its text is longer than a body may be is refused before anything is sent', async () => {
    const id = await create();
    const image = { ...file(Buffer.alloc(3_700_000)), inline: true, content_type: 'image/png' };
    const content = `<p><img src="${image.url}" alt="f"></p><p>${'x'.repeat(400_000)}</p>`;
    const before = Number(at(state(), 'write_count'));
    expect((await failureOf(desk.createComment(id, { content, public: true }, newKey(), [image]))).kind).toBe('refused');
    expect(at(state(), 'write_count')).toBe(before);
  });
});
