/** What only a classic Zendesk can be set to, against its sandbox: other views, an end user's view, JSON in XML's place, tweets. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { connectors } from '../../../src/connectors/index.ts';
import { keyOf } from '../../../src/core/key.ts';
import type { Ticket } from '../../../src/core/model.ts';
import type { Desk, Page } from '../../../src/ports/connector.ts';
import { startSandbox, type SandboxDesk } from '../../../src/sandbox/index.ts';
import { all, failureOf, REQUESTER } from './bench.ts';
import { fileOf } from './suite-files.ts';
import { accountOf, testWorld } from './world.ts';

const EVE = { email: 'eve@customer.example', password: 'sandbox-classic-customer-password' };
let sandbox: SandboxDesk;
let keys = 0;
const newKey = (): string => keyOf('classic', (keys += 1));

beforeAll(async () => {
  const [desk] = await startSandbox({ only: ['zendesk-classic'] });
  if (desk === undefined) throw new Error('there is no sandbox desk');
  sandbox = desk;
});
beforeEach(() => sandbox.reset());
afterAll(() => sandbox.close());

function connect(settings: Readonly<Record<string, unknown>>, credentials: Readonly<Record<string, string>> = sandbox.credentials): Desk {
  const connector = connectors['zendesk-classic'];
  if (connector === undefined) throw new Error('there is no such connector');
  return connector.connect(accountOf({ connector, url: sandbox.url, settings }, credentials), testWorld());
}
async function switched(settings: object): Promise<void> {
  const answer = await fetch(`${sandbox.url}/__sandbox/settings`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(settings) });
  expect(answer.status).toBe(200);
}
const made = (desk: Desk, more = {}): Promise<string> => desk.createTicket({ subject: 'A ticket', description: '<p>What happened</p>', requester: REQUESTER, ...more }, newKey()).then(({ id }) => id);
async function many(desk: Desk, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i += 1) ids.push(await made(desk, { subject: `No ${i}` }));
  return ids;
}
async function drain(desk: Desk, cursor: string | null, since: number): Promise<{ readonly ids: ReadonlySet<string>; readonly cursor: string; readonly calls: number }> {
  const ids = new Set<string>();
  let at = cursor;
  for (let calls = 1; calls < 50; calls += 1) {
    const { items, cursor: next, more } = await desk.changes(at, since);
    for (const { ticketId } of items) ids.add(ticketId);
    at = next;
    if (!more) return { ids, cursor: next, calls };
  }
  throw new Error('the changes do not end');
}
const requests = (): number => (sandbox.state() as { readonly request_count: number }).request_count;

describe('a view', () => {
  test('a view that is ordered by update is read as far as something changed', async () => {
    const desk = connect({ view: 4001, view_order: 'updated', changes_overlap_seconds: 1 });
    const ids = await many(desk, 40);
    await switched({ clock_offset_ms: 120_000 });
    await desk.updateTicket(ids[1] ?? '', { subject: 'Changed' }, newKey());
    const begun = await drain(desk, null, 0);
    expect(begun.ids).toEqual(new Set(ids));
    await switched({ clock_offset_ms: 240_000 });
    await desk.updateTicket(ids[0] ?? '', { subject: 'Changed' }, newKey());
    const before = requests();
    const next = await drain(desk, begun.cursor, 0);
    // What was newest is told once more.
    expect(next.ids).toEqual(new Set([ids[0], ids[1]]));
    expect(requests() - before).toBe(1);
  });

  test('a view in any other order is read whole, and tells each change all the same', async () => {
    const desk = connect({ view: 4002, changes_overlap_seconds: 1 });
    const ids = await many(desk, 40);
    let { cursor } = await drain(desk, null, 0);
    for (let round = 1; round < 4; round += 1) {
      await switched({ clock_offset_ms: round * 120_000 });
      await desk.updateTicket(ids[round] ?? '', { subject: `Changed ${round}` }, newKey());
      const told = await drain(desk, cursor, 0);
      expect(told.ids.has(ids[round] ?? '')).toBe(true);
      cursor = told.cursor;
    }
    // Two walks after the last change nothing is told any more but what is newest.
    for (let quiet = 0; quiet < 2; quiet += 1) cursor = (await drain(desk, cursor, 0)).cursor;
    expect([...(await drain(desk, cursor, 0)).ids]).toEqual([ids[3]]);
  });

  test('a view that is grouped, though it was said to be ordered by update, is read whole where that shows', async () => {
    const desk = connect({ view: 4004, view_order: 'updated', changes_overlap_seconds: 1 });
    const ids = await many(desk, 6);
    await desk.updateTicket(ids[5] ?? '', { status: 'pending' }, newKey());
    const { cursor } = await drain(desk, null, 0);
    await switched({ clock_offset_ms: 120_000 });
    await desk.updateTicket(ids[5] ?? '', { subject: 'Changed' }, newKey());
    expect((await drain(desk, cursor, 0)).ids.has(ids[5] ?? '')).toBe(true);
  });

  test.each([[4001, 'updated'], [4002, 'any'], [4004, 'any']])('view %i hides no ticket while others are deleted, changed and made between its pages', async (view, order) => {
    const desk = connect({ view, view_order: order });
    const ids = await many(desk, 62);
    const stay = ids.filter((_id, at) => at % 9 !== 4);
    const leave = ids.filter((_id, at) => at % 9 === 4);
    const seen: string[] = [];
    let page: string | null = null;
    do {
      const found: Page<Ticket> = await desk.listTickets(page);
      seen.push(...found.items.map(({ id }) => id));
      page = found.next;
      for (const id of leave.splice(0, 2)) await desk.deleteTicket(id, newKey());
      const late = stay.at(-(seen.length % 13) - 1) ?? '';
      await desk.updateTicket(late, { status: 'pending' }, newKey());
      if (seen.length < 45) await made(desk);
    } while (page !== null);
    expect(stay.filter((id) => !seen.includes(id))).toEqual([]);
  });

  test('a view that holds still is walked through once', async () => {
    const desk = connect({ view: 4002 });
    const ids = await many(desk, 40);
    const before = requests();
    expect((await all((page) => desk.listTickets(page))).map(({ id }) => id)).toEqual(ids);
    // Three pages, and the two people on them.
    expect(requests() - before).toBe(3 + 1);
  });

  test('who looks for tickets at the same time shares one walk, and who comes later has one of their own', async () => {
    const desk = connect({ view: 4002 });
    const keys = Array.from({ length: 40 }, newKey);
    const sentAt = Date.now();
    const ids: string[] = [];
    for (const [i, key] of keys.entries()) ids.push((await desk.createTicket({ subject: `Shared ${i}`, description: 'x' }, key)).id);
    const unknown = newKey();
    const before = requests();
    const first = desk.find(keys[0] ?? '', { sentAt });
    const rest = [...keys.slice(1), unknown].map((key) => desk.find(key, { sentAt }));
    expect((await first)?.id).toBe(ids[0]);
    const found = await Promise.all(rest);
    expect(found.map((ticket) => ticket?.id ?? null)).toEqual([...ids.slice(1), null]);
    // Two walks of three pages, each ticket by itself, and the people on them.
    const people = 3;
    expect(requests() - before).toBeLessThanOrEqual(2 * 3 + 40 + people);
  });

  test('a view that is not there makes no account work', async () => {
    expect((await failureOf(connect({ view: 99 }).check())).kind).toBe('missing');
  });

  test('a view that leaves a ticket out does not find it', async () => {
    const desk = connect({ view: 4003 });
    const key = newKey();
    const sentAt = Date.now();
    await desk.learn?.();
    await desk.createTicket({ subject: 'Assigned', description: 'x', assignee: { user_id: null, email: 'ben@example.com', name: null } }, key);
    expect(await desk.find(key, { sentAt })).toBeNull();
    expect(await connect({ view: 4001 }).find(key, { sentAt })).toMatchObject({ key });
  });
});

describe('marks', () => {
  test('marks can be external ids, which people’s tags leave alone', async () => {
    const desk = connect({ view: 4001, mark_tickets: 'external-id' });
    const key = newKey();
    const { id } = await desk.createTicket({ subject: 'x', description: 'y', tags: ['a'] }, key);
    expect(await desk.getTicket(id)).toMatchObject({ key, tags: ['a'] });
    expect(await desk.find(key, { sentAt: Date.now() })).toMatchObject({ id });
  });

  test('where the desk does not take external ids, nothing is found by them', async () => {
    await switched({ external_id_writable: false });
    const desk = connect({ view: 4001, mark_tickets: 'external-id' });
    const key = newKey();
    const { id } = await desk.createTicket({ subject: 'x', description: 'y' }, key);
    expect((await desk.getTicket(id)).key).toBeNull();
    expect(await desk.find(key, { sentAt: Date.now() })).toBeNull();
  });

  test('marks as tags survive whatever tags are written', async () => {
    const desk = connect({ view: 4001 });
    const id = await made(desk, { tags: ['one', 'two'] });
    await desk.updateTicket(id, { tags: ['two', 'three'] }, newKey());
    await desk.updateTicket(id, { tags: [] }, newKey());
    expect(await desk.getTicket(id)).toMatchObject({ tags: [], key: expect.stringMatching(/^dm-/) });
  });
});

describe('a desk that answers JSON in XML’s place', () => {
  test('JSON in the place of XML is read the same way', async () => {
    const desk = connect({ view: 4001, view_order: 'updated' });
    await desk.learn?.();
    const id = await made(desk, { status: 'pending', priority: 'high', tags: ['a'], assignee: { user_id: null, email: 'ben@example.com', name: null }, custom_properties: [{ id: '141', value: true }, { id: '142', value: 7 }, { id: '514', value: 'Pro plan' }] });
    await desk.createComment(id, { content: '<p>Hello</p>', public: false }, newKey(), [fileOf('a.txt', Buffer.from('a'))]);
    const look = async (of: Desk) => ({ ticket: await of.getTicket(id), comments: await all((page) => of.listComments(id, page)), list: (await of.listTickets(null)).items.map((ticket) => ticket.id), who: await of.check() });
    const before = await look(desk);
    expect(before.ticket.custom_properties).toEqual(expect.arrayContaining([{ id: '141', value: true }, { id: '142', value: 7 }, { id: '514', value: 'plan_pro' }]));
    await switched({ xml_answers_json: true });
    const other = connect({ view: 4001, view_order: 'updated' });
    await other.learn?.();
    expect(await look(other)).toEqual(before);
    expect(await made(other)).toMatch(/^\d+$/);
    const files = [fileOf('b.txt', Buffer.from('b')), fileOf('c.txt', Buffer.from('c'))];
    expect((await other.createComment(id, { content: '<p>With files</p>', public: true }, newKey(), files)).comment.attachments.map(({ filename }) => filename)).toEqual(['b.txt', 'c.txt']);
  });
});

describe('the throttle', () => {
  test('the throttle is told as such, and what it kept back was not done', async () => {
    const desk = connect({ view: 4001 });
    await switched({ rate_limit: 1 });
    await desk.check().catch(() => undefined);
    const failure = await failureOf(made(desk));
    expect(failure).toMatchObject({ kind: 'throttled', status: 503 });
    expect(Math.abs((failure.retryAt ?? 0) - Date.now() - 60_000)).toBeLessThan(5_000);
    expect((sandbox.state() as { readonly tickets: readonly unknown[] }).tickets).toEqual([]);
  });
});

describe('refusals', () => {
  test('a requester who would be one user too many is refused', async () => {
    await switched({ max_users: 3 });
    expect(await failureOf(made(connect({ view: 4001 })))).toMatchObject({ kind: 'refused', status: 507, fields: ['requester'] });
  });

  test('what cannot be solved, or is closed, is refused with the desk’s words', async () => {
    await switched({ solve_needs_assignee: true });
    const desk = connect({ view: 4001 });
    const id = await made(desk);
    const failure = await failureOf(desk.updateTicket(id, { status: 'resolved' }, newKey()));
    expect(failure).toMatchObject({ kind: 'refused', status: 406 });
    expect(failure.message).toContain('Assignee: is required when solving a ticket');
    await desk.updateTicket(id, { status: 'closed' }, newKey());
    expect((await failureOf(desk.createComment(id, { content: '<p>late</p>', public: true }, newKey()))).message).toContain('closed prevents ticket update');
  });

  test('a file that is too large is left out by us, with a warning, before the desk has to', async () => {
    const desk = connect({ view: 4001, max_file_bytes: 10 });
    const id = await made(desk);
    const { comment, warnings } = await desk.createComment(id, { content: '<p>x</p>', public: true }, newKey(), [fileOf('large.bin', Buffer.alloc(11)), fileOf('small.bin', Buffer.alloc(10))]);
    expect([comment.attachments.map(({ filename }) => filename), warnings.map(({ field }) => field)]).toEqual([['small.bin'], ['attachments']]);
  });

  test('an upload that fails is no refusal of the comment: nothing was sent', async () => {
    const desk = connect({ view: 4001 });
    const id = await made(desk);
    sandbox.faults({ kind: 'status', method: 'POST', path: '/uploads.xml', status: 500 });
    expect((await failureOf(desk.createComment(id, { content: '<p>x</p>', public: true }, newKey(), [fileOf('a.txt', Buffer.from('a'))]))).kind).toBe('unavailable');
    expect(await all((page) => desk.listComments(id, page))).toEqual([]);
  });
});

describe('a comment inside an update', () => {
  test('a comment inside an update is one write with it, where the account says so', async () => {
    const desk = connect({ view: 4001, comment_with_update: true });
    expect(desk.can.comments.withUpdate).toBe(true);
    const id = await made(desk);
    const key = newKey();
    const before = requests();
    const { comment } = await desk.updateTicket(id, { status: 'resolved' }, key, { draft: { content: '<p>Done</p>', public: false }, key, files: [] });
    expect(requests() - before).toBe(1);
    expect(comment).toMatchObject({ id: key, key, public: false });
    expect(await all((page) => desk.listComments(id, page))).toMatchObject([{ id: key, content: 'Done', public: false }]);
    expect((await desk.getTicket(id)).status).toBe('resolved');
  });
});

describe('a ticket from a Twitter status', () => {
  const tweet = (handle: string | null) => ({ custom_properties: [{ id: 'twitter-status-message-id', value: '8605426295771136' }, ...(handle === null ? [] : [{ id: 'monitored-twitter-handle-id', value: handle }])], priority: 'high' as const });

  test('a ticket from a tweet has its words and author, and our mark', async () => {
    const desk = connect({ view: 4001 });
    const key = newKey();
    const { id } = await desk.createTicket({ ...tweet('3'), subject: 'not mine' }, key);
    const seen = await desk.getTicket(id);
    expect(seen).toMatchObject({ key, priority: 'high', requester: { name: 'twitter_1136', email: null } });
    expect(seen.subject).toContain('8605426295771136');
    expect(seen.subject).toBe(seen.description);
    expect(desk.forecast({ ...tweet('3'), subject: 'not mine', description: 'x', status: 'open' })).toEqual({ status: 'open', priority: 'high' });
  });

  test('a ticket from a tweet needs one of the desk’s own Twitter accounts', async () => {
    const desk = connect({ view: 4001 });
    expect((await failureOf(desk.createTicket(tweet('9'), newKey()))).message).toContain('2 (@zendesk), 3 (@zendeskops)');
    expect((await failureOf(desk.createTicket(tweet(null), newKey()))).kind).toBe('refused');
    expect((await connect({ view: 4001, twitter_handle: '2' }).createTicket(tweet(null), newKey())).id).toMatch(/^\d+$/);
  });
});

describe.each([
  ['with a password of their own', { mode: 'end-user' }, () => EVE],
  ['for whom an agent acts', { mode: 'end-user', on_behalf_of: EVE.email }, () => sandbox.credentials],
])('an end user %s', (_how, settings, credentials) => {
  const open = (): Desk => connect(settings, credentials());
  // Whom an agent acts for must be there.
  beforeEach(() => connect({ mode: 'end-user' }, EVE).check());

  test('makes requests, reads them back and finds them by the mark in their text', async () => {
    const desk = open();
    const key = newKey();
    const sentAt = Date.now();
    const fields = { subject: 'Hello', description: '<p>My <strong>message</strong></p><p>second line</p>', public: true };
    const { id, warnings } = await desk.createTicket(fields, key);
    expect(warnings).toEqual([]);
    const seen = await desk.getTicket(id);
    expect(seen).toMatchObject({ key, description: desk.forecast(fields).description, public: true });
    // The vendor's example of a request shows no subject.
    expect(seen).not.toHaveProperty('subject');
    expect(await desk.find(key, { sentAt })).toMatchObject({ id, key });
    expect(await desk.find(newKey(), { sentAt })).toBeNull();
    expect(await connect({ view: 4001 }).getTicket(id)).toMatchObject({ subject: 'Hello', requester: { email: EVE.email } });
  });

  test('an end user sees only their own requests, open ones first and then solved ones, and no private comment', async () => {
    const desk = open();
    const agent = connect({ view: 4001 });
    const mine = [await made(desk), await made(desk)];
    const others = await made(agent);
    await agent.updateTicket(mine[0] ?? '', { status: 'resolved' }, newKey());
    await agent.createComment(mine[1] ?? '', { content: '<p>between agents</p>', public: false }, newKey());
    await agent.createComment(mine[1] ?? '', { content: '<p>to you</p>', public: true }, newKey());
    expect((await all((page) => desk.listTickets(page))).map(({ id }) => id)).toEqual([mine[1], mine[0]]);
    expect((await all((page) => desk.listComments(mine[1] ?? '', page))).map(({ content }) => content)).toEqual(['to you']);
    expect((await failureOf(desk.getTicket(others))).kind).toBe('missing');
  });

  test('adds public comments, which are found by their key when the answer was lost', async () => {
    const desk = open();
    const id = await made(desk);
    const key = newKey();
    sandbox.faults({ kind: 'lost-response', method: 'PUT', times: 1 });
    expect((await failureOf(desk.createComment(id, { content: '<p>All is good</p>', public: true }, key))).kind).toBe('unsure');
    expect(await all((page) => desk.listComments(id, page))).toMatchObject([{ id: key, key, content: 'All is good', public: true }]);
    expect((await failureOf(desk.createComment(id, { content: '<p>x</p>', public: false }, newKey()))).kind).toBe('refused');
    expect(desk.can.comments.private).toBe(false);
  });

  test('brings files along', async () => {
    const desk = open();
    const { id } = await desk.createTicket({ subject: 'x', description: 'y' }, newKey(), [fileOf('a.txt', Buffer.from('a'))]);
    expect((await desk.getTicket(id)).attachments?.map(({ filename }) => filename)).toEqual(['a.txt']);
    const { comment } = await desk.createComment(id, { content: '<p>z</p>', public: true }, newKey(), [fileOf('b.txt', Buffer.from('b'))]);
    expect(comment.attachments.map(({ filename }) => filename)).toEqual(['b.txt']);
  });

  test('an end user is told of what changed by the newest comment', async () => {
    const desk = open();
    const agent = connect({ view: 4001 });
    const ids = [];
    for (let i = 0; i < 18; i += 1) ids.push(await made(desk));
    const begun = await drain(desk, null, 0);
    expect(begun.ids).toEqual(new Set(ids));
    await switched({ clock_offset_ms: 600_000 });
    await agent.createComment(ids[0] ?? '', { content: '<p>answer</p>', public: true }, newKey());
    const again = await drain(desk, begun.cursor, 0);
    expect((await drain(desk, again.cursor, 0)).ids.has(ids[0] ?? '')).toBe(true);
    expect(again.ids.has(ids[0] ?? '')).toBe(true);
  });

  test('destroys nothing and changes no field', async () => {
    const desk = open();
    const id = await made(desk);
    expect((await failureOf(desk.deleteTicket(id, newKey()))).kind).toBe('unauthorised');
    expect(await desk.updateTicket(id, { status: 'resolved' }, newKey())).toEqual({ id, ticket: null, warnings: [{ field: 'status', reason: expect.any(String) }] });
  });

  test('proves who they are', async () => {
    expect(await open().check()).toMatchObject({ email: EVE.email });
    expect((await failureOf(connect(settings, { email: 'nobody@b.example', password: 'wrong' }).check())).kind).toBe('unauthorised');
  });
});
