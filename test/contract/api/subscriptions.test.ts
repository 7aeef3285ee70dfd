/** Subscriptions by API: made, judged, changed, rotated, tested, replayed; and what people do on a desk, as it arrives. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { createValidator } from '../../../src/contracts/validator.ts';
import { eventSchema } from '../../../src/contracts/events.ts';
import type { MeshEvent } from '../../../src/core/mesh-event.ts';
import { USUAL_SUBSCRIPTION } from '../../../src/core/subscription.ts';
import { USUAL_TERMS } from '../../../src/core/rules.ts';
import { startSite, type ApiSite } from '../../support/api-site.ts';
import { startEndpoint, type Endpoint } from '../../support/endpoint.ts';
import { until } from '../../support/until.ts';

type Json = Record<string, unknown>;

let site: ApiSite;
const endpoints: Endpoint[] = [];
beforeAll(async () => {
  site = await startSite({ only: ['zendesk', 'freshdesk'], role: 'all', env: { ALLOW_PRIVATE_SUBSCRIBERS: '127.0.0.0/8' } });
  const edges = [['zendesk', 'freshdesk'], ['freshdesk', 'zendesk']].map(([from = '', to = '']) => ({ from, to, terms: { ...USUAL_TERMS, owner: {} } }));
  await site.app.store.accounts.apply([], [{ name: 'both', edges, lenses: {} }]);
  await site.app.roster.refresh(true);
});
afterEach(async () => {
  const { body } = await site.ask('/subscriptions');
  for (const { id, configured_in: where } of body['objects'] as Json[]) if (where === 'api') await site.ask(`/subscriptions/${String(id)}`, { method: 'DELETE' });
  await Promise.all(endpoints.splice(0).map((one) => one.close()));
});
afterAll(() => site?.close());

const endpoint = async (): Promise<Endpoint> => {
  const one = await startEndpoint();
  endpoints.push(one);
  return one;
};
const subscribe = async (body: Json): Promise<Json> => {
  const answer = await site.ask('/subscriptions', { body });
  expect([answer.status, answer.text]).toEqual([201, expect.any(String)]);
  return answer.body;
};
const events = (of: Endpoint): MeshEvent[] => of.heard.map(({ body }) => JSON.parse(body) as MeshEvent);
const heard = (of: Endpoint, count: number): Promise<MeshEvent[]> => until(() => of.heard.length >= count && events(of), { what: () => `${of.heard.length} of ${count}: ${events(of).map(({ type }) => type).join(', ')}` });
const rawIdOf = (id: unknown): string => Buffer.from(String(id).split('_')[1] ?? '', 'base64url').toString();
const ring = (account: number, ticket: unknown): Promise<unknown> => site.app.store.lanes.signal(account, [{ ticketId: rawIdOf(ticket), modified_at: null, is_deleted: false, force: true }]);

describe('a subscription', () => {
  test('is refused with all that is wrong with it at once', async () => {
    const answer = await site.ask('/subscriptions', { body: { url: 'http://0xa.1.2.3/x', events: ['ticket.*'], format: 'template', template: { a: '{{tiket}}' }, channel: 'C1', accounts: [999], where: { type: 'nothing' }, secret: 'hunter22' } });
    expect([answer.status, answer.body['error_code']]).toEqual([400, 'invalid_parameters']);
    expect((answer.body['faults'] as { path: string }[]).map(({ path }) => path).sort()).toEqual(['/accounts/0', '/channel', '/secret', '/template/a', '/url', '/where']);
    expect((await site.ask('/subscriptions', { body: { events: ['*'] } })).body['faults']).toMatchObject([{ path: '/url', message: expect.stringContaining('missing') }]);
  });

  test.each(['http://10.1.2.3/', 'http://012.1.2.3/', 'http://167838211/', 'http://[::ffff:10.1.2.3]/', 'http://１０.1.2.3/', 'http://10.1.2.3./', 'http://[fd00::1]/', 'http://169.254.169.254/', 'https://user:pass@hooks.example/', 'https://hooks.example/#x', 'file:///etc/passwd'])(
    'is not made for %s',
    async (url) => {
      expect(await site.ask('/subscriptions', { body: { url, events: ['*'] } })).toMatchObject({ status: 400, body: { error_code: 'invalid_parameters', faults: [{ path: '/url' }] } });
    },
  );

  test('shows its secret once, and no other answer or log has it', async () => {
    const made = await subscribe({ name: 'crm', url: 'https://hooks.invalid/in', events: ['ticket.*', 'ticket.*'] });
    expect(made).toMatchObject({ name: 'crm', events: ['ticket.*'], cause: 'person', private: false, ordering: 'per-ticket', enabled: true, secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/) });
    const id = String(made['id']);
    for (const path of [`/subscriptions/${id}`, '/subscriptions']) expect((await site.ask(path)).text).not.toContain(String(made['secret']));
    const rows = await site.app.database.run('raw', 'select * from subscriptions', []);
    expect(JSON.stringify(rows)).not.toContain(String(made['secret']).slice(6));
    expect((await site.ask('/subscriptions', { body: { name: 'crm', url: 'https://hooks.invalid/in', events: ['*'] } })).body).toMatchObject({ error_code: 'naming_conflict', conflicting_resource_id: id });
    const rotated = await site.ask(`/subscriptions/${id}/rotate`, { body: { overlap_seconds: 60 } });
    expect(rotated.body).toMatchObject({ id, secret: expect.stringMatching(/^whsec_/), rotating_until: expect.any(String) });
    expect(rotated.body['secret']).not.toBe(made['secret']);
  });

  test('is changed in part, and what makes no sense together is refused', async () => {
    const id = String((await subscribe({ url: 'https://hooks.invalid/in', events: ['*'] }))['id']);
    const changed = await site.ask(`/subscriptions/${id}`, { method: 'PATCH', body: { events: ['comment.*'], rate_per_minute: 30, enabled: false } });
    expect(changed.body).toMatchObject({ events: ['comment.*'], rate_per_minute: 30, enabled: false, disabled_by: 'person', url: 'https://hooks.invalid/in' });
    expect((await site.ask(`/subscriptions/${id}`, { method: 'PATCH', body: { template: { a: 1 } } })).body['faults']).toMatchObject([{ path: '/template' }]);
    expect((await site.ask(`/subscriptions/${id}`, { method: 'PATCH', body: { format: 'slack', token: 'xoxb-1-a', channel: 'C1' } })).body).toMatchObject({ format: 'slack', url: 'https://slack.com/api/chat.postMessage', channel: 'C1' });
    expect((await site.ask(`/subscriptions/${id}`)).text).not.toContain('xoxb');
    expect((await site.ask(`/subscriptions/${id}/enable`, { method: 'POST' })).body).toMatchObject({ enabled: true, disabled_by: null });
  });

  test('of mesh.yaml is made once, kept as the file says, not changed by API, and goes with its entry; others stay', async () => {
    const own = String((await subscribe({ name: 'mine', url: 'https://hooks.invalid/in', events: ['*'] }))['id']);
    const file = { ...USUAL_SUBSCRIPTION, name: 'chat', url: 'https://hooks.invalid/a', events: ['*'], accounts: ['zendesk'], secret: null, token: null };
    const [made] = await site.app.subscribe([file]);
    const id = made?.subscription.id ?? '';
    expect(made?.secret).toMatch(/^whsec_/);
    expect(await site.app.subscribe([file])).toEqual([]);
    const { body: before } = await site.ask(`/subscriptions/${id}`);
    expect(before).toMatchObject({ name: 'chat', configured_in: 'mesh.yaml', accounts: [site.account('zendesk')] });
    await site.app.subscribe([file]);
    expect((await site.ask(`/subscriptions/${id}`)).body).toEqual(before);
    await site.app.subscribe([{ ...file, url: 'https://hooks.invalid/b', enabled: false }]);
    expect((await site.ask(`/subscriptions/${id}`)).body).toMatchObject({ url: 'https://hooks.invalid/b', enabled: false });
    expect((await site.ask(`/subscriptions/${id}`, { method: 'PATCH', body: { enabled: true } })).body['error_code']).toBe('conflict');
    expect((await site.ask(`/subscriptions/${id}`, { method: 'DELETE' })).body['error_code']).toBe('conflict');
    await site.app.subscribe([]);
    expect([(await site.ask(`/subscriptions/${id}`)).status, (await site.ask(`/subscriptions/${own}`)).status]).toEqual([404, 200]);
  });

  test('sends a test on demand, which can be looked at and replayed', async () => {
    const one = await endpoint();
    const made = await subscribe({ url: one.url, events: ['comment.created'], enabled: false });
    const { status, body } = await site.ask(`/subscriptions/${String(made['id'])}/test`, { method: 'POST' });
    expect([status, body]).toMatchObject([202, { state: 'waiting', test: true, event_type: 'comment.created' }]);
    const done = await until(async () => ((found) => found['state'] === 'delivered' && found)((await site.ask(`/deliveries/${String(body['id'])}`)).body), { what: 'the test' });
    expect(done).toMatchObject({ attempts: 1, content: { test: true }, record: [{ status: 204, failure: null }] });
    expect(new Webhook(String(made['secret'])).verify(one.heard[0]!.body, one.heard[0]!.headers as Record<string, string>)).toMatchObject({ type: 'comment.created' });
    expect((await site.ask(`/deliveries?subscription_id=${String(made['id'])}&state=delivered&event_type=comment.created`)).body).toMatchObject({ count: 1 });
    expect((await site.ask(`/deliveries?subscription_id=${String(made['id'])}&state=dead`)).body).toMatchObject({ count: 0 });
    expect((await site.ask(`/deliveries/${String(body['id'])}/replay`, { method: 'POST' })).body).toMatchObject({ state: 'waiting' });
    await heard(one, 2);
    expect(one.heard[1]!.headers['webhook-id']).toBe(one.heard[0]!.headers['webhook-id']);
  });
});

describe('what people do', () => {
  test('arrives once each, whatever the desks’ webhooks did, and fits its schema; mirrors and private comments only for those who ask', async () => {
    const [people, all] = [await endpoint(), await endpoint()];
    await subscribe({ url: people.url, events: ['*'], format: 'zapier' });
    await subscribe({ url: all.url, events: ['*'], format: 'zapier', cause: 'any', private: true, accounts: [site.account('zendesk'), site.account('freshdesk')] });
    const [zendesk, freshdesk] = [site.account('zendesk'), site.account('freshdesk')];

    const ticket = (await site.ask(`/accounts/${zendesk}/helpdesk/tickets`, { body: { subject: 'told <b>', description: 'x', requester: { email: 'test@test.com' } } })).body['id'];
    await site.app.store.lanes.signal(zendesk, [{ ticketId: rawIdOf(ticket), modified_at: null, is_deleted: false, force: false }]);
    const [created] = await heard(people, 1);
    expect(created).toMatchObject({ type: 'ticket.created', cause: 'person', account: { id: zendesk, name: 'zendesk' }, ticket: { id: ticket, raw_id: rawIdOf(ticket), subject: 'told <b>', url: expect.stringContaining(`/agent/tickets/${rawIdOf(ticket)}`) } });
    const copied = await until(() => events(all).find(({ cause, type }) => cause === 'mirror' && type === 'ticket.created'), { what: 'the copy' });
    expect(copied).toMatchObject({ account: { id: freshdesk }, link: created?.link });

    await site.ask(`/accounts/${zendesk}/helpdesk/tickets/${String(ticket)}`, { method: 'PATCH', body: { priority: 'urgent' } });
    await site.ask(`/accounts/${zendesk}/helpdesk/tickets/${String(ticket)}/comments`, { body: { content: '<p>aside</p>', public: false } });
    await site.ask(`/accounts/${zendesk}/helpdesk/tickets/${String(ticket)}/comments`, { body: { content: '<p>words</p>' } });
    for (let times = 0; times < 4; times += 1) await ring(zendesk, ticket);
    const told = await heard(people, 3);
    expect(told.slice(1).map(({ type, changes, comment }) => [type, changes, comment?.content])).toEqual([
      ['ticket.updated', { priority: { from: expect.anything(), to: 'urgent' } }, undefined],
      ['comment.created', undefined, expect.stringContaining('words')],
    ]);
    const copies = await until(() => events(all).filter(({ cause, type }) => cause === 'mirror' && type === 'comment.created').length >= 2 && events(all), { what: () => `copies of both comments: ${JSON.stringify(events(all).map(({ type, cause }) => [type, cause]))}` });
    expect(copies.filter(({ private: shut }) => shut).map(({ type, cause }) => [type, cause])).toEqual([['comment.created', 'person'], ['comment.created', 'mirror']]);
    for (let times = 0; times < 4; times += 1) await Promise.all([ring(zendesk, ticket), site.app.store.lanes.hasten(freshdesk)]);
    await until(async () => (await site.app.database.run('due', `select 1 from replicas where due_at is not null union all select 1 from outbox where not dispatched union all select 1 from deliveries where state = 'waiting'`, [])).length === 0, { what: 'rest' });
    expect(people.heard).toHaveLength(3);
    for (const event of events(all)) expect([event.type, createValidator(eventSchema(event.type))(event)]).toEqual([event.type, []]);
    expect(new Set(events(all).map(({ id }) => id)).size).toBe(all.heard.length);

    const samples = (await site.ask('/subscriptions/samples?events=ticket.*&limit=2')).body as unknown as MeshEvent[];
    expect(samples.map(({ type, ticket: of }) => [type.startsWith('ticket.'), of?.subject])).toEqual([[true, 'told <b>'], [true, 'told <b>']]);
    expect(JSON.stringify((await site.ask('/subscriptions/samples?events=comment.*&limit=100')).body)).not.toContain('aside');
  });

  test('to the mesh itself arrives: an account that stops, and one that runs again', async () => {
    const one = await endpoint();
    await subscribe({ url: one.url, events: ['account.*'], format: 'zapier' });
    const freshdesk = site.account('freshdesk');
    await site.ask(`/accounts/${freshdesk}`, { method: 'PATCH', body: { active: false } });
    await site.ask(`/accounts/${freshdesk}`, { method: 'PATCH', body: { active: false } });
    await site.ask(`/accounts/${freshdesk}`, { method: 'PATCH', body: { active: true } });
    const told = await heard(one, 2);
    expect(told.map(({ type, account, reason }) => [type, account?.id, reason])).toEqual(expect.arrayContaining([['account.stopped', freshdesk, 'switched off through the API'], ['account.resumed', freshdesk, 'its credentials work']]));
    for (const event of told) expect(createValidator(eventSchema(event.type))(event)).toEqual([]);
  });

  test('is not stored in full while nobody listens', async () => {
    const { database } = site.app;
    expect((await site.ask('/subscriptions')).body).toMatchObject({ count: 0 });
    await site.ask('/subscriptions', { body: { url: 'https://hooks.invalid/x', events: ['*'] } });
    await site.ask(`/subscriptions/${String(((await site.ask('/subscriptions')).body['objects'] as Json[])[0]?.['id'])}`, { method: 'DELETE' });
    const count = async (table: string): Promise<number> => (await database.run<{ n: number }>(`n_${table}`, `select count(*)::int as n from ${table}`, []))[0]?.n ?? 0;
    const [outbox, feed] = [await count('outbox'), await count('events')];
    const ticket = (await site.ask(`/accounts/${site.account('zendesk')}/helpdesk/tickets`, { body: { subject: 'unheard', description: 'x', requester: { email: 'test@test.com' } } })).body['id'];
    await site.app.store.lanes.signal(site.account('zendesk'), [{ ticketId: rawIdOf(ticket), modified_at: null, is_deleted: false, force: false }]);
    await until(async () => (await count('events')) > feed, { what: 'the feed' });
    expect(await count('outbox')).toBe(outbox);
  });
});

describe('Zapier', () => {
  test('subscribes, is told in the shape of its samples, and unsubscribes with an answer that it can read', async () => {
    const one = await endpoint();
    const { body: samples } = await site.ask('/subscriptions/samples?events=subscription.disabled');
    expect(samples).toMatchObject([{ type: 'subscription.disabled' }]);
    const made = await subscribe({ url: one.url, events: ['ticket.created'], format: 'zapier' });
    await site.ask(`/subscriptions/${String(made['id'])}/test`, { method: 'POST' });
    const [told] = await heard(one, 1);
    expect(createValidator(eventSchema('ticket.created'))(told)).toEqual([]);
    const gone = await site.ask(`/subscriptions/${String(made['id'])}`, { method: 'DELETE' });
    expect([gone.status, gone.body]).toEqual([200, {}]);
    expect((await site.ask(`/subscriptions/${String(made['id'])}`, { method: 'DELETE' })).status).toBe(404);
  });
});
