/** How the API behaves at its edges: who is let in, what a desk's trouble looks like from outside, and what is never told. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { API_TOKEN, startSite, type ApiAnswer, type ApiSite, type Asking } from '../../support/api-site.ts';
import { send } from '../../support/site.ts';
import { shiftingWorld, type ShiftingWorld } from '../../support/shifting-world.ts';

type Json = Record<string, unknown>;

let site: ApiSite;
let world: ShiftingWorld;
const lines: string[] = [];
const TICKET = { subject: 'test ticket', description: '<div>this is a ticket</div>', requester: { email: 'test@test.com' } };

beforeAll(async () => {
  const note = (event: string, fields?: object): void => void lines.push(JSON.stringify({ event, ...fields }));
  world = { ...shiftingWorld(() => [...site.desks.values()]), log: { debug: note, info: note, warn: note, error: note } };
  site = await startSite({ only: ['zendesk', 'freshdesk', 'helpdesk'], world, settings: { freshdesk: { find_lag_seconds: 5 } } });
});
afterAll(() => site?.close());
afterEach(() => {
  for (const desk of site.desks.values()) desk.faults({ kind: 'none' });
});

const at = (service: string, rest = ''): string => `/accounts/${site.account(service)}/helpdesk/tickets${rest}`;
const made = async (service: string, body: object = TICKET): Promise<string> => String((await site.ask(at(service), { body })).body['id']);
const refused = (answer: ApiAnswer): Json => {
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(answer.body).toMatchObject({ status_code: answer.status, message: expect.any(String), id: answer.headers.get('x-request-id') });
  expect(answer.text).not.toMatch(/\bat .*:\d+:\d+|node_modules/);
  for (const { credentials } of site.desks.values()) for (const secret of Object.values(credentials)) if (secret.length > 8 && !secret.includes('@')) expect(answer.text).not.toContain(secret);
  return answer.body;
};

describe('a token', () => {
  const token = async (body: object): Promise<{ token: string; id: string }> => (await site.ask('/tokens', { body })).body as { token: string; id: string };

  test('of one account reaches that one, by number and as me, and no other is there for it', async () => {
    const { token: one } = await token({ name: 'one', scope: 'account', account_id: site.account('zendesk') });
    const bearer = { token: null, headers: { authorization: `bEARER ${one}` } };
    expect((await site.ask('/accounts/me', bearer)).body).toMatchObject({ id: site.account('zendesk'), type: 'account' });
    expect((await site.ask(`/accounts/${site.account('zendesk')}/`, bearer)).body).toMatchObject({ id: site.account('zendesk') });
    expect(((await site.ask('/accounts', bearer)).body['objects'] as Json[]).map(({ id }) => id)).toEqual([site.account('zendesk')]);
    expect((await site.ask('/oauth/token', bearer)).body).toEqual({ client_id: 'deskmesh', account_id: site.account('zendesk'), scope: 'account', token_type: 'Bearer', expires_in: null });
    const [other, absent] = await Promise.all([site.ask(`/accounts/${site.account('freshdesk')}`, bearer), site.ask('/accounts/424242', bearer)]);
    expect([refused(other)['message'], other.status]).toEqual([refused(absent)['message'], 404]);
    for (const path of ['/tokens', '/mirrors', '/links', '/operations', '/receipts']) expect(refused(await site.ask(path, bearer))).toMatchObject({ error_code: 'forbidden' });
  });

  test('that may only read, reads', async () => {
    const { token: reader } = await token({ name: 'reader', scope: 'all', read_only: true });
    const id = await made('zendesk');
    expect((await site.ask(at('zendesk', `/${id}`), { token: reader })).status).toBe(200);
    for (const [path, asking] of [[at('zendesk'), { body: TICKET }], [at('zendesk', `/${id}`), { method: 'PATCH', body: { status: 'pending' } }], [at('zendesk', `/${id}`), { method: 'DELETE' }], ['/tokens', { body: { name: 'x', scope: 'all' } }]] as [string, Asking][]) {
      expect(refused(await site.ask(path, { ...asking, token: reader }))).toMatchObject({ error_code: 'forbidden' });
    }
    expect((await site.ask(`/accounts/${site.account('zendesk')}/encode_raw_id`, { token: reader, body: { raw_id: '121', type: 'ticket' } })).body).toEqual({ id: 'ticket_MTIx', raw_id: '121', type: 'ticket', api: 'helpdesk' });
  });

  test('is shown once, kept as a hash, and works no more once it is deleted', async () => {
    const { token: secret, id } = await token({ name: 'brief', scope: 'all' });
    const { rows } = await site.app.database.pool.query<{ row: string }>(`select t::text as row from tokens t union all select o::text from once o`);
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.some(({ row }) => row.includes(secret))).toBe(false);
    expect((await site.ask(`/tokens/${id}`)).text).not.toContain(secret);
    expect((await site.ask('/accounts', { token: secret })).status).toBe(200);
    expect((await site.ask(`/tokens/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect(refused(await site.ask('/accounts', { token: secret }))).toMatchObject({ error_code: 'invalid_token' });
    expect((await site.ask(`/tokens/${id}`)).status).toBe(404);
    expect(lines.join('\n')).not.toContain(secret);
    expect(lines.join('\n')).not.toContain(API_TOKEN);
  });

  test('that is not known is no valid one to the check of tokens, which old clients want to be told by a 400', async () => {
    expect(refused(await site.ask('/oauth/token', { token: 'dmt_unknown' }))).toMatchObject({ status_code: 400, error_code: 'bad_request' });
    expect(refused(await site.ask('/accounts/me', { token: 'dmt_unknown' }))).toMatchObject({ status_code: 401, error_code: 'invalid_token' });
  });

  test('makes so many requests as it may, and is told when the next one is due', async () => {
    const { token: slow } = await token({ name: 'slow', scope: 'all', requests_per_minute: 3 });
    const asked = [];
    for (let n = 0; n < 4; n += 1) asked.push(await site.ask('/accounts', { token: slow }));
    expect(asked.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    expect(asked.map(({ headers }) => headers.get('ratelimit-remaining'))).toEqual(['2', '1', '0', '0']);
    const last = asked.at(-1);
    expect(last?.headers.get('retry-after')).toMatch(/^(19|20)$/);
    expect(last?.headers.get('ratelimit-limit')).toBe('3');
    expect(last === undefined ? {} : refused(last)).toMatchObject({ error_code: 'too_many_requests' });
    world.pass(20_000);
    expect((await site.ask('/accounts', { token: slow })).status).toBe(200);
  });
});

describe('a desk in trouble is told apart from us', () => {
  const cases: [string, Parameters<ReturnType<ApiSite['desk']>['faults']>[0], number, string, object][] = [
    ['that is down', { kind: 'status', status: 500 }, 503, 'service_not_available', { name: 'zendesk', status: 500 }],
    ['that cuts connections', { kind: 'reset' }, 503, 'service_not_available', { name: 'zendesk', status: null }],
    ['that throttles', { kind: 'status', status: 429, retry_after: 17 }, 429, 'too_many_service_requests', { name: 'zendesk', status: 429 }],
    ['that refuses our credentials', { kind: 'status', status: 401 }, 401, 'service_unauthorized', { name: 'zendesk', status: 401 }],
    ['that answers nonsense', { kind: 'status', status: 302 }, 502, 'bad_gateway', { name: 'zendesk', status: 302 }],
  ];
  test.each(cases)('%s', async (_name, fault, status, code, service) => {
    const id = await made('zendesk');
    site.desk('zendesk').faults(fault);
    const answer = await site.ask(at('zendesk', `/${id}`));
    expect([answer.status, refused(answer)]).toEqual([status, expect.objectContaining({ error_code: code, service: expect.objectContaining(service) })]);
    if (status === 429) expect(answer.headers.get('retry-after')).toBe('17');
    if (status === 503) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    site.desk('zendesk').faults({ kind: 'none' });
    await site.app.store.accounts.resume(site.account('zendesk'));
    await site.app.roster.refresh(true);
  });

  test('that lets one ticket not be seen is no reason to stop its account', async () => {
    const id = await made('zendesk');
    site.desk('zendesk').faults({ kind: 'status', status: 403, path: '/api/v2/tickets/' });
    expect(refused(await site.ask(at('zendesk', `/${id}`)))).toMatchObject({ error_code: 'service_forbidden' });
    expect(site.app.roster.byName('zendesk')?.state).toBe('running');
  });

  test('is written down under the id that the caller was given, by whoever writes it', async () => {
    lines.length = 0;
    site.desk('zendesk').faults({ kind: 'status', status: 401 });
    const answer = await site.ask(at('zendesk'));
    const told = lines.map((line) => JSON.parse(line) as Json);
    expect(told.map(({ event }) => event)).toEqual(expect.arrayContaining(['api.desk_failed', 'account.stopped', 'api.answered']));
    expect(new Set(told.map(({ request_id: id }) => id))).toEqual(new Set([answer.headers.get('x-request-id')]));
    site.desk('zendesk').faults({ kind: 'none' });
    await site.app.store.accounts.resume(site.account('zendesk'));
    await site.app.roster.refresh(true);
  });

  test('that refuses a value names the field', async () => {
    const answer = await site.ask(at('freshdesk'), { body: { subject: 'no requester', description: 'x' } });
    expect([answer.status, refused(answer)]).toEqual([400, expect.objectContaining({ error_code: 'request_failed', faults: [expect.objectContaining({ path: '/requester' })] })]);
  });

  test('that cannot do something says what', async () => {
    const id = await made('zendesk');
    const comment = String((await site.ask(at('zendesk', `/${id}/comments`), { body: { content: 'words' } })).body['id']);
    expect(refused(await site.ask(at('zendesk', `/${id}/comments/${comment}`), { method: 'DELETE' }))).toMatchObject({ status_code: 501, error_code: 'not_implemented', capability: 'comments.delete' });
    expect(refused(await site.ask(at('zendesk', `/${id}/comments/${comment}`), { method: 'PATCH', body: { content: 'other words' } }))).toMatchObject({ status_code: 501, capability: 'comments.edit' });
    expect(refused(await site.ask(at('helpdesk', '?modified_after=2026-01-01T00:00:00Z')))).toMatchObject({ status_code: 501, capability: 'tickets.list.filters.modified_after' });
    expect(refused(await site.ask(at('freshdesk'), { body: { ...TICKET, public: false } }))).toMatchObject({ status_code: 501, capability: 'tickets.fields.public.write' });
  });
});

describe('an Idempotency-Key', () => {
  const keyed = (key: string, body: object = TICKET): Asking => ({ body, headers: { 'idempotency-key': key } });
  const holds = (service: string, subject: string): number => (site.desk(service).state() as { tickets: Json[] }).tickets.filter((ticket) => ticket['subject'] === subject).length;

  test('gives the same answer to the same request, however its JSON is written, and is told', async () => {
    const body = { ...TICKET, subject: 'keyed once' };
    const first = await site.ask(at('zendesk'), keyed('k1', body));
    const again = await site.ask(`${at('zendesk')}/`, { headers: { 'idempotency-key': 'k1' }, body: `{ "requester" : {"email":"test@test.com"}, "description":${JSON.stringify(body.description)},"subject":"keyed once"}` });
    expect([again.status, again.body, again.headers.get('idempotent-replayed')]).toEqual([201, first.body, 'true']);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(holds('zendesk', 'keyed once')).toBe(1);
  });

  test('is refused for another body, another path and another account', async () => {
    await site.ask(at('zendesk'), keyed('k2'));
    for (const [path, body] of [[at('zendesk'), { ...TICKET, subject: 'other' }], [at('freshdesk'), TICKET], ['/tokens', { name: 'x', scope: 'all' }]] as const) {
      expect(refused(await site.ask(path, keyed('k2', body)))).toMatchObject({ status_code: 422, error_code: 'unprocessable_entity' });
    }
  });

  test('is another one in the hands of another token', async () => {
    const { token } = (await site.ask('/tokens', { body: { name: 'other', scope: 'all' } })).body as { token: string };
    const subject = 'two callers';
    await site.ask(at('zendesk'), keyed('k3', { ...TICKET, subject }));
    await site.ask(at('zendesk'), { ...keyed('k3', { ...TICKET, subject }), token });
    expect(holds('zendesk', subject)).toBe(2);
  });

  test('of a call that still runs is answered 409 with a wait, and never makes a second ticket', async () => {
    site.desk('zendesk').faults({ kind: 'latency', ms: 400, method: 'POST', path: '/api/v2/tickets', times: 1 });
    const body = { ...TICKET, subject: 'side by side' };
    const both = await Promise.all([site.ask(at('zendesk'), keyed('k4', body)), site.ask(at('zendesk'), keyed('k4', body))]);
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409]);
    const busy = both.find(({ status }) => status === 409);
    expect(Number(busy?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await site.ask(at('zendesk'), keyed('k4', body))).status).toBe(201);
    expect(holds('zendesk', 'side by side')).toBe(1);
  });

  test.each(['zendesk', 'freshdesk', 'helpdesk'])('finds out what became of a write whose answer was lost: %s', async (service) => {
    const path = { zendesk: '/api/v2/tickets', freshdesk: '/api/v2/tickets', helpdesk: '/helpdesk/api/v1/tickets' }[service] ?? '';
    site.desk(service).faults({ kind: 'lost-response', method: 'POST', path, times: 1 });
    const body = { ...TICKET, subject: `lost at ${service}` };
    const lost = await site.ask(at(service), keyed(`k5-${service}`, body));
    expect([lost.status, refused(lost)]).toEqual([504, expect.objectContaining({ error_code: 'gateway_timeout', message: expect.stringContaining('same Idempotency-Key') })]);
    let answer = lost;
    for (let tries = 0; answer.status !== 201 && tries < 5; tries += 1) {
      world.pass(Number(answer.headers.get('retry-after')) * 1_000);
      answer = await site.ask(at(service), keyed(`k5-${service}`, body));
    }
    expect(answer.status).toBe(201);
    expect(holds(service, `lost at ${service}`)).toBe(1);
    expect((await site.ask(at(service), keyed(`k5-${service}`, body))).body).toEqual(answer.body);
  });

  test('keeps a refusal for good, and lets what was not done be tried again', async () => {
    const none = { subject: 'no requester', description: 'x' };
    const first = await site.ask(at('freshdesk'), keyed('k6', none));
    const again = await site.ask(at('freshdesk'), keyed('k6', none));
    expect([first.status, again.status, again.body]).toEqual([400, 400, first.body]);
    site.desk('zendesk').faults({ kind: 'status', status: 429, retry_after: 1, method: 'POST', times: 1 });
    expect((await site.ask(at('zendesk'), keyed('k7'))).status).toBe(429);
    world.pass(2_000);
    expect((await site.ask(at('zendesk'), keyed('k7'))).status).toBe(201);
  });
});

describe('clients of old', () => {
  test('get exactly application/json, lists of type object_list with next_page, and absolute addresses', async () => {
    const id = await made('helpdesk');
    const list = await site.ask(at('helpdesk', '/?page_size=1'));
    expect(list.headers.get('content-type')).toBe('application/json');
    expect(list.body).toMatchObject({ type: 'object_list', api: 'helpdesk', count: 1, page: 1 });
    expect(list.body).toHaveProperty('next_page');
    const ticket = (await site.ask(at('helpdesk', `/${id}`))).body;
    expect(ticket['href']).toBe(`${site.url}/v1${at('helpdesk', `/${id}`)}`);
    const followed = await site.ask(String(ticket['href']).slice(`${site.url}/v1`.length), { method: 'PATCH', body: { status: 'pending' } });
    expect(followed.body).toMatchObject({ id, status: 'pending' });
  });

  test('may send bodies with GET and DELETE, and leave out helpdesk in the path', async () => {
    const id = await made('freshdesk');
    const path = `/v1/accounts/${site.account('freshdesk')}/tickets/${id}`;
    const headers = { authorization: `APIKey ${API_TOKEN}`, 'content-type': 'application/json' };
    const got = await send(`${site.url}${path}`, { method: 'GET', headers, body: '{}' });
    expect([got.status, (JSON.parse(got.text) as Json)['id']]).toEqual([200, id]);
    const gone = await send(`${site.url}${path}/`, { method: 'DELETE', headers, body: '{"a":' });
    expect([gone.status, gone.text]).toEqual([204, '']);
    expect((await site.ask(at('freshdesk', `/${id}`))).status).toBe(404);
  });

  test('get page by number, and from there on the opaque ones', async () => {
    const subjects = ['<p>p1</p>', '<p>p2</p>', '<p>p3</p>'];
    const id = await made('zendesk');
    for (const content of subjects) await site.ask(at('zendesk', `/${id}/comments`), { body: { content } });
    const second = await site.ask(at('zendesk', `/${id}/comments?page_size=1&page=2`));
    expect(second.body).toMatchObject({ count: 1, page: 2, objects: [{ content: '<p>p2</p>' }] });
    const third = await site.ask(at('zendesk', `/${id}/comments?page_size=1&page=${encodeURIComponent(String(second.body['next_page']))}`));
    expect(third.body).toMatchObject({ count: 1, next_page: null, objects: [{ content: '<p>p3</p>' }] });
  });

  test('get the desk’s own object when they ask, and its own answers past the API', async () => {
    const id = await made('helpdesk');
    const raw = await site.ask(at('helpdesk', `/${id}`), { headers: { 'x-kloudless-raw-data': 'true' } });
    expect(raw.body['raw']).toMatchObject({ subject: 'test ticket', requesterEmail: 'test@test.com' });
    expect((await site.ask(at('helpdesk', `/${id}`))).body).not.toHaveProperty('raw');
    const path = `/accounts/${site.account('helpdesk')}/raw/`;
    const passed = await site.ask(path, { method: 'POST', headers: { 'x-kloudless-raw-uri': '/helpdesk/api/v1/tickets?page_size=1', 'content-type': 'application/x-www-form-urlencoded' } });
    expect([passed.status, Object.keys(JSON.parse(passed.text) as Json)]).toEqual([200, expect.arrayContaining(['tickets'])]);
    for (const uri of ['https://other.example/x', '//other.example/x', 'http:\\\\other.example', 'ftp://x', 'https://user:pw@127.0.0.1/']) {
      expect(refused(await site.ask(path, { method: 'POST', headers: { 'x-kloudless-raw-uri': uri } }))).toMatchObject({ error_code: 'invalid_parameters', faults: [{ path: 'header/X-Kloudless-Raw-URI' }] });
    }
    expect(refused(await site.ask(path, { method: 'POST', headers: { 'x-kloudless-raw-uri': '/x', 'x-kloudless-raw-headers': '{"Authorization":"Bearer other"}' } }))).toMatchObject({ faults: [{ path: 'header/X-Kloudless-Raw-Headers' }] });
  });
});

describe('what comes in', () => {
  test('is told all its faults at once, in body, query and headers', async () => {
    const answer = await site.ask(at('zendesk', '?a=1'), { headers: { 'idempotency-key': 'x'.repeat(300) }, body: { status: 'lost', tags: [1], due_at: 'soon', requester: {} } });
    const faults = (refused(answer)['faults'] as { path: string }[]).map(({ path }) => path).sort();
    expect(faults).toEqual(['/description', '/due_at', '/requester', '/status', '/subject', '/tags/0', 'header/Idempotency-Key', 'query/a']);
  });

  test('may name what a desk does not have, or nobody knows: it is ignored and told', async () => {
    const { body } = await site.ask(at('helpdesk'), { body: { ...TICKET, id: 'ticket_x', due_at: '2030-01-01T00:00:00Z', followers: [{ email: 'f@test.com' }], colour: 'red', group: null } });
    expect((body['warnings'] as Json[]).map(({ field }) => field).sort()).toEqual(['colour', 'due_at', 'followers', 'id']);
    expect(body).toMatchObject({ due_at: null, followers: null, group: null });
  });

  test.each(['PUT', 'PROPFIND', 'SEARCH', 'LOCK'])('by a method that is not there is answered 405 with those that are: %s', async (method) => {
    const answer = await send(`${site.url}/v1${at('zendesk')}`, { method, headers: { authorization: `APIKey ${API_TOKEN}` } });
    expect([answer.status, answer.headers.allow, answer.headers['content-type']]).toEqual([405, 'HEAD, GET, POST', 'application/json']);
    expect(JSON.parse(answer.text)).toMatchObject({ status_code: 405, error_code: 'method_not_allowed', id: answer.headers['x-request-id'] });
  });

  test('over the limit is refused before it is read', async () => {
    const answer = await site.ask(at('zendesk'), { body: { ...TICKET, description: 'x'.repeat(5 * 1024 * 1024) } });
    expect([answer.status, refused(answer)['error_code']]).toEqual([413, 'payload_too_large']);
  });

  test('with a page of another list, or one that was changed, is not followed', async () => {
    for (let n = 0; n < 3; n += 1) await made('zendesk');
    const { body } = await site.ask(at('zendesk', '?page_size=1'));
    const next = String(body['next_page']);
    const wrong = async (path: string): Promise<void> => expect(refused(await site.ask(path))).toMatchObject({ error_code: 'invalid_parameters', faults: [{ path: 'query/page' }] });
    expect((await site.ask(at('zendesk', `?page_size=1&page=${encodeURIComponent(next)}`))).status).toBe(200);
    await wrong(at('freshdesk', `?page_size=1&page=${encodeURIComponent(next)}`));
    await wrong(at('zendesk', `?page_size=1&page=${encodeURIComponent(`${next.slice(0, -2)}${next.endsWith('A') ? 'B' : 'A'}A`)}`));
    await wrong(at('zendesk', '?page=nonsense'));
  });
});
