/** The fake classic Zendesk answers as the vendor's page of 2011 says, word for word, in XML and in JSON. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SaxesParser } from 'saxes';
import { startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';
import { at, basic, clientOf, type Answer, type Client } from './sandbox-support.ts';

const XML = { 'content-type': 'application/xml' };
let desk: SandboxDesk;
let bot: Client;
let human: Client;
let eve: Client;

beforeAll(async () => {
  [desk] = (await startSandbox({ only: ['zendesk-classic'] })) as [SandboxDesk];
  bot = clientOf(desk.url, basic(`${desk.credentials['email'] ?? ''}/token:${desk.credentials['token'] ?? ''}`));
  human = clientOf(desk.url, basic('ann@example.com:sandbox-classic-human-password'));
  eve = clientOf(desk.url, basic('eve@customer.example:sandbox-classic-customer-password'));
});
beforeEach(() => desk.reset());
afterAll(() => desk.close());

const send = (client: Client, method: string, path: string, xml?: string, headers = {}): Promise<Answer> => client.call(method, path, xml, { ...(xml === undefined ? {} : XML), ...headers });
const switched = async (settings: object): Promise<void> => expect((await bot.call('POST', '/__sandbox/settings', settings)).status).toBe(200);
/** The number from `Location: 308.xml`. */
const made = async (xml: string, client = bot, path = '/tickets.xml'): Promise<string> => {
  const answer = await send(client, 'POST', path, xml);
  expect([answer.status, answer.text]).toEqual([201, ' ']);
  const [, number = ''] = /^(\d+)\.xml$/.exec(answer.headers.get('location') ?? '') ?? [];
  expect(number).not.toBe('');
  return number;
};
/** Names in their order, each with its attributes; throws if it is not well-formed. */
function outline(text: string): readonly string[] {
  const names: string[] = [];
  const parser = new SaxesParser();
  parser.on('opentag', ({ name, attributes }) => void names.push([name, ...Object.entries(attributes).map(([key, value]) => `${key}=${value}`)].join(' ')));
  parser.write(text).close();
  return names;
}
const between = (text: string, name: string): readonly string[] => [...text.matchAll(new RegExp(`<${name}(?: [^>]*)?>([^<]*)</${name}>`, 'g'))].map(([, value = '']) => value);
/** Eve's number; she is there from her first call on. */
const eveId = async (): Promise<string> => between((await send(eve, 'GET', '/users/current.xml')).text, 'id')[0] ?? '';
const show = async (id: string, client = bot): Promise<string> => (await send(client, 'GET', `/tickets/${id}.xml`)).text;

describe('tickets', () => {
  test('are shown with the attributes of the vendor’s example, in its order', async () => {
    const id = await made(
      `<ticket><description>My printer is not working</description><requester-id>${await eveId()}</requester-id><priority-id>4</priority-id><set-tags>pr facility</set-tags><ticket-field-entries type="array"><ticket-field-entry><ticket-field-id>139</ticket-field-id><value>Please contact me by phone during work hours</value></ticket-field-entry><ticket-field-entry><ticket-field-id>141</ticket-field-id><value>true</value></ticket-field-entry></ticket-field-entries></ticket>`,
    );
    const answer = await send(bot, 'GET', `/tickets/${id}.xml`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/xml; charset=utf-8']);
    expect(outline(answer.text)).toEqual([
      'ticket', 'assigned-at', 'assignee-id', 'assignee-updated-at', 'created-at', 'subject', 'description', 'external-id', 'group-id', 'id', 'linked-id', 'priority-id', 'submitter-id', 'status-id',
      'status-updated-at', 'requester-id', 'requester-updated-at', 'ticket-type-id', 'updated-at', 'via-id', 'current-tags', 'score',
      'comments type=array', 'comment', 'author-id', 'created-at', 'is-public', 'value', 'via-id', 'via-reference-id',
      'ticket-field-entries type=array', 'ticket-field-entry', 'ticket-field-id', 'value', 'ticket-field-entry', 'ticket-field-id', 'value',
    ]);
    expect(answer.text).toContain('<external-id/>');
    expect([between(answer.text, 'id'), between(answer.text, 'current-tags'), between(answer.text, 'via-id'), between(answer.text, 'submitter-id')]).toEqual([[id], ['pr facility'], ['5', '5'], ['3']]);
    expect(between(answer.text, 'description')).toEqual(between(answer.text, 'value').slice(0, 1));
    expect(between(answer.text, 'created-at')[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  test('are the same in JSON, bare and with underscores', async () => {
    const id = await made('<ticket><subject>S</subject><description>D</description></ticket>');
    const { body } = await bot.call('GET', `/tickets/${id}.json`);
    expect(body).toMatchObject({ id: Number(id), subject: 'S', description: 'D', status_id: 0, external_id: null, comments: [{ value: 'D', is_public: true }], ticket_field_entries: [] });
    const list = await bot.call('GET', '/rules/4001.json');
    expect(list.body).toEqual([body]);
    const created = await bot.call('POST', '/tickets.json', { ticket: { description: 'from JSON', set_tags: 'a b', ticket_field_entries: [{ ticket_field_id: 139, value: 'x' }] } });
    expect(created.status).toBe(201);
    const other = (created.headers.get('location') ?? '').replace('.xml', '');
    expect((await bot.call('GET', `/tickets/${other}.json`)).body).toMatchObject({ current_tags: 'a b', ticket_field_entries: [{ ticket_field_id: 139, value: 'x' }] });
  });

  test('answer JSON to .xml calls where the switch says so', async () => {
    const id = await made('<ticket><description>D</description></ticket>');
    await switched({ xml_answers_json: true });
    const answer = await send(bot, 'GET', `/tickets/${id}.xml`);
    expect([answer.headers.get('content-type'), at(answer.body, 'id')]).toEqual(['application/json; charset=utf-8', Number(id)]);
  });

  test('tickets make their requester if the address is new, and else use the one that is there', async () => {
    const one = await made('<ticket><description>x</description><requester-name>Mike Newson</requester-name><requester-email>mike@nowhere.example</requester-email></ticket>');
    const two = await made('<ticket><description>x</description><requester-email>MIKE@nowhere.example</requester-email></ticket>');
    const [first, second] = [between(await show(one), 'requester-id'), between(await show(two), 'requester-id')];
    expect(second).toEqual(first);
    const users = await send(bot, 'GET', '/users.xml?query=mike');
    expect([outline(users.text)[0], between(users.text, 'email')]).toEqual(['users type=array count=1', ['mike@nowhere.example']]);
    const nameless = await send(bot, 'POST', '/tickets.xml', '<ticket><description>x</description><requester-email>new@nowhere.example</requester-email></ticket>');
    expect([nameless.status, between(nameless.text, 'error')]).toEqual([406, ['Requester Name: is too short (minimum one character)']]);
  });

  test('come from a Twitter status, with its words and its author', async () => {
    const id = await made('<ticket><twitter-status-message-id>8605426295771136</twitter-status-message-id><monitored-twitter-handle-id>3</monitored-twitter-handle-id></ticket>');
    const shown = await show(id);
    expect(between(shown, 'subject')).toEqual(between(shown, 'description'));
    expect(between(shown, 'via-id')[0]).toBe('30');
    const again = await made('<ticket><twitter-status-message-id>8605426295771136</twitter-status-message-id><monitored-twitter-handle-id>2</monitored-twitter-handle-id></ticket>');
    expect(between(await show(again), 'requester-id')).toEqual(between(shown, 'requester-id'));
    const strange = await send(bot, 'POST', '/tickets.xml', '<ticket><twitter-status-message-id>1</twitter-status-message-id><monitored-twitter-handle-id>4</monitored-twitter-handle-id></ticket>');
    expect([strange.status, between(strange.text, 'error')]).toEqual([406, ['Monitored twitter handle: is invalid']]);
  });

  test('tickets change what an update names; tags are set, added and removed', async () => {
    const id = await made('<ticket><description>x</description><set-tags>A  b,c</set-tags></ticket>');
    const update = async (xml: string): Promise<string> => {
      const answer = await send(bot, 'PUT', `/tickets/${id}.xml`, xml);
      expect([answer.status, answer.text]).toEqual([200, ' ']);
      return show(id);
    };
    expect(between(await update('<ticket><assignee-id>5</assignee-id><additional-tags>presales a</additional-tags></ticket>'), 'current-tags')).toEqual(['a b c presales']);
    const assigned = await show(id);
    // The first group that the agent is a member of; and nobody is assigned to a new ticket.
    expect([between(assigned, 'assignee-id'), between(assigned, 'group-id'), between(assigned, 'status-id')]).toEqual([['5'], ['21'], ['1']]);
    expect(between(await update('<ticket><remove-tags>b c</remove-tags></ticket>'), 'current-tags')).toEqual(['a presales']);
    expect(between(await update('<ticket><set-tags>only</set-tags></ticket>'), 'current-tags')).toEqual(['only']);
    expect(await update('<ticket><assignee-id nil="true"></assignee-id></ticket>')).toContain('<assignee-id/>');
    expect(between(await update('<ticket><group-id>22</group-id><assignee-id>5</assignee-id></ticket>'), 'group-id')).toEqual(['22']);
  });

  test('take comments, private ones too, and inside an update', async () => {
    const id = await made('<ticket><description>x</description></ticket>');
    await send(human, 'PUT', `/tickets/${id}.xml`, '<comment><is-public>false</is-public><value>Joe, you know the drill</value></comment>');
    await send(human, 'PUT', `/tickets/${id}.xml`, '<ticket><status-id>2</status-id><comment><value><![CDATA[a < b & ]]]]><![CDATA[> c]]></value></comment></ticket>');
    const shown = await show(id);
    expect([between(shown, 'value'), between(shown, 'is-public'), between(shown, 'author-id'), between(shown, 'status-id')]).toEqual([
      ['x', 'Joe, you know the drill', 'a &lt; b &amp; ]]&gt; c'], ['true', 'false', 'true'], ['3', '4', '4'], ['2'],
    ]);
    await switched({ nested_comment: false });
    await send(human, 'PUT', `/tickets/${id}.xml`, '<ticket><comment><value>lost</value></comment></ticket>');
    expect(between(await show(id), 'value')).toHaveLength(3);
  });

  test('are destroyed for good', async () => {
    const id = await made('<ticket><description>x</description></ticket>');
    expect((await send(bot, 'DELETE', `/tickets/${id}.xml`)).status).toBe(200);
    for (const method of ['GET', 'DELETE']) {
      const gone = await send(bot, method, `/tickets/${id}.xml`);
      expect([gone.status, gone.text]).toEqual([404, ' ']);
    }
  });

  test.each<[string, string, string]>([
    ['no description', '<ticket><subject>x</subject></ticket>', 'Description: cannot be blank'],
    ['a status that does not exist', '<ticket><description>x</description><status-id>9</status-id></ticket>', 'Status: is invalid'],
    ['a requester who does not exist', '<ticket><description>x</description><requester-id>999</requester-id></ticket>', 'Requester: is invalid'],
    ['an end user as assignee', '<ticket><description>x</description><assignee-id>EVE</assignee-id></ticket>', 'Assignee: is not an agent'],
    ['an assignee outside of the group', '<ticket><description>x</description><assignee-id>4</assignee-id><group-id>22</group-id></ticket>', 'Assignee: is not a member of the group'],
    ['an option that the field does not have', '<ticket><description>x</description><ticket-field-entries><ticket-field-entry><ticket-field-id>514</ticket-field-id><value>gold</value></ticket-field-entry></ticket-field-entries></ticket>', 'Plan: is invalid'],
    ['no number in a field of numbers', '<ticket><description>x</description><ticket-field-entries><ticket-field-entry><ticket-field-id>142</ticket-field-id><value>many</value></ticket-field-entry></ticket-field-entries></ticket>', 'Order number: is not a number'],
    ['a token of no upload', '<ticket><description>x</description><uploads>nope</uploads></ticket>', 'Attachment: the upload token is invalid'],
  ])('%s is refused with 406 and a list of errors', async (_what, xml, error) => {
    const answer = await send(bot, 'POST', '/tickets.xml', xml.replace('EVE', await eveId()));
    expect([answer.status, outline(answer.text), between(answer.text, 'error')]).toEqual([406, ['errors', 'error'], [error]]);
    expect(at((await bot.call('GET', '/__sandbox/state')).body, 'counts', 'tickets')).toBe(0);
  });

  test('that are closed take nothing more', async () => {
    const id = await made('<ticket><description>x</description></ticket>');
    await send(bot, 'PUT', `/tickets/${id}.xml`, '<ticket><status-id>4</status-id></ticket>');
    const late = await send(bot, 'PUT', `/tickets/${id}.xml`, '<comment><value>late</value></comment>');
    expect([late.status, between(late.text, 'error')]).toEqual([406, ['Status: closed prevents ticket update']]);
  });

  test('half a body is a bad request', async () => {
    expect((await send(bot, 'POST', '/tickets.xml', '<ticket><description>x')).status).toBe(400);
    expect((await send(bot, 'POST', '/tickets.xml', '<!DOCTYPE t [<!ENTITY a "aaaa">]><ticket><description>&a;</description></ticket>')).status).toBe(400);
  });
});

describe('views', () => {
  test('list fifteen a page, in their order, with the count of all', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 32; i += 1) ids.push(await made(`<ticket><description>${i}</description></ticket>`));
    await send(bot, 'PUT', `/tickets/${ids[0]}.xml`, '<ticket><subject>now</subject></ticket>');
    const pages = await Promise.all([1, 2, 3, 4].map((page) => send(bot, 'GET', `/rules/4001.xml?page=${page}`)));
    expect(pages.map(({ text }) => outline(text)[0])).toEqual(Array(4).fill('tickets count=32'));
    expect(pages.map(({ text }) => between(text, 'id').length)).toEqual([15, 15, 2, 0]);
    expect(pages.flatMap(({ text }) => between(text, 'id'))).toEqual([ids[0], ...ids.slice(1).reverse()]);
    expect(between((await send(bot, 'GET', '/rules/4002.xml')).text, 'id')).toEqual(ids.slice(0, 15));
    expect((await send(bot, 'GET', '/rules/1.xml')).status).toBe(404);
  });

  test('hold what their conditions say', async () => {
    const id = await made('<ticket><description>x</description></ticket>');
    await made('<ticket><description>x</description><assignee-id>4</assignee-id></ticket>');
    expect(between((await send(bot, 'GET', '/rules/4003.xml')).text, 'id')).toEqual([id]);
  });
});

describe('requests', () => {
  test('requests are shown to their end user with the attributes of the vendor’s example', async () => {
    const id = await made('<ticket><subject>Hello</subject><description>All is broken!</description></ticket>', eve, '/requests');
    await send(human, 'PUT', `/tickets/${id}.xml`, '<comment><is-public>false</is-public><value>hush</value></comment>');
    const answer = await send(eve, 'GET', `/requests/${id}.xml`);
    expect(outline(answer.text)).toEqual(['ticket', 'created-at', 'description', 'nice-id', 'organization-id', 'via-id', 'comments type=array', 'comment', 'author-id', 'created-at', 'value']);
    expect([between(answer.text, 'nice-id'), between(answer.text, 'organization-id'), between(answer.text, 'author-id'), between(answer.text, 'value')]).toEqual([[id], ['71'], [await eveId()], ['All is broken!']]);
    await made('<ticket><description>mine</description></ticket>', human, '/requests.xml');
    expect((await send(human, 'GET', '/requests.xml')).text).toContain('<organization-id nil="true"></organization-id>');
  });

  test('are listed by whether they are open, without a count; a customer’s word opens them again', async () => {
    const id = await made('<ticket><description>x</description></ticket>', eve, '/requests.xml');
    await send(bot, 'PUT', `/tickets/${id}.xml`, '<ticket><status-id>3</status-id></ticket>');
    const open = async (): Promise<readonly string[]> => between((await send(eve, 'GET', '/requests.xml')).text, 'nice-id');
    expect([await open(), between((await send(eve, 'GET', '/requests.xml?filter=solved')).text, 'nice-id'), outline((await send(eve, 'GET', '/requests.xml')).text)[0]]).toEqual([[], [id], 'tickets']);
    expect((await send(eve, 'PUT', `/requests/${id}.xml`, '<comment><value>All is good again</value></comment>')).status).toBe(200);
    expect(await open()).toEqual([id]);
  });

  test('are nobody else’s, and destroyed by administrators only', async () => {
    const id = await made('<ticket><description>x</description></ticket>', eve, '/requests.xml');
    expect((await send(human, 'GET', `/requests/${id}.xml`)).status).toBe(404);
    expect((await send(eve, 'GET', `/tickets/${id}.xml`)).status).toBe(403);
    expect((await send(eve, 'DELETE', `/requests/${id}.xml`)).status).toBe(403);
    expect((await send(bot, 'DELETE', `/requests/${id}.xml`)).status).toBe(200);
  });

  test('a request can be an agent’s doing on behalf of an end user', async () => {
    await eveId();
    const headers = { 'x-on-behalf-of': 'eve@customer.example' };
    const answer = await send(bot, 'POST', '/requests.xml', '<ticket><description>for eve</description></ticket>', headers);
    expect(answer.status).toBe(201);
    expect(between((await send(eve, 'GET', '/requests.xml')).text, 'description')).toEqual(['for eve']);
    expect((await send(bot, 'GET', '/requests.xml', undefined, { 'x-on-behalf-of': 'nobody@b.example' })).status).toBe(401);
    expect((await send(eve, 'GET', '/requests.xml', undefined, headers)).status).toBe(401);
  });
});

describe('users and the rest', () => {
  test('users are made once, until there may be no more', async () => {
    const create = (email: string): Promise<Answer> => send(bot, 'POST', '/users.xml', `<user><name>New</name><email>${email}</email></user>`);
    const answer = await create('new@b.example');
    expect(answer.status).toBe(201);
    const number = (answer.headers.get('location') ?? '').replace('.xml', '');
    expect(between((await send(bot, 'GET', `/users/${number}.xml`)).text, 'email')).toEqual(['new@b.example']);
    expect(between((await create('NEW@b.example')).text, 'error')).toEqual(['Email: NEW@b.example is already being used by another user']);
    await switched({ max_users: 4 });
    expect((await create('more@b.example')).status).toBe(507);
    expect((await send(bot, 'POST', '/tickets.xml', '<ticket><description>x</description><requester-name>N</requester-name><requester-email>more@b.example</requester-email></ticket>')).status).toBe(507);
  });

  test('users are found by role and page, and say who is there', async () => {
    expect(between((await send(bot, 'GET', '/users.xml?role=4')).text, 'email')).toEqual(['ann@example.com', 'ben@example.com']);
    expect(between((await send(eve, 'GET', '/users/current.xml')).text, 'email')).toEqual(['eve@customer.example']);
    expect(between((await send(bot, 'GET', `/users/${await eveId()}/user_identities.xml`)).text, 'value')).toEqual(['eve@customer.example']);
    expect((await send(eve, 'GET', '/users.xml')).status).toBe(403);
  });

  test('Twitter accounts are listed as in the vendor’s example', async () => {
    const { text } = await send(bot, 'GET', '/account/twitter_accounts.xml');
    expect(outline(text).slice(0, 5)).toEqual(['monitored-twitter-handles type=array count=2', 'monitored-twitter-handle', 'id type=integer', 'twitter-user-id type=integer', 'screen-name']);
    expect(between(text, 'screen-name')).toEqual(['@zendesk', '@zendeskops']);
  });

  test('groups, organizations and ticket fields can be read', async () => {
    expect(between((await send(bot, 'GET', '/groups/22.xml')).text, 'name')).toEqual(['Sales', 'Ben Agent', 'Support', 'Sales']);
    expect(outline((await send(bot, 'GET', '/groups.xml')).text)[0]).toBe('groups type=array count=2');
    expect(between((await send(bot, 'GET', '/organizations.xml')).text, 'name')).toEqual(['Customer Inc.']);
    expect(between((await send(bot, 'GET', '/ticket_fields.xml')).text, 'type')).toEqual(expect.arrayContaining(['FieldSubject', 'FieldTagger']));
  });

  test('files keep their bytes, come under one token, and are handed out to whoever knows theirs', async () => {
    const bytes = Buffer.from(Array.from({ length: 5_000 }, (_, i) => (i * 31) % 256));
    const put = (query: string, body: Buffer): Promise<Response> => fetch(`${desk.url}/uploads.xml?${query}`, { method: 'POST', headers: { ...basic('bot@example.com/token:sandbox-classic-bot-token'), 'content-type': 'image/png' }, body: new Uint8Array(body) });
    const first = await put('filename=%C3%BCbersicht%20(1).png', bytes);
    const [, token = ''] = /^uploads token=(\w+)$/.exec(outline(await first.text())[0] ?? '') ?? [];
    expect([first.status, token.length]).toEqual([201, 16]);
    expect(outline(await (await put(`filename=b.txt&token=${token}`, Buffer.from('b'))).text())[0]).toBe(`uploads token=${token}`);
    const id = await made('<ticket><description>x</description></ticket>');
    await send(bot, 'PUT', `/tickets/${id}.xml`, `<comment><value>see</value><uploads>${token}</uploads></comment>`);
    const shown = await show(id);
    expect([between(shown, 'filename'), between(shown, 'size')]).toEqual([['übersicht (1).png', 'b.txt'], ['5000', '1']]);
    const file = await fetch(between(shown, 'url')[0] ?? '');
    expect([file.headers.get('content-type'), Buffer.from(await file.arrayBuffer()).equals(bytes)]).toEqual(['image/png', true]);
    expect((await fetch(`${desk.url}/attachments/token/0123/?name=x`)).status).toBe(404);
    // A token is used up by the comment that took it.
    expect((await send(bot, 'PUT', `/tickets/${id}.xml`, `<comment><value>again</value><uploads>${token}</uploads></comment>`)).status).toBe(406);
  });

  test('nobody is let in without credentials, and no path is there that is not', async () => {
    const nobody = clientOf(desk.url);
    const refused = await nobody.call('GET', '/tickets/1.xml');
    expect([refused.status, refused.text]).toEqual([401, "Couldn't authenticate you"]);
    const wrong = clientOf(desk.url, basic('bot@example.com/token:wrong'));
    expect((await wrong.call('GET', '/rules/4001.xml')).status).toBe(401);
    for (const path of ['/nowhere.xml', '/api/v2/tickets.json', '/']) expect([(await bot.call('GET', path)).status, (await bot.call('GET', path)).text]).toEqual([404, ' ']);
  });

  test('too many calls a minute are told in words, with 503', async () => {
    await switched({ rate_limit: 2 });
    const answers = [await send(bot, 'GET', '/rules/4001.xml'), await send(human, 'GET', '/rules/4001.xml'), await send(bot, 'GET', '/rules/4001.xml')];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 503]);
    expect([answers[2]?.text, answers[2]?.headers.get('retry-after')]).toEqual(['Number of allowed API requests per minute exceeded', null]);
  });
});

describe('URL targets', () => {
  interface Delivery {
    readonly method: string;
    readonly url: string;
    readonly headers: IncomingHttpHeaders;
    readonly text: string;
  }
  async function listening<T>(work: (url: string, next: () => Promise<Delivery>, answer: (status: number) => void) => Promise<T>): Promise<T> {
    const arrived: Delivery[] = [];
    const waiting: ((delivery: Delivery) => void)[] = [];
    let status = 200;
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        response.writeHead(status).end();
        const delivery = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, text: Buffer.concat(parts).toString('utf8') };
        const first = waiting.shift();
        if (first === undefined) arrived.push(delivery);
        else first(delivery);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const next = (): Promise<Delivery> => {
      const first = arrived.shift();
      return first === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(first);
    };
    try {
      return await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, next, (given) => void (status = given));
    } finally {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }
  }
  const install = (body: object): Promise<Answer> => bot.call('POST', '/__sandbox/webhook', body);

  test.each<['form' | 'xml' | 'json', string, (id: string) => RegExp]>([
    ['form', 'application/x-www-form-urlencoded', (id) => new RegExp(`^message=${id}%20created%20\\d{4}-\\d\\d-\\d\\dT\\d\\d%3A\\d\\dZ$`)],
    ['xml', 'application/xml; charset=utf-8', (id) => new RegExp(`^<ticket><id>${id}</id><event>created</event>`)],
    ['json', 'application/json; charset=utf-8', (id) => new RegExp(`^{"ticket_id":"${id}","event":"created"`)],
  ])('are told of created and updated tickets as %s, with user name and password', async (format, type, message) => {
    await switched({ target_format: format });
    await listening(async (url, next) => {
      await install({ url: `${url}?id={{ticket.id}}`, secret: 'the-password', headers: { 'X-More': '1' } });
      const id = await made('<ticket><description>x</description></ticket>', human);
      const delivery = await next();
      expect([delivery.method, delivery.url, delivery.headers['content-type'], delivery.headers['user-agent'], delivery.headers['x-more'], delivery.headers.authorization]).toEqual([
        'POST', `/hook?id=${id}`, type, 'Zendesk Target', '1', basic('deskmesh:the-password')['authorization'],
      ]);
      expect(delivery.text).toMatch(message(id));
      await send(human, 'PUT', `/tickets/${id}.xml`, '<comment><value>more</value></comment>');
      expect((await next()).text).toContain('updated');
    });
  });

  test('fill in placeholders as they are, and say nothing of a deletion', async () => {
    await switched({ target_message: '{{event}}|{{ticket.title}}|{{ticket.status}}|{{ticket.latest_comment}}|{{ nonsense }}', target_attribute: 'text' });
    await listening(async (url, next) => {
      await install({ url });
      const id = await made('<ticket><subject>"A" &amp; b</subject><description>first</description></ticket>');
      expect(new URLSearchParams((await next()).text).get('text')).toBe('created|"A" & b|New|first|');
      await send(bot, 'DELETE', `/tickets/${id}.xml`);
      await made('<ticket><subject>next</subject><description>x</description></ticket>');
      expect(new URLSearchParams((await next()).text).get('text')).toContain('created|next');
    });
  });

  test('are switched off after 21 failures in a row', async () => {
    await listening(async (url, next, answer) => {
      answer(500);
      await install({ url });
      const id = await made('<ticket><description>x</description></ticket>');
      await next();
      for (let i = 0; i < 20; i += 1) {
        await send(bot, 'PUT', `/tickets/${id}.xml`, `<ticket><subject>${i}</subject></ticket>`);
        await next();
      }
      for (;;) {
        const state = (await bot.call('GET', '/__sandbox/state')).body;
        if (at(state, 'deliveries', 'given_up') !== 21) continue;
        expect(at(state, 'webhooks', 0)).toMatchObject({ failures: 21, is_active: false });
        break;
      }
    });
  });
});

test('the state shows everything but passwords', async () => {
  await made('<ticket><description>x</description></ticket>');
  const { body, text } = await bot.call('GET', '/__sandbox/state');
  expect(at(body, 'tickets', 0)).toMatchObject({ description: 'x', comments: [{ value: 'x' }] });
  expect(at(body, 'write_count')).toBe(1);
  expect(text).not.toContain('sandbox-classic-ben-password');
});
