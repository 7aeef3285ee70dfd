/** What only Freshdesk has, told by the real connector against its sandbox desk: forms, files, people, archive, spam, merges, chats, SLA. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { keyOf } from '../../../src/core/key.ts';
import type { Person, TicketFields } from '../../../src/core/model.ts';
import { freshdesk } from '../../../src/connectors/freshdesk/index.ts';
import type { Desk, FileSource } from '../../../src/ports/connector.ts';
import { startSandbox, type SandboxDesk } from '../../../src/sandbox/index.ts';
import { at, basic, clientOf, list, type Client } from '../sandbox-support.ts';
import { all, failureOf } from './bench.ts';
import { openReceiver } from './receiver.ts';
import { fileOf } from './suite-files.ts';
import { accountOf, testWorld } from './world.ts';

const DAY = 86_400_000;
const CARLA: Person = { user_id: null, email: 'carla@customer.example', name: 'Carla' };
const BILLING = '1070000441222';

let sandbox: SandboxDesk;
let human: Client;
let bot: Client;
let desk: Desk;
let keys = 0;

const newKey = (): string => keyOf('freshdesk only', (keys += 1));
const connect = (settings: Readonly<Record<string, unknown>> = {}, who = sandbox.credentials, now?: () => number): Desk =>
  freshdesk.connect(accountOf({ connector: freshdesk, url: sandbox.url, settings }, who), testWorld(now));
const create = async (fields: TicketFields = {}, on = desk): Promise<string> =>
  (await on.createTicket({ subject: 'Printer', description: '<p>On fire</p>', requester: CARLA, ...fields }, newKey())).id;
const fieldsOf = (warnings: readonly { readonly field: string }[]): readonly string[] => warnings.map(({ field }) => field);
/** The ticket as the desk itself shows it. */
const bare = async (id: string): Promise<unknown> => (await bot.call('GET', `/api/v2/tickets/${id}`)).body;
const requests = (route: string): number => Number(at(sandbox.state(), 'requests', route) ?? 0);

beforeAll(async () => {
  [sandbox] = (await startSandbox({ only: ['freshdesk'] })) as [SandboxDesk];
  human = clientOf(sandbox.url, basic(`${sandbox.human['key'] ?? ''}:X`));
  bot = clientOf(sandbox.url, basic(`${sandbox.credentials['key'] ?? ''}:X`));
});
beforeEach(() => {
  sandbox.reset();
  desk = connect();
});
afterAll(() => sandbox.close());

describe('the account’s form', () => {
  test('gives custom fields their types; what was forecast is what is read', async () => {
    await desk.learn?.();
    const custom_properties = [
      { id: 'cf_ref', value: 7 }, { id: 'cf_order', value: '12' }, { id: 'cf_amount', value: '1.5' }, { id: 'cf_escalated', value: 'true' }, { id: 'cf_promised', value: '2026-03-01T00:00:00Z' },
      { id: 'cf_plan', value: 'pro' }, { id: 'cf_product', value: 'printer' }, { id: 'cf_model', value: 'P-100' }, { id: 'cf_part', value: 'Tray' }, { id: 'cf_none', value: 1 },
    ];
    const written = await desk.createTicket({ subject: 'Typed', requester: CARLA, custom_properties }, newKey());
    expect(written.warnings).toEqual([{ field: 'custom_properties', reason: 'cf_none: there is no such field here' }]);
    const seen = (await desk.getTicket(written.id)).custom_properties ?? [];
    expect(seen).toEqual(expect.arrayContaining([...(desk.forecast({ custom_properties }).custom_properties ?? [])]));
    expect(await bare(written.id)).toMatchObject({ custom_fields: { cf_ref: '7', cf_order: 12, cf_amount: 1.5, cf_escalated: true, cf_promised: '2026-03-01', cf_plan: 'Pro', cf_product: 'Printer', cf_model: 'P-100', cf_part: 'Tray', cf_details: null } });
    await desk.updateTicket(written.id, { custom_properties: [{ id: 'cf_part', value: 'drum' }, { id: 'cf_ref', value: null }] }, newKey());
    expect(await bare(written.id)).toMatchObject({ custom_fields: { cf_part: 'Drum', cf_ref: null, cf_order: 12 } });
  });

  test('is filled with defaults where a ticket brings nothing, when it is made and when it is closed', async () => {
    sandbox.settings({ required_fields: ['cf_ref', 'type'], required_for_closure: ['cf_order'] });
    expect(await failureOf(desk.createTicket({ subject: 'x', requester: CARLA }, newKey()))).toMatchObject({ kind: 'refused', fields: ['cf_ref', 'ticket_type'] });
    for (const knowing of [true, false]) {
      const filling = connect({ defaults: { cf_ref: 'none', type: 'Problem', cf_order: 1 } });
      if (knowing) await filling.learn?.();
      const id = await create({ ticket_type: null }, filling);
      expect(await bare(id)).toMatchObject({ type: 'Problem', custom_fields: { cf_ref: 'none', cf_order: null } });
      const closed = await filling.updateTicket(id, { status: 'closed' }, newKey());
      expect([closed.ticket?.status, fieldsOf(closed.warnings)]).toEqual(['closed', ['custom_properties']]);
      expect(await bare(id)).toMatchObject({ status: 5, custom_fields: { cf_ref: 'none', cf_order: 1 } });
    }
  });

  test('hides a section’s field, which is then left out with its name', async () => {
    const id = await create();
    const written = await desk.updateTicket(id, { priority: 'urgent', custom_properties: [{ id: 'cf_impact', value: 'A team' }] }, newKey());
    expect(written.warnings).toEqual([{ field: 'custom_properties', reason: expect.stringMatching(/^cf_impact: /) }]);
    expect(await bare(id)).toMatchObject({ priority: 4, custom_fields: { cf_impact: null } });
  });

  test('lets a status of the account’s own alone where the words agree', async () => {
    await desk.learn?.();
    const id = await create();
    await human.call('PUT', `/api/v2/tickets/${id}`, { status: 6 });
    expect((await desk.getTicket(id)).status).toBe('pending');
    await desk.updateTicket(id, { status: 'pending', priority: 'high' }, newKey());
    expect(await bare(id)).toMatchObject({ status: 6, priority: 3 });
    await desk.updateTicket(id, { status: 'open' }, newKey());
    expect(await bare(id)).toMatchObject({ status: 2 });
  });
});

describe('people, groups and companies', () => {
  test('an address in the trash or blocked is replaced by the account’s own requester, aloud', async () => {
    const contact = (await bot.call('POST', '/api/v2/contacts', { name: 'Dan', email: 'dan@customer.example' })).body;
    await human.call('PUT', `/api/_/contacts/${String(at(contact, 'id'))}/block`);
    const dan: Person = { user_id: null, email: 'dan@customer.example', name: 'Dan' };
    expect(await failureOf(desk.createTicket({ subject: 'x', requester: dan }, newKey()))).toMatchObject({ kind: 'refused', fields: ['requester'] });
    const written = await connect({ default_requester_email: 'desk@acme.example' }).createTicket({ subject: 'x', requester: dan }, newKey());
    expect(fieldsOf(written.warnings)).toEqual(['requester']);
    expect((await desk.getTicket(written.id)).requester?.email).toBe('desk@acme.example');
  });

  test('somebody’s other address, and an agent’s, are who they are: no second contact is made', async () => {
    const contact = (await bot.call('POST', '/api/v2/contacts', { name: 'Dan', email: 'dan@customer.example', other_emails: ['dan@home.example'] })).body;
    const users = (): number => Number(at(sandbox.state(), 'counts', 'users'));
    const before = users();
    for (const email of ['dan@home.example', 'ann@example.com']) {
      const { id, warnings, ticket } = await desk.createTicket({ subject: 'x', requester: { user_id: null, email, name: null } }, newKey());
      expect(at(await bare(id), 'requester_id')).toBe(email === 'ann@example.com' ? 1070040306629 : at(contact, 'id'));
      // What is read later is the first address, which is nobody's change.
      expect(warnings).toEqual(email === 'ann@example.com' ? [] : [{ field: 'requester', reason: 'Freshdesk knows dan@home.example as dan@customer.example' }]);
      expect(ticket?.requester).toEqual((await desk.getTicket(id)).requester);
    }
    expect(users()).toBe(before);
  });

  test('only somebody known becomes a requester where the account says so', async () => {
    const careful = connect({ requesters: 'known', default_requester_email: 'desk@acme.example' });
    const stranger = await careful.createTicket({ subject: 'x', requester: CARLA }, newKey());
    expect([(await desk.getTicket(stranger.id)).requester?.email, fieldsOf(stranger.warnings)]).toEqual(['desk@acme.example', ['requester']]);
    const id = await create({ requester: { user_id: null, email: 'ben@example.com', name: null } }, careful);
    expect((await desk.getTicket(id)).requester?.email).toBe('ben@example.com');
    const always = connect({ requesters: 'default', default_requester_email: 'desk@acme.example' });
    expect(always.can.fields.requester).toBeUndefined();
    expect((await desk.getTicket(await create({}, always))).requester?.email).toBe('desk@acme.example');
  });

  test('another requester can be set, by address or number', async () => {
    const id = await create();
    const written = await desk.updateTicket(id, { requester: { user_id: null, email: 'dora@customer.example', name: 'Dora' } }, newKey());
    expect(written.warnings).toEqual([]);
    expect((await desk.getTicket(id)).requester?.email).toBe('dora@customer.example');
    await desk.updateTicket(id, { requester: { user_id: '1070040306630', email: null, name: null } }, newKey());
    expect((await desk.getTicket(id)).requester).toMatchObject({ user_id: '1070040306630' });
  });

  test('an agent outside the group is not assigned, and that is told', async () => {
    await desk.learn?.();
    const id = await create();
    const ben: Person = { user_id: null, email: 'ben@example.com', name: null };
    const written = await desk.updateTicket(id, { group: 'billing', assignee: ben }, newKey());
    expect([written.ticket?.group, written.ticket?.assignee, fieldsOf(written.warnings)]).toEqual([BILLING, null, ['assignee']]);
    expect((await desk.updateTicket(id, { assignee: { user_id: '1070040306629', email: null, name: null } }, newKey())).warnings).toEqual([]);
    expect((await desk.getTicket(id)).assignee?.email).toBe('ann@example.com');
    expect(fieldsOf((await desk.updateTicket(id, { assignee: { user_id: '4711', email: null, name: null } }, newKey())).warnings)).toEqual(['assignee']);
  });

  test('a company is written by name or number, and left out where the account cannot', async () => {
    const id = await create();
    expect((await desk.updateTicket(id, { company: 'globex' }, newKey())).ticket?.company).toBe('1070000512802');
    expect((await desk.updateTicket(id, { company: '1070000512801' }, newKey())).ticket?.company).toBe('1070000512801');
    expect(fieldsOf((await desk.updateTicket(id, { company: 'Nobody Ltd' }, newKey())).warnings)).toEqual(['company']);
    sandbox.settings({ multiple_companies: false });
    const without = await desk.updateTicket(id, { company: 'Globex', subject: 'Still written' }, newKey());
    expect([without.ticket?.subject, fieldsOf(without.warnings)]).toEqual(['Still written', ['company']]);
  });

  test('copies go along with a new ticket, and cannot be changed later', async () => {
    const copies = [{ user_id: null, email: 'copy@customer.example', name: 'C' }];
    const id = await create({ email_ccs: copies });
    expect((await desk.getTicket(id)).email_ccs).toEqual([{ user_id: null, email: 'copy@customer.example', name: null }]);
    expect(await desk.updateTicket(id, { email_ccs: copies }, newKey())).toMatchObject({ ticket: null, warnings: [{ field: 'email_ccs' }] });
  });

  test('without administrators’ rights agents are known by number only, and assignees are left out with a warning', async () => {
    const modest = connect({}, sandbox.human);
    await modest.learn?.();
    const id = await create({ assignee: { user_id: null, email: 'ben@example.com', name: null } });
    expect((await modest.getTicket(id)).assignee).toEqual({ user_id: '1070040306630', email: null, name: null });
    const written = await modest.updateTicket(id, { assignee: { user_id: null, email: 'ann@example.com', name: null }, priority: 'high' }, newKey());
    expect([written.ticket?.priority, fieldsOf(written.warnings)]).toEqual(['high', ['assignee']]);
  });
});

describe('due dates', () => {
  const due_at = '2035-01-01T00:00:00Z';

  test('after a write are what was sent, or not told: policies change them later', async () => {
    sandbox.settings({ sla_fill_ms: 1000 });
    const made = await desk.createTicket({ subject: 'x', requester: CARLA }, newKey());
    expect(made.ticket).not.toHaveProperty('due_at');
    const own = await desk.createTicket({ subject: 'x', requester: CARLA, due_at }, newKey());
    expect(own.ticket?.due_at).toBe(due_at);
    sandbox.settings({ clock_offset_ms: 2000 });
    expect((await desk.getTicket(made.id)).due_at).toMatch(/Z$/);
    const changed = await desk.updateTicket(made.id, { priority: 'urgent' }, newKey());
    expect(changed.ticket).not.toHaveProperty('due_at');
  });

  test('that the desk refuses are left out with a warning: in the past, or while its clock stands still', async () => {
    const past = await desk.createTicket({ subject: 'x', requester: CARLA, due_at: '2001-01-01T00:00:00Z' }, newKey());
    const paused = await desk.createTicket({ subject: 'x', requester: CARLA, status: 'pending', due_at }, newKey());
    for (const { warnings, ticket } of [past, paused]) {
      expect(fieldsOf(warnings)).toEqual(['due_at']);
      expect(ticket).not.toHaveProperty('due_at');
    }
    expect(await bare(paused.id)).toMatchObject({ status: 3, due_by: null });
  });
});

describe('comments', () => {
  const said = (id: string): Promise<readonly { readonly content: string; readonly public: boolean; readonly author: Person | null }[]> => all((page) => desk.listComments(id, page));

  test('come from both sides with their writers; surveys and rules’ notes only if they are asked for', async () => {
    const id = await create();
    await human.call('POST', `/api/_/tickets/${id}/mail`, { from: 'carl@customer.example', name: 'Carl', body: '<div dir="ltr">Me too</div>' });
    await human.call('POST', `/api/v2/tickets/${id}/reply`, { body: '<p>On it</p>' });
    await human.call('POST', `/api/v2/tickets/${id}/forward`, { body: '<p>Have a look</p>', to_emails: ['x@partner.example'] });
    await human.call('POST', `/api/_/tickets/${id}/survey`, { body: 'Happy' });
    await human.call('POST', `/api/_/tickets/${id}/automation`, { body: 'Escalated' });
    await human.call('POST', `/api/_/tickets/${id}/automation`, { body: 'We got it', auto_response: true });
    const plain = (await said(id)).map(({ content, public: visible, author }) => [content, visible, author?.email]);
    expect(plain).toEqual([['Me too', true, 'carl@customer.example'], ['<p>On it</p>', true, 'ann@example.com'], ['<p>Have a look</p>', false, 'ann@example.com']]);
    const curious = connect({ survey_answers: true, automatic_comments: true });
    expect((await curious.listComments(id, null)).items.map(({ content }) => content)).toEqual(['Me too', '<p>On it</p>', '<p>Have a look</p>', 'Happy', 'Escalated', 'We got it']);
  });

  test('are notes that mail nobody, unless the account wants replies', async () => {
    const id = await create();
    await desk.createComment(id, { content: '<p>Hi</p>', public: true }, newKey());
    await connect({ public_comments: 'reply' }).createComment(id, { content: '<p>Hello</p>', public: true }, newKey());
    await connect({ public_comments: 'reply' }).createComment(id, { content: '<p>Psst</p>', public: false }, newKey());
    const rows = list((await bot.call('GET', `/api/v2/tickets/${id}/conversations`)).body);
    expect(rows).toMatchObject([{ source: 2, private: false, to_emails: null }, { source: 0, private: false, to_emails: ['carla@customer.example'] }, { source: 2, private: true, to_emails: null }]);
  });

  test('of a person who works with our key are that person’s: only the mark makes one ours', async () => {
    const id = await create();
    await bot.call('POST', `/api/v2/tickets/${id}/notes`, { body: '<p>By hand</p>' });
    const key = newKey();
    await desk.createComment(id, { content: '<p>By us</p>', public: false }, key);
    expect((await desk.listComments(id, null)).items.map(({ key: seen, author }) => [seen, author?.user_id])).toEqual([[null, '1070040306628'], [key, '1070040306628']]);
  });

  test('beyond the first ten are all there', async () => {
    const id = await create();
    for (let n = 0; n < 31; n += 1) await human.call('POST', `/api/v2/tickets/${id}/notes`, { body: `n${n}` });
    expect((await said(id)).map(({ content }) => content)).toEqual(Array.from({ length: 31 }, (_, n) => `n${n}`));
  });

  test('of a chat leave its first message to the description, and go out in structure', async () => {
    const chat = (await human.call('POST', '/api/_/chats', { from: 'carl@customer.example', body: 'Hello, anybody there?' })).body;
    const id = String(at(chat, 'id'));
    expect((await desk.getTicket(id)).description).toBe('Hello, anybody there?');
    expect(await said(id)).toEqual([]);
    const key = newKey();
    const { comment } = await desk.createComment(id, { content: '<p><strong>Ann</strong> (support):</p><p>Yes &amp; no</p>', public: true }, key);
    expect(comment).toMatchObject({ key, public: true, content: '<p>Ann (support):<br><br>Yes &amp; no</p>' });
    await desk.createComment(id, { content: '<p>Between <b>us</b></p>', public: false }, newKey());
    await desk.createComment(id, { content: '<p>Again</p>', public: true }, newKey());
    expect((await said(id)).map(({ content, public: visible }) => [content, visible])).toEqual([['<p>Ann (support):<br><br>Yes &amp; no</p>', true], ['<p>Between <b>us</b></p>', false], ['<p>Again</p>', true]]);
    // The refusal was met once.
    expect(requests('POST /api/v2/tickets/:id/notes')).toBe(4);
  });

  test('that were sent as replies cannot be changed, which is said', async () => {
    const mailing = connect({ public_comments: 'reply' });
    const id = await create();
    const { comment } = await mailing.createComment(id, { content: '<p>Hi</p>', public: true }, newKey());
    expect(await failureOf(mailing.updateComment?.(id, comment.id, { content: '<p>Ho</p>', public: true }, newKey()) ?? Promise.resolve())).toMatchObject({ kind: 'refused', status: 405 });
  });
});

describe('files', () => {
  const FILE = fileOf('log.txt', Buffer.from('hello'), { content_type: 'text/plain' });
  const draftOf = (files: readonly FileSource[], content = '<p>See</p>') => ({ content, public: true, files });
  const bytes = async (stream: AsyncIterable<Uint8Array>): Promise<string> => {
    const parts: Uint8Array[] = [];
    for await (const part of stream) parts.push(part);
    return Buffer.concat(parts).toString('utf8');
  };

  test('go out as a form that says the same as JSON would', async () => {
    await desk.learn?.();
    const fields: TicketFields = {
      subject: 'With a file', description: '<p>x</p>', status: 'pending', priority: 'high', ticket_type: 'incident', tags: ['a', 'b'], requester: CARLA, group: 'Support',
      custom_properties: [{ id: 'cf_order', value: 5 }, { id: 'cf_escalated', value: true }, { id: 'cf_ref', value: null }], email_ccs: [{ user_id: null, email: 'c@customer.example', name: null }],
    };
    const [plain, form] = [await desk.createTicket(fields, newKey()), await desk.createTicket(fields, newKey(), [FILE])];
    expect([plain.warnings, form.warnings]).toEqual([[], []]);
    const seen = async (id: string): Promise<object> => {
      const { id: _id, key: _key, created_at: _created, modified_at: _modified, attachments: _files, ...rest } = await desk.getTicket(id);
      return rest;
    };
    expect(await seen(form.id)).toEqual(await seen(plain.id));
    const { id } = form;
    await desk.createComment(id, { content: '<p>private</p>', public: false }, newKey(), [FILE]);
    await desk.createComment(id, { content: '<p>public</p>', public: true }, newKey(), [FILE]);
    expect((await human.call('GET', `/api/v2/tickets/${id}/conversations`)).body).toMatchObject([{ private: true }, { private: false }]);
  });

  test('that no longer fit stay behind, and the words go without them', async () => {
    sandbox.settings({ attachment_limit_bytes: 8 });
    const id = await create();
    expect((await desk.createComment(id, draftOf([FILE]), newKey(), [FILE])).warnings).toEqual([]);
    const key = newKey();
    const full = await desk.createComment(id, draftOf([FILE], '<p>And this</p>'), key, [FILE]);
    expect(full.warnings).toEqual([{ field: 'attachments', reason: expect.stringMatching(/^log\.txt: Freshdesk refused it: Total attachment/) }]);
    expect(full.comment).toMatchObject({ content: '<p>And this</p>', key, attachments: [] });
    const shown = (): Promise<unknown> => bot.call('GET', `/api/v2/tickets/${id}/conversations`).then(({ body }) => at(body, 1, 'body_text'));
    expect(await shown()).toContain('Not attached here: log.txt');
    // An edit keeps the line for people, and the key; also by a connection that never saw the comment.
    await desk.updateComment?.(id, full.comment.id, { content: '<p>And so on</p>', public: true }, key);
    await connect().updateComment?.(id, full.comment.id, { content: '<p>And that</p>', public: true }, key);
    expect(await shown()).toContain('Not attached here: log.txt');
    expect((await desk.listComments(id, null)).items[1]).toMatchObject({ content: '<p>And that</p>', key });
    const made = await desk.createTicket({ subject: 'x', requester: CARLA }, newKey(), [FILE, FILE]);
    expect(fieldsOf(made.warnings)).toEqual(['attachments', 'attachments']);
  });

  test('are fetched by a fresh link without our key, also when the one at hand is long stale', async () => {
    sandbox.settings({ link_expires_ms: 20_000 });
    const id = await create();
    const { comment } = await desk.createComment(id, draftOf([FILE]), newKey(), [FILE]);
    const [attachment] = comment.attachments;
    if (attachment === undefined || desk.download === undefined) throw new Error('no file');
    const of = { ticketId: id, commentId: comment.id };
    const read = async (from: Desk): Promise<string> => bytes((await from.download?.(attachment, of))?.stream ?? (async function* none() {})());
    expect(await read(desk)).toBe('hello');
    const listed = requests('GET /api/v2/tickets/:id/conversations');
    sandbox.settings({ clock_offset_ms: 60_000 });
    // Its link has expired on the desk, though to us it is still young.
    expect(await read(desk)).toBe('hello');
    expect(requests('GET /api/v2/tickets/:id/conversations')).toBe(listed + 1);
    expect(await read(connect())).toBe('hello');
    await bot.call('DELETE', `/api/v2/attachments/${attachment.id}`);
    expect((await failureOf(connect().download?.(attachment, of) ?? Promise.resolve())).kind).toBe('missing');
  });

  test('that stand in a text are fetched by their token, over the redirect', async () => {
    const form = new FormData();
    form.append('attachments[]', new Blob(['pixels'], { type: 'image/png' }), 'pig.png');
    const uploaded: unknown = await (await fetch(`${sandbox.url}/api/_/attachments`, { method: 'POST', headers: basic(`${sandbox.human['key'] ?? ''}:X`), body: form })).json();
    const html = `<p>Look <img src="${String(at(uploaded, 'attachment_url'))}" class="inline-image" data-id="${String(at(uploaded, 'id'))}"></p>`;
    const id = await create();
    await human.call('POST', `/api/v2/tickets/${id}/notes`, { body: html });
    await human.call('PUT', `/api/v2/tickets/${id}`, { description: html });
    const [comment] = (await desk.listComments(id, null)).items;
    const ticket = await desk.getTicket(id);
    for (const [attachment, commentId] of [[comment?.attachments[0], comment?.id ?? ''], [ticket.attachments?.[0], null]] as const) {
      if (attachment === undefined) throw new Error('no image');
      expect(attachment).toMatchObject({ id: String(at(uploaded, 'id')), inline: true });
      expect(await bytes((await connect().download?.(attachment, { ticketId: id, commentId }))?.stream ?? (async function* none() {})())).toBe('pixels');
    }
  });
});

describe('tickets that are put away', () => {
  test('in the archive are read, and refuse writes without being taken for gone', async () => {
    const id = await create({ status: 'closed' });
    await desk.createComment(id, { content: '<p>Last words</p>', public: true }, newKey());
    sandbox.settings({ clock_offset_ms: 121 * DAY });
    const later = connect();
    expect(await later.getTicket(id)).toMatchObject({ id, status: 'closed', is_deleted: false, requester: { email: 'carla@customer.example' } });
    expect((await later.listComments(id, null)).items).toMatchObject([{ content: '<p>Last words</p>' }]);
    expect((await failureOf(later.updateTicket(id, { status: 'open' }, newKey()))).kind).toBe('refused');
    expect((await failureOf(later.createComment(id, { content: '<p>x</p>', public: true }, newKey()))).kind).toBe('refused');
    expect((await failureOf(later.deleteTicket(id, newKey()))).kind).toBe('refused');
    sandbox.settings({ archive: false });
    expect((await failureOf(connect().getTicket('4711'))).kind).toBe('missing');
  });

  test('among spam count as deleted, are told by the changes, and come back', async () => {
    const since = Date.now() - 1000;
    const id = await create();
    await human.call('PUT', `/api/_/tickets/${id}/spam`);
    expect((await desk.getTicket(id)).is_deleted).toBe(true);
    expect((await desk.changes(null, since)).items).toContainEqual({ ticketId: id, modified_at: expect.any(String), is_deleted: true });
    expect((await failureOf(desk.updateTicket(id, { subject: 'x' }, newKey()))).kind).toBe('missing');
    await human.call('PUT', `/api/_/tickets/${id}/unspam`);
    expect((await desk.getTicket(id)).is_deleted).toBe(false);
  });

  test('by a merge tell where they went; what was said moves along', async () => {
    const [primary, secondary] = [await create(), await create({ subject: 'Twin' })];
    await desk.createComment(secondary, { content: '<p>Said before</p>', public: true }, newKey());
    await human.call('PUT', '/api/v2/tickets/merge', { primary_id: Number(primary), ticket_ids: [Number(secondary)] });
    await desk.listComments(secondary, null);
    expect(await desk.getTicket(secondary)).toMatchObject({ status: 'closed', merged_into: primary });
    expect(await desk.getTicket(primary)).not.toHaveProperty('merged_into');
    expect((await desk.listComments(primary, null)).items.map(({ content }) => content)).toContain('<p>Said before</p>');
  });

  test('are found by our key wherever they are, also while the search index is behind', async () => {
    sandbox.settings({ search_lag_ms: 600_000 });
    const sentAt = Date.now();
    const [key, spam] = [newKey(), newKey()];
    const { id } = await desk.createTicket({ subject: 'Mine', requester: CARLA }, key);
    const hidden = await desk.createTicket({ subject: 'Mine', requester: CARLA }, spam);
    await human.call('PUT', `/api/_/tickets/${hidden.id}/spam`);
    expect((await desk.find(key, { sentAt }))?.id).toBe(id);
    expect(await desk.find(spam, { sentAt })).toMatchObject({ id: hidden.id, is_deleted: true });
  });
});

describe('single values', () => {
  test('that began as mail to a customer keep their words, and take the rest', async () => {
    const sent = (await human.call('POST', '/api/v2/tickets/outbound_email', { subject: 'News', description: 'We moved', email: 'carla@customer.example', email_config_id: 1 })).body;
    const id = String(at(sent, 'id'));
    const written = await desk.updateTicket(id, { subject: 'Other', description: '<p>x</p>', priority: 'urgent' }, newKey());
    expect([written.ticket?.subject, written.ticket?.priority, fieldsOf(written.warnings)]).toEqual(['News', 'urgent', ['subject', 'description']]);
    expect(await desk.updateTicket(id, { subject: 'Other' }, newKey())).toMatchObject({ ticket: null, warnings: [{ field: 'subject' }] });
  });
});

describe('lists', () => {
  test('go back further than thirty days', async () => {
    const old = await create();
    sandbox.settings({ clock_offset_ms: 40 * DAY });
    const young = await create();
    expect((await all((page) => desk.listTickets(page))).map(({ id }) => id)).toEqual([old, young]);
    expect((await desk.changes(null, 0)).items.map(({ ticketId }) => ticketId)).toEqual([old, young]);
  });

  test('hold each ticket once, though it changes between the pages', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 130; n += 1) ids.push(String(at((await human.call('POST', '/api/v2/tickets', { subject: `t${n}`, description: 'x', status: 2, priority: 1, email: 'c@customer.example' })).body, 'id')));
    // One second holds them all, so that pages are turned by number.
    const first = await desk.listTickets(null);
    await human.call('PUT', `/api/v2/tickets/${first.items[0]?.id ?? ''}`, { subject: 'moved to the end' });
    const seen = [...first.items];
    for (let page = first.next; page !== null; ) {
      const found = await desk.listTickets(page);
      seen.push(...found.items);
      page = found.next;
    }
    const times = new Map<string, number>();
    for (const { id } of seen) times.set(id, (times.get(id) ?? 0) + 1);
    expect([...times.keys()].sort()).toEqual([...ids].sort());
    expect(Math.max(...times.values())).toBe(1);
  });

  test('are narrowed by what a caller asks for', async () => {
    const ben: Person = { user_id: null, email: 'ben@example.com', name: null };
    const one = await create({ status: 'pending', priority: 'urgent', assignee: ben });
    const two = await create({ status: 'open', priority: 'urgent' });
    const ids = async (query: Parameters<Desk['listTickets']>[1]): Promise<readonly string[]> => (await all((page) => desk.listTickets(page, query))).map(({ id }) => id);
    expect(await ids({ status: 'pending' })).toEqual([one]);
    expect(await ids({ priority: 'urgent' })).toEqual([one, two]);
    expect(await ids({ assignee: ben })).toEqual([one]);
    expect(await ids({ assignee: { user_id: '1070040306630', email: null, name: null } })).toEqual([one]);
    expect(await ids({ assignee: { user_id: null, email: 'nobody@example.com', name: null } })).toEqual([]);
    expect(await ids({ modified_after: new Date(Date.now() + 60_000).toISOString() })).toEqual([]);
  });

  test('and readings show the desk’s own objects; other calls are passed on', async () => {
    const id = await create();
    expect(desk.raw?.(await desk.getTicket(id))).toMatchObject({ id: Number(id), requester: { email: 'carla@customer.example' } });
    await desk.createComment(id, { content: '<p>x</p>', public: false }, newKey());
    const [comment] = (await desk.listComments(id, null)).items;
    expect(comment === undefined ? undefined : desk.raw?.(comment)).toMatchObject({ source: 2, private: true });
    const answer = await desk.pass?.({ method: 'GET', path: `/api/v2/tickets/${id}?include=stats`, headers: {}, body: null });
    expect([answer?.status, at(JSON.parse(Buffer.from(answer?.body ?? []).toString('utf8')), 'stats', 'resolved_at')]).toEqual([200, null]);
    expect((await failureOf(desk.pass?.({ method: 'GET', path: '//elsewhere.example/x', headers: {}, body: null }) ?? Promise.resolve())).kind).toBe('refused');
  });
});

describe('limits', () => {
  test('a limit of one kind of call keeps only that kind waiting, and the whole account’s keeps all', async () => {
    sandbox.settings({ plan: 'growth' });
    let now = Date.now();
    const limited = connect({}, sandbox.credentials, () => now);
    const id = await create({}, limited);
    let failure: Awaited<ReturnType<typeof failureOf>> | null = null;
    // Two calls for trash and spam go with each look at what changed.
    for (let n = 0; n < 8 && failure === null; n += 1) failure = await limited.changes(null, now).then(() => null, (error: unknown) => failureOf(Promise.reject(error)));
    expect(failure).toMatchObject({ kind: 'throttled', status: 429, reach: 'call' });
    const asked = requests('GET /api/v2/tickets');
    expect(await failureOf(limited.changes(null, now))).toMatchObject({ kind: 'throttled', reach: 'call', retryAt: failure?.retryAt });
    expect(requests('GET /api/v2/tickets')).toBe(asked);
    expect((await limited.getTicket(id)).id).toBe(id);
    sandbox.reset();
    now = (failure?.retryAt ?? 0) + 1;
    await limited.changes(null, now);
    sandbox.settings({ rate_limit: 1 });
    expect(await failureOf(limited.getTicket(id))).toMatchObject({ kind: 'throttled', reach: 'account' });
  });
});

describe('what the desk sends', () => {
  test('a save of several changes rings once by its first, and is read whole', async () => {
    const receiver = await openReceiver();
    try {
      const id = await create();
      await bot.call('POST', '/__sandbox/webhook', { url: receiver.url });
      await human.call('PUT', `/api/v2/tickets/${id}`, { priority: 4, status: 6, subject: 'New' });
      const inbound = await receiver.next();
      const body: unknown = JSON.parse(inbound.rawBody.toString('utf8'));
      expect(at(body, 'freshdesk_webhook', 'ticket_status')).toBe('Waiting on Customer');
      expect(freshdesk.read(inbound, body, {})).toMatchObject({ kind: 'ticket', ticketId: id, event: 'ticket.updated' });
      expect(await desk.getTicket(id)).toMatchObject({ priority: 'urgent', status: 'pending', subject: 'New' });
    } finally {
      await receiver.close();
    }
  });

  test('with a text that people wrote into the rule, which a customer’s quotes break, still names the ticket', async () => {
    const receiver = await openReceiver();
    try {
      sandbox.settings({ webhook_content: '{"ticket_id":"{{ticket.id}}","event":"{{triggered_event}}","subject":"{{ticket.subject}}","odd":"{{ticket.no_such}}"}' });
      await bot.call('POST', '/__sandbox/webhook', { url: receiver.url });
      const id = String(at((await human.call('POST', '/api/v2/tickets', { subject: 'He said "no"', description: 'x', status: 2, priority: 1, email: 'c@customer.example' })).body, 'id'));
      const inbound = await receiver.next();
      const text = inbound.rawBody.toString('utf8');
      expect(() => JSON.parse(text) as unknown).toThrow();
      expect(text).toContain('{{ticket.no_such}}');
      const body = freshdesk.formats?.['application/json']?.(text);
      expect(freshdesk.read(inbound, body, {})).toMatchObject({ kind: 'ticket', ticketId: id, event: 'ticket.created' });
    } finally {
      await receiver.close();
    }
  });
});
