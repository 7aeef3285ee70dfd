/** The fake HelpSpace answers, refuses and pages as its documentation says, and as its framework does where that is silent. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';
import { at, clientOf, list, type Answer, type Client } from './sandbox-support.ts';

let desk: SandboxDesk;
let bot: Client;
let human: Client;

const V1 = '/api/v1';
const headersOf = ({ token, client_id: client }: Readonly<Record<string, string>>) => ({ authorization: `Bearer ${token ?? ''}`, 'hs-client-id': client ?? '' });

beforeAll(async () => {
  [desk] = (await startSandbox({ only: ['helpspace'] })) as [SandboxDesk];
  bot = clientOf(desk.url, headersOf(desk.credentials));
  human = clientOf(desk.url, headersOf(desk.human));
});
afterEach(() => desk.reset());
afterAll(() => desk.close());

const NEW = { subject: 'Name', channel: { id: 1 }, from_contact: { email: 'sam@smith.example' }, message: { body: '<p>Hi.</p>' } };
const create = (more: object = {}): Promise<Answer> => bot.call('POST', `${V1}/tickets`, { ...NEW, ...more });
const created = async (more: object = {}): Promise<string> => String(at((await create(more)).body, 'data', 'id'));
const show = async (id: string): Promise<unknown> => at((await bot.call('GET', `${V1}/tickets/${id}`)).body, 'data');
const patch = (id: string, body: object): Promise<Answer> => bot.call('PATCH', `${V1}/tickets/${id}`, body);
const say = (id: string, more: object = {}): Promise<Answer> =>
  bot.call('POST', `${V1}/tickets/${id}/messages`, { from_contact: { email: 'support@your-domain.com' }, subject: 'Re', body: '<p>Hello</p>', ...more });
const messages = async (id: string, query = ''): Promise<readonly unknown[]> => list((await bot.call('GET', `${V1}/tickets/${id}/messages${query}`)).body, 'data');
const set = (settings: object): Promise<Answer> => bot.call('POST', '/__sandbox/settings', settings);
const counts = async (): Promise<unknown> => at((await bot.call('GET', '/__sandbox/state?brief=true')).body, 'counts');
const refused = ({ status, body }: Answer): readonly unknown[] => [status, Object.keys((at(body, 'errors') ?? {}) as object)];

describe('credentials', () => {
  test('a token and the workspace’s client id, both on every call', async () => {
    expect((await bot.call('GET', `${V1}/agents`)).status).toBe(200);
    const { token = '', client_id: client = '' } = desk.credentials;
    for (const headers of [{ authorization: `Bearer ${token}` }, { authorization: `Bearer ${token}`, 'hs-client-id': 'other' }, { authorization: 'Bearer guess', 'hs-client-id': client }, {}]) {
      const answer = await clientOf(desk.url, headers as Record<string, string>).call('GET', `${V1}/tickets`);
      expect([answer.status, answer.body]).toEqual([401, { message: 'Unauthenticated.' }]);
    }
  });

  test('a budget of calls a minute can be switched on', async () => {
    await set({ rate_limit: 2 });
    const first = await bot.call('GET', `${V1}/agents`);
    expect([first.headers.get('x-ratelimit-limit'), first.headers.get('x-ratelimit-remaining')]).toEqual(['2', '1']);
    await bot.call('GET', `${V1}/agents`);
    const third = await bot.call('GET', `${V1}/agents`);
    expect([third.status, third.body, Number(third.headers.get('retry-after')) > 0]).toEqual([429, { message: 'Too Many Attempts.' }, true]);
    expect((await human.call('GET', `${V1}/agents`)).status).toBe(200);
  });
});

describe('tickets', () => {
  test('the vendor’s own example of a create works as it is printed', async () => {
    const answer = await bot.call('POST', `${V1}/tickets`, {
      subject: 'Name of a new ticket',
      from_contact: { email: 'some.name@customer.de' },
      channel: { id: 1 },
      team: { name: 'Billing' },
      assignee: { id: 1 },
      status: 1,
      message: {
        body: '<p>Hi. Here is a image. \n <img alt="screen.png" src="data:image/png;base64,PHN2ZyB3=="></p>',
        attachments: [
          { name: 'some.pdf', mime_type: 'application/pdf', data: 'iVBORw0KGgo==' },
          { name: 'another.jpg', mime_type: 'image/jpeg', data: 'PHN2ZyB3==' },
        ],
      },
      created_at: '2021-09-10 23:06:50',
    });
    expect([answer.status, answer.body]).toMatchObject([
      201,
      {
        data: {
          id: expect.any(Number), subject: 'Name of a new ticket', status: 'open', created_at: '2021-09-10T23:06:50+00:00', deleted_at: null, tags: [],
          channel: { id: 1, name: 'Support', value: 'support@your-domain.com', type: 'email' },
          from_contact: { id: expect.any(Number), user_id: expect.any(Number), name: 'Some Name', value: 'some.name@customer.de', type: 'email' },
          assignee: { id: 1, name: 'Deskmesh Bot', email: 'bot@example.com' }, team: { id: 2, name: 'Billing' }, creator: { id: 1, email: 'bot@example.com' },
        },
      },
    ]);
    const [first] = await messages(String(at(answer.body, 'data', 'id')));
    expect(first).toMatchObject({
      type: 'external', from_contact: { value: 'some.name@customer.de' }, created_at: '2021-09-10T23:06:50+00:00',
      attachments: [{ name: 'some.pdf', mime_type: 'application/pdf', size: 8 }, { name: 'another.jpg' }],
      inline_images: [{ name: 'screen.png', mime_type: 'image/png' }],
    });
    expect(at(first, 'body')).toContain(`src="${String(at(first, 'inline_images', 0, 'url'))}"`);
  });

  test('the vendor’s own example of an update works as it is printed', async () => {
    const id = await created();
    const answer = await patch(id, {
      subject: 'New Ticket name', channel: { id: 1 }, status: 'closed', assignee: { id: 3 }, team: { name: 'Support' },
      from_contact: { name: 'Mike Someone', email: 'appppppp@ccom.no' }, tags: ['Bug', 'Spam'], created_at: '2021-09-10T23:06:50+00:00',
    });
    expect([answer.status, answer.body]).toMatchObject([
      200,
      {
        data: {
          subject: 'New Ticket name', status: 'closed', assignee: { id: 3 }, team: { name: 'Support' }, created_at: '2021-09-10T23:06:50+00:00',
          from_contact: { name: 'Mike Someone', value: 'appppppp@ccom.no' }, tags: [{ name: 'Bug' }, { name: 'Spam' }],
        },
      },
    ]);
    expect(await show(id)).toEqual(at(answer.body, 'data'));
    expect(Object.keys((await show(id)) as object)).toEqual([
      'id', 'subject', 'channel', 'from_contact', 'status', 'assignee', 'team', 'creator', 'tags', 'custom_fields', 'last_contact', 'created_at', 'updated_at', 'deleted_at',
    ]);
  });

  test('an update names only what changes; assignee and team can be emptied, by id, e-mail or name they are set', async () => {
    const id = await created({ tags: ['vip'], assignee: { id: 2 }, team: { name: 'Billing' } });
    expect((await patch(id, { assignee: { email: 'Ben@example.com' }, team: { id: 1 } })).body).toMatchObject({ data: { assignee: { id: 3 }, team: { id: 1 }, tags: [{ name: 'vip' }], subject: 'Name' } });
    expect((await patch(id, { team: 'Billing' })).body).toMatchObject({ data: { team: { id: 2 } } });
    expect((await patch(id, { assignee: null, team: null, tags: [] })).body).toMatchObject({ data: { assignee: null, team: null, tags: [] } });
    expect((await patch(id, { channel: { email: 'sales@your-domain.com' } })).body).toMatchObject({ data: { channel: { id: 2 } } });
  });

  test('only existing tags of type all or ticket are applied, the others dropped without a word', async () => {
    const id = await created({ tags: ['bug', 'Question', 'Handbook', 'no such'] });
    expect(list(await show(id), 'tags').map((tag) => at(tag, 'name'))).toEqual(['Question', 'Bug']);
  });

  test('a name is only used for a contact that does not exist; without one it comes from the address', async () => {
    await created({ from_contact: { email: 'jane.doe@acme.example' } });
    const again = await create({ from_contact: { email: 'Jane.Doe@acme.example', name: 'Somebody Else' } });
    expect(at(again.body, 'data', 'from_contact')).toMatchObject({ name: 'Jane Doe', value: 'jane.doe@acme.example' });
  });

  test('both spellings of one status; the answer has the vendor’s', async () => {
    const id = await created({ status: 'escalated' });
    expect(await show(id)).toMatchObject({ status: 'escaleted' });
    expect((await patch(id, { status: 'escaleted' })).status).toBe(200);
    expect(list((await bot.call('GET', `${V1}/tickets?status[]=escalated`)).body, 'data')).toHaveLength(1);
    await set({ escalated_spelling: 'escalated' });
    expect(await show(id)).toMatchObject({ status: 'escalated' });
  });

  test('an empty map of custom fields comes as a list; one that is written is kept by key', async () => {
    const id = await created();
    expect(await show(id)).toMatchObject({ custom_fields: [] });
    await patch(id, { custom_fields: { plan: 'Pro', unknown: 1 } });
    await patch(id, { custom_fields: { seats: 3, platforms: ['web'] } });
    expect(await show(id)).toMatchObject({ custom_fields: { plan: 'Pro', seats: 3, platforms: ['web'] } });
    expect(refused(await patch(id, { custom_fields: { plan: 'Gold', seats: 'x' } }))).toEqual([422, ['custom_fields.plan', 'custom_fields.seats']]);
  });

  test('what is missing or wrong is told all at once, in the shape of the framework', async () => {
    const answer = await bot.call('POST', `${V1}/tickets`, {});
    expect(refused(answer)).toEqual([422, ['subject', 'channel.id', 'from_contact', 'message', 'message.body']]);
    expect(at(answer.body, 'message')).toBe('The subject field is required. (and 4 more errors)');
    const wrong = await create({ channel: { id: 99 }, from_contact: { email: 'none' }, status: 'odd', assignee: { id: 77 }, team: { name: 'x' }, tags: 'a', created_at: 'never', message: { body: 'x', attachments: [{ name: 'a' }] } });
    expect(refused(wrong)).toEqual([422, ['channel.id', 'from_contact.email', 'status', 'assignee', 'team', 'tags', 'created_at', 'message.attachments.0.mime_type', 'message.attachments.0.data']]);
    expect(at(await counts(), 'tickets')).toBe(0);
  });

  test('five megabytes of attachments, and of a body', async () => {
    const file = (bytes: number) => ({ name: 'a.bin', mime_type: 'application/octet-stream', data: Buffer.alloc(bytes).toString('base64') });
    const half = 2.5 * 1024 * 1024;
    expect((await create({ message: { body: 'x', attachments: [file(half), file(half)] } })).status).toBe(201);
    expect(refused(await create({ message: { body: 'x', attachments: [file(half), file(half + 1)] } }))).toEqual([422, ['message.attachments']]);
    expect(refused(await create({ message: { body: 'x'.repeat(5 * 1024 * 1024 + 1) } }))).toEqual([422, ['message.body']]);
  });

  test('a ticket that is not there, a method that is not, a path that is not, JSON that is none', async () => {
    const gone = await bot.call('GET', `${V1}/tickets/999`);
    expect([gone.status, gone.body]).toEqual([404, { message: 'No query results for model [App\\Models\\Ticket] 999' }]);
    const put = await bot.call('PUT', `${V1}/tickets/999`, {});
    expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, PATCH, DELETE']);
    expect((await bot.call('GET', `${V1}/channels`)).status).toBe(404);
    expect((await bot.call('GET', '/other')).status).toBe(404);
    expect((await bot.call('POST', `${V1}/tickets`, '{')).status).toBe(400);
  });

  test('a change moves the time of the last one, a change of nothing does not', async () => {
    const id = await created();
    const before = at(await show(id), 'updated_at');
    await set({ clock_offset_ms: 60_000 });
    await patch(id, { subject: 'Name', status: 'open' });
    expect(at(await show(id), 'updated_at')).toBe(before);
    await patch(id, { subject: 'Other' });
    expect(Date.parse(String(at(await show(id), 'updated_at')))).toBeGreaterThan(Date.parse(String(before)));
  });
});

describe('the trash', () => {
  test('a delete answers 200 with a sentence; after thirty days it is for good', async () => {
    const id = await created();
    const answer = await bot.call('DELETE', `${V1}/tickets/${id}`);
    expect([answer.status, answer.body]).toEqual([200, { message: 'Object deleted.' }]);
    expect(await show(id)).toMatchObject({ deleted_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/) });
    for (const call of [bot.call('DELETE', `${V1}/tickets/${id}`), patch(id, { subject: 'x' }), say(id)]) expect((await call).status).toBe(404);
    await set({ clock_offset_ms: 29 * 86_400_000 });
    expect((await bot.call('GET', `${V1}/tickets/${id}`)).status).toBe(200);
    await set({ clock_offset_ms: 31 * 86_400_000 });
    expect((await bot.call('GET', `${V1}/tickets/${id}`)).status).toBe(404);
    expect(at(await counts(), 'tickets')).toBe(0);
  });

  test('it can be hidden', async () => {
    const id = await created();
    await bot.call('DELETE', `${V1}/tickets/${id}`);
    expect(list((await bot.call('GET', `${V1}/tickets`)).body, 'data')).toHaveLength(1);
    await set({ trash: 'hidden' });
    expect(list((await bot.call('GET', `${V1}/tickets`)).body, 'data')).toHaveLength(0);
    expect((await bot.call('GET', `${V1}/tickets/${id}/messages`)).status).toBe(404);
  });
});

describe('lists', () => {
  test('pages have links and meta, and at most fifty rows', async () => {
    for (let n = 0; n < 53; n += 1) await created({ subject: `No ${n}` });
    const first = await bot.call('GET', `${V1}/tickets?per-page=100&status[]=open`);
    expect(list(first.body, 'data')).toHaveLength(50);
    expect(first.body).toMatchObject({ links: { prev: null }, meta: { current_page: 1, from: 1, last_page: 2, per_page: 50, to: 50, total: 53, path: `${desk.url}${V1}/tickets` } });
    const next = await bot.call('GET', String(at(first.body, 'links', 'next')));
    expect(list(next.body, 'data')).toHaveLength(3);
    expect(next.body).toMatchObject({ links: { next: null }, meta: { current_page: 2, from: 51, to: 53 } });
    const behind = await bot.call('GET', `${V1}/tickets?page=9`);
    expect(behind.body).toMatchObject({ data: [], meta: { from: null, to: null } });
    expect(list((await bot.call('GET', `${V1}/tickets`)).body, 'data')).toHaveLength(15);
  });

  test('in the order that is switched to', async () => {
    const [a, b, c] = [await created(), await created(), await created()];
    await set({ clock_offset_ms: 5_000 });
    await patch(a, { subject: 'Moved' });
    const order = async (): Promise<readonly string[]> => list((await bot.call('GET', `${V1}/tickets`)).body, 'data').map((row) => String(at(row, 'id')));
    expect(await order()).toEqual([c, b, a]);
    await set({ list_order: 'created_asc' });
    expect(await order()).toEqual([a, b, c]);
    await set({ list_order: 'updated_desc' });
    expect(await order()).toEqual([a, c, b]);
  });

  test('every filter of the vendor’s page', async () => {
    const wanted = await created({ subject: 'Invoice 7', tags: ['Bug', 'vip'], assignee: { id: 3 }, team: { id: 2 }, status: 'waiting', from_contact: { email: 'joe@acme.example', name: 'Joe' }, message: { body: '<p>Please <b>pay</b></p>' }, created_at: '2023-02-01' });
    await created({ subject: 'Else', tags: ['Bug'], message: { body: 'feedback' } });
    await bot.call('POST', `${V1}/organizations`, { name: 'Acme', domain: 'acme.example' });
    const found = async (query: string): Promise<readonly string[]> => list((await bot.call('GET', `${V1}/tickets?${query}`)).body, 'data').map((row) => String(at(row, 'id')));
    for (const query of [
      'subject[]=invoice', 'body[]=please%20pay', 'subject-or-body[]=INVOICE', 'subject-or-body[0]=pay', 'contacts[]=%40acme.example', 'contacts=joe', 'assignees[]=ben', 'assignees[]=3',
      'teams[]=billing', 'teams[]=2', 'tags[]=bug&tags[]=vip', 'status[]=waiting', 'organizations[]=acme', 'created-between=2023-01-01%2F2023-03-30', 'last-contact-between=2023-02-01/2023-02-01', 'subject[]=nothing&subject[]=invoice',
    ]) expect([query, await found(query)]).toEqual([query, [wanted]]);
    for (const query of ['subject[]=nothing', 'tags[]=spam', 'status[]=spam', 'created-between=2020-01-01%2F2020-03-30']) expect([query, await found(query)]).toEqual([query, []]);
    expect(await found('contact[]=whatever')).toHaveLength(2);
    expect(refused(await bot.call('GET', `${V1}/tickets?created-between=yesterday`))).toEqual([422, ['created-between']]);
  });

  test('a new ticket may be found by its text only later', async () => {
    await set({ search_lag_ms: 60_000 });
    await created();
    expect(list((await bot.call('GET', `${V1}/tickets?body[]=Hi`)).body, 'data')).toHaveLength(0);
    await set({ clock_offset_ms: 61_000 });
    expect(list((await bot.call('GET', `${V1}/tickets?body[]=Hi`)).body, 'data')).toHaveLength(1);
  });
});

describe('messages', () => {
  test('the default types, additional ones, and only those that are named', async () => {
    const id = await created();
    await say(id, { type: 'internal', body: 'note' });
    await say(id, { type: 'forward', body: 'on' });
    expect((await messages(id)).map((message) => at(message, 'type'))).toEqual(['external', 'forward']);
    expect((await messages(id, '?additional-types[]=internal')).map((message) => at(message, 'type'))).toEqual(['external', 'internal', 'forward']);
    expect((await messages(id, '?types[]=internal&types[]=forward')).map((message) => at(message, 'type'))).toEqual(['internal', 'forward']);
    await set({ message_order: 'newest_first' });
    expect((await messages(id, '?additional-types[]=internal')).map((message) => at(message, 'type'))).toEqual(['forward', 'internal', 'external']);
  });

  test('one by its id; none can be changed or deleted', async () => {
    const id = await created();
    const made = await say(id, { to: ['a@b.example'], cc: ['c@d.example'] });
    const message = String(at(made.body, 'data', 'id'));
    expect(made.status).toBe(201);
    const one = await bot.call('GET', `${V1}/tickets/${id}/messages/${message}`);
    expect(one.body).toEqual(made.body);
    expect(Object.keys(at(one.body, 'data') as object)).toEqual(['id', 'type', 'from_contact', 'to', 'cc', 'bcc', 'subject', 'created_at', 'body', 'inline_images', 'attachments']);
    for (const method of ['PATCH', 'DELETE', 'PUT']) expect((await bot.call(method, `${V1}/tickets/${id}/messages/${message}`, {})).status).toBe(405);
    expect((await bot.call('GET', `${V1}/tickets/${id}/messages/1`)).status).toBe(404);
  });

  test('what is required, and what is wrong', async () => {
    const id = await created();
    expect(refused(await bot.call('POST', `${V1}/tickets/${id}/messages`, {}))).toEqual([422, ['from_contact', 'subject', 'body']]);
    expect(refused(await say(id, { type: 'event', to: ['x'], attachments: [{}] }))).toEqual([422, ['type', 'to', 'attachments.0.file_name', 'attachments.0.mime_type', 'attachments.0.data']]);
    expect((await say('999')).status).toBe(404);
    await set({ internal_messages: 'refused' });
    expect(refused(await say(id, { type: 'internal' }))).toEqual([422, ['type']]);
    await set({ internal_messages: 'ignored' });
    expect(at((await say(id, { type: 'internal' })).body, 'data', 'type')).toBe('external');
  });

  test('an agent’s message is mailed unless told otherwise, a note never; autoreplies and notices likewise', async () => {
    const quiet = { skip_autoreply: true, skip_notifications: true };
    const id = await created(quiet);
    expect(await counts()).toMatchObject({ mails: 0, notices: 0 });
    const agent = { from_contact: { email: 'ben@example.com' }, skip_notifications: true };
    await say(id, { ...agent, send_mail_to_recipients: false });
    await say(id, { ...agent, type: 'internal' });
    expect(await counts()).toMatchObject({ mails: 0, notices: 0 });
    await say(id, agent);
    await created();
    expect(await counts()).toMatchObject({ mails: 2, notices: 1 });
  });

  test('a message moves its ticket; a note is no contact with the customer', async () => {
    const id = await created();
    await set({ clock_offset_ms: 60_000 });
    await say(id, { type: 'internal' });
    const noted = await show(id);
    expect(Date.parse(String(at(noted, 'updated_at'))) - Date.parse(String(at(noted, 'last_contact')))).toBeGreaterThan(30_000);
    await say(id);
    const told = await show(id);
    expect(at(told, 'last_contact')).toBe(at(told, 'updated_at'));
  });

  test('scripts do not survive', async () => {
    const id = await created({ message: { body: '<p onclick="x()">a</p><script>alert(1)</script><!-- hidden -->' } });
    expect(at((await messages(id))[0], 'body')).toBe('<p>a</p>');
  });

  test('files come back byte for byte, for those who may', async () => {
    const bytes = Buffer.from([0, 255, 1, 254, 10, 13]);
    const id = await created({
      message: { body: `<p><img src='data:image/gif;base64,${bytes.toString('base64')}' alt='g.gif'></p>`, attachments: [{ name: 'ä.bin', mime_type: 'application/x-thing', data: bytes.toString('base64') }] },
    });
    const [first] = await messages(id);
    for (const [kind, url, type] of [['attachments', at(first, 'attachments', 0, 'url'), 'application/x-thing'], ['inline_images', at(first, 'inline_images', 0, 'url'), 'image/gif']] as const) {
      expect(at(first, kind, 0, 'size')).toBe(6);
      const answer = await fetch(String(url), { headers: headersOf(desk.credentials) });
      expect([answer.headers.get('content-type'), Buffer.from(await answer.arrayBuffer()).equals(bytes)]).toEqual([type, true]);
      expect((await fetch(String(url))).status).toBe(401);
    }
    const inline = String(at(first, 'inline_images', 0, 'url'));
    expect((await fetch(`${inline}/medium`, { headers: headersOf(desk.credentials) })).status).toBe(200);
    expect((await fetch(`${inline}/tiny`, { headers: headersOf(desk.credentials) })).status).toBe(404);
    expect((await bot.call('GET', `${V1}/media/attachment/1`)).status).toBe(404);
  });
});

describe('people and things', () => {
  test('agents and teams are lists only', async () => {
    expect(list((await bot.call('GET', `${V1}/agents`)).body, 'data')).toEqual(expect.arrayContaining([{ id: 3, name: 'Ben Agent', email: 'ben@example.com', is_agent: true }]));
    expect((await bot.call('GET', `${V1}/teams`)).body).toMatchObject({ data: [{ id: 1, name: 'Support', members: [{ is_agent: true }, {}, {}] }, { name: 'Billing' }] });
    expect((await bot.call('GET', `${V1}/agents/3`)).status).toBe(404);
  });

  test('customers: made, changed, and deleted with all their tickets', async () => {
    const made = await bot.call('POST', `${V1}/customers`, { name: 'Sam', email: 'sam@smith.example', postal_code: '12345', note: 'n' });
    const id = String(at(made.body, 'data', 'id'));
    expect([made.status, made.body]).toMatchObject([201, { data: { name: 'Sam', job_title: null, postal_code: '12345', id_link: expect.any(String) } }]);
    expect(refused(await bot.call('POST', `${V1}/customers`, { name: 'Sam', email: 'SAM@smith.example', postal_code: '123456789012345' }))).toEqual([422, ['email', 'postal_code']]);
    expect((await bot.call('PATCH', `${V1}/customers/${id}`, { job_title: 'Boss', email: 'sam@new.example' })).body).toMatchObject({ data: { job_title: 'Boss', name: 'Sam' } });
    const ticket = await created({ from_contact: { email: 'sam@new.example' } });
    await created({ from_contact: { email: 'else@new.example' } });
    expect(at(await show(ticket), 'from_contact', 'user_id')).toBe(Number(id));
    const gone = await bot.call('DELETE', `${V1}/customers/${id}`);
    expect([gone.status, gone.body]).toEqual([200, { message: 'Object deleted.' }]);
    expect((await bot.call('GET', `${V1}/tickets/${ticket}`)).status).toBe(404);
    expect(at(await counts(), 'tickets')).toBe(1);
    expect((await bot.call('GET', `${V1}/customers/${id}`)).status).toBe(404);
  });

  test('organizations have a name and a domain of their own', async () => {
    await bot.call('POST', `${V1}/customers`, { name: 'Joe', email: 'joe@acme.example' });
    const made = await bot.call('POST', `${V1}/organizations`, { name: 'Acme', domain: 'acme.example', tags: [2] });
    expect([made.status, made.body]).toMatchObject([201, { data: { name: 'Acme', custom_fields: [], tags: [{ name: 'Bug' }], users: [{ name: 'Joe' }] } }]);
    expect(refused(await bot.call('POST', `${V1}/organizations`, { name: 'Acme', domain: 'acme.example', tags: [99] }))).toEqual([422, ['name', 'domain', 'tags']]);
    const path = `${V1}/organizations/${String(at(made.body, 'data', 'id'))}`;
    expect((await bot.call('PATCH', path, { note: 'n' })).body).toMatchObject({ data: { name: 'Acme', note: 'n' } });
    expect((await bot.call('DELETE', path)).status).toBe(200);
    expect((await bot.call('GET', path)).status).toBe(404);
  });

  test('tags: made, renamed on the tickets that have them, taken from these when deleted', async () => {
    const made = await bot.call('POST', `${V1}/tags`, { name: 'New Tag', color: '#14EA77', type: 'tickets' });
    expect([made.status, made.body]).toMatchObject([201, { data: { name: 'New Tag', slug: 'new-tag', color: '#14EA77', type: 'tickets' } }]);
    expect(refused(await bot.call('POST', `${V1}/tags`, { name: 'new tag', color: 'red', type: 'x' }))).toEqual([422, ['name', 'color', 'type']]);
    const id = await created({ tags: ['New Tag'] });
    const path = `${V1}/tags/${String(at(made.body, 'data', 'id'))}`;
    await bot.call('PATCH', path, { name: 'Newer' });
    expect(at(await show(id), 'tags', 0, 'name')).toBe('Newer');
    expect((await bot.call('DELETE', path)).body).toEqual({ message: 'Object deleted.' });
    expect(at(await show(id), 'tags')).toEqual([]);
    expect((await bot.call('GET', path)).status).toBe(404);
  });

  test('the state tells which of the messages were mailed, and a reset forgets all', async () => {
    const id = await created();
    await say(id, { from_contact: { email: 'ben@example.com' } });
    const state = (await bot.call('GET', '/__sandbox/state')).body;
    expect(list(state, 'tickets', 0, 'comments').map((message) => at(message, 'mailed'))).toEqual([false, true]);
    desk.reset();
    expect(await counts()).toEqual({ tickets: 0, mails: 0, notices: 0, webhooks: 0 });
    expect(Number(await created())).toBeGreaterThan(Number(id));
  });
});
