/** The fake Zendesk's people: users, groups, organizations, who is copied, what customers may do, and what waits suspended. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';
import { at, basic, clientOf, list, zendeskClient, type Client, type ZendeskClient } from './sandbox-support.ts';

let desk: SandboxDesk;
let client: ZendeskClient;
let carla: Client;
const ANN = 8447388091006;
const BEN = 8447388091518;
const FIELD_SERVICE = 8447388072030;
const SUPPORT = 8447388071518;

beforeAll(async () => {
  [desk] = (await startSandbox({ only: ['zendesk'] })) as [SandboxDesk];
  client = zendeskClient(desk);
  carla = clientOf(desk.url, basic(`carla@works.example/token:${desk.credentials['token'] ?? ''}`));
});
afterEach(() => desk.reset());
afterAll(() => desk.close());

const customer = async (more: object = {}): Promise<number> =>
  Number(at((await client.bot.call('POST', '/api/v2/users', { user: { name: 'Carla', email: 'carla@works.example', ...more } })).body, 'user', 'id'));

describe('users', () => {
  test('an address belongs to one person; a further one of theirs leads to them too', async () => {
    const id = await customer();
    const twice = await client.bot.call('POST', '/api/v2/users', { user: { name: 'Carl', email: 'Carla@works.example' } });
    expect([twice.status, at(twice.body, 'details', 'email', 0, 'error')]).toEqual([422, 'DuplicateValue']);
    await client.bot.call('PUT', `/api/v2/users/${id}`, { user: { email: 'c@home.example', phone: '+1' } });
    const identities = list((await client.bot.call('GET', `/api/v2/users/${id}/identities`)).body, 'identities');
    expect(identities.map((one) => [at(one, 'value'), at(one, 'primary')])).toEqual([['carla@works.example', true], ['c@home.example', false]]);
    expect(at((await client.bot.call('GET', '/api/v2/users/search?query=c@home.example')).body, 'users', 0, 'id')).toBe(id);
    const ticket = await client.created({ requester: { email: 'c@home.example' } });
    expect(at(await client.show(ticket), 'requester_id')).toBe(id);
  });

  test('a suspended person gets no ticket, and says so by a code', async () => {
    const id = await customer();
    await client.bot.call('PUT', `/api/v2/users/${id}`, { user: { suspended: true } });
    const refused = await client.create({ requester: { email: 'carla@works.example' } });
    expect([refused.status, at(refused.body, 'details', 'requester', 0)]).toEqual([422, { description: 'Requester: Carla is suspended.', error: 'UserSuspended' }]);
  });

  test('merged people leave their tickets and addresses to the other', async () => {
    const [loser, winner] = [await customer(), Number(at((await client.bot.call('POST', '/api/v2/users', { user: { name: 'C', email: 'c@home.example' } })).body, 'user', 'id'))];
    const ticket = await client.created({ requester_id: loser });
    expect((await client.bot.call('PUT', `/api/v2/users/${loser}/merge`, { user: { id: winner } })).status).toBe(200);
    expect(at(await client.show(ticket), 'requester_id')).toBe(winner);
    expect(at((await client.bot.call('GET', '/api/v2/users/search?query=carla@works.example')).body, 'users', 0, 'id')).toBe(winner);
  });

  test('an administrator acts for others, a customer may not see tickets', async () => {
    const id = await customer();
    const acting = (who: string | number) => ({ 'x-on-behalf-of': String(who) });
    expect(at((await client.bot.call('GET', '/api/v2/users/me', undefined, acting('ben@example.com'))).body, 'user', 'id')).toBe(BEN);
    const denied = await client.bot.call('GET', '/api/v2/tickets', undefined, acting(id));
    expect([denied.status, at(denied.body, 'error', 'title')]).toEqual([403, 'Forbidden']);
    expect((await client.human.call('GET', '/api/v2/users/me', undefined, acting(BEN))).status).toBe(403);
    expect((await carla.call('GET', '/api/v2/tickets')).status).toBe(403);
    expect((await client.human.call('GET', '/api/v2/incremental/tickets/cursor?start_time=0')).status).toBe(403);
  });
});

describe('groups and organizations', () => {
  test('an assignee is an agent of the ticket’s group; whoever is not in a new group loses the ticket', async () => {
    const id = await client.created({ assignee_id: BEN });
    expect(at(await client.show(id), 'group_id')).toBe(SUPPORT);
    await client.update(id, { group_id: FIELD_SERVICE });
    expect(await client.show(id)).toMatchObject({ group_id: FIELD_SERVICE, assignee_id: null });
    const refused = await client.update(id, { assignee_id: BEN });
    expect(at(refused.body, 'details', 'assignee', 0, 'description')).toBe('Assignee: is not a member of the group');
    expect((await client.update(id, { assignee_id: ANN })).status).toBe(200);
    await client.bot.call('POST', '/api/v2/group_memberships', { group_membership: { user_id: BEN, group_id: FIELD_SERVICE } });
    expect((await client.update(id, { assignee_id: BEN })).status).toBe(200);
    expect(list((await client.bot.call('GET', `/api/v2/users/${BEN}/group_memberships`)).body, 'group_memberships')).toHaveLength(2);
  });

  test('a light agent can be assigned nothing', async () => {
    const answer = await client.bot.call('POST', '/api/v2/users', { user: { name: 'Lil', email: 'lil@example.com', role: 'agent', role_type: 1 } });
    const refused = await client.create({ assignee_id: at(answer.body, 'user', 'id') });
    expect(at(refused.body, 'details', 'assignee', 0)).toEqual({ description: 'Assignee: is invalid', error: 'InvalidValue' });
  });

  test('a ticket has its requester’s organization, by domain too, and no other', async () => {
    const works = at((await client.bot.call('GET', '/api/v2/organizations/search?name=example%20WORKS')).body, 'organizations', 0, 'id');
    const other = at((await client.bot.call('POST', '/api/v2/organizations', { organization: { name: 'Other' } })).body, 'organization', 'id');
    const id = await client.created({ requester: { name: 'Carla', email: 'carla@works.example' } });
    expect(at(await client.show(id), 'organization_id')).toBe(works);
    const refused = await client.update(id, { organization_id: other });
    expect([refused.status, at(refused.body, 'details', 'organization', 0, 'error')]).toEqual([422, 'InvalidValue']);
    expect((await client.update(id, { organization_id: null })).status).toBe(200);
    expect((await client.bot.call('POST', '/api/v2/organizations', { organization: { name: 'OTHER' } })).status).toBe(422);
  });
});

describe('copied and following', () => {
  test('are put and deleted one by one, follow only if agents, and are told beside the ticket', async () => {
    const id = await client.created({ email_ccs: [{ user_email: 'dan@example.com', user_name: 'Dan', action: 'put' }], followers: [{ user_id: ANN }, { user_email: 'dan@example.com' }] });
    const [dan] = list(await client.show(id), 'email_cc_ids');
    expect(await client.show(id)).toMatchObject({ follower_ids: [ANN], collaborator_ids: [dan, ANN] });
    await client.update(id, { email_ccs: [{ user_id: dan, action: 'delete' }], followers: [{ user_email: 'ben@example.com', action: 'put' }] });
    expect(await client.show(id)).toMatchObject({ email_cc_ids: [], follower_ids: [ANN, BEN] });
    const followers = await client.bot.call('GET', `/api/v2/tickets/${id}/followers`);
    expect(list(followers.body, 'users').map((user) => at(user, 'id'))).toEqual([ANN, BEN]);
    expect(list((await client.bot.call('GET', `/api/v2/tickets/${id}?include=users`)).body, 'users').map((user) => at(user, 'id'))).toEqual(expect.arrayContaining([ANN, BEN]));
  });

  test('are ignored where they are switched off', async () => {
    await client.bot.call('POST', '/__sandbox/settings', { ccs_and_followers: false });
    const id = await client.created({ email_ccs: [{ user_email: 'dan@example.com' }], followers: [{ user_id: ANN }] });
    expect(await client.show(id)).toMatchObject({ email_cc_ids: [], follower_ids: [] });
  });

  test('are forty-eight at most', async () => {
    const id = await client.created({ email_ccs: Array.from({ length: 60 }, (_, n) => ({ user_email: `p${n}@example.com` })) });
    expect(list(await client.show(id), 'email_cc_ids')).toHaveLength(48);
  });
});

describe('customers', () => {
  test('see their requests with what is public, answer, and open what was solved', async () => {
    await customer();
    const made = await carla.call('POST', '/api/v2/requests', { request: { subject: 'Help', comment: { body: 'Please' } } });
    const id = Number(at(made.body, 'request', 'id'));
    await client.human.call('PUT', `/api/v2/tickets/${id}`, { ticket: { status: 'solved', assignee_id: ANN, comment: { body: 'hush', public: false } } });
    expect(list((await carla.call('GET', `/api/v2/requests/${id}/comments`)).body, 'comments').map((one) => at(one, 'plain_body'))).toEqual(['Please']);
    const silent = await carla.call('PUT', `/api/v2/requests/${id}`, { request: { priority: 'high' } });
    expect([silent.status, at(silent.body, 'error')]).toEqual([406, 'CommentRequired']);
    await carla.call('PUT', `/api/v2/requests/${id}`, { request: { comment: { body: 'Still broken' } } });
    expect(at(await client.show(id), 'status')).toBe('open');
    expect(list((await carla.call('GET', '/api/v2/requests')).body, 'requests')).toHaveLength(1);
    const other = await client.created();
    expect((await carla.call('GET', `/api/v2/requests/${other}`)).status).toBe(404);
  });

  test('who nobody knows waits suspended until recovered, and is forgotten after fourteen days', async () => {
    await client.bot.call('POST', '/__sandbox/settings', { anonymous_requests: 'suspended' });
    const nobody = clientOf(desk.url);
    const ask = (subject: string) => nobody.call('POST', '/api/v2/requests', { request: { subject, requester: { name: 'Zoe', email: 'zoe@else.example' }, comment: { body: 'Hi' } } });
    await ask('One');
    await ask('Two');
    const [one, two] = list((await client.bot.call('GET', '/api/v2/suspended_tickets')).body, 'suspended_tickets');
    expect(one).toMatchObject({ subject: 'One', cause: 'Submitted by unregistered user', author: { email: 'zoe@else.example' }, ticket_id: null });
    expect(list((await client.bot.call('GET', '/api/v2/tickets')).body, 'tickets')).toEqual([]);
    const recovered = await client.bot.call('PUT', `/api/v2/suspended_tickets/${String(at(one, 'id'))}/recover`);
    expect(at(recovered.body, 'ticket')).toMatchObject({ subject: 'One', via: { channel: 'recovered_from_suspended_tickets' } });
    await client.bot.call('POST', '/__sandbox/settings', { clock_offset_ms: 15 * 24 * 3_600_000 });
    expect((await client.bot.call('PUT', `/api/v2/suspended_tickets/${String(at(two, 'id'))}/recover`)).status).toBe(404);
  });
});
