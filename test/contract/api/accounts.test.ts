/** Accounts through the API: connected, changed, switched off and removed; and the record of what the mirror did. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { USUAL_TERMS } from '../../../src/core/rules.ts';
import { startSite, type ApiSite } from '../../support/api-site.ts';
import { until } from '../../support/until.ts';

type Json = Record<string, unknown>;

let site: ApiSite;
beforeAll(async () => {
  site = await startSite({ only: ['zendesk', 'freshdesk'], role: 'all' });
});
afterAll(() => site?.close());

const draft = (service: string, name: string, more: object = {}): object => ({ name, service, url: site.desk(service).url, credentials: site.desk(service).human, ...more });

describe('connecting an account', () => {
  test('tries the credentials first, and stores nothing that does not work', async () => {
    const answer = await site.ask('/accounts', { body: draft('freshdesk', 'wrong', { credentials: { key: 'not-a-key-of-this-desk' } }) });
    expect([answer.status, answer.body]).toEqual([401, expect.objectContaining({ error_code: 'service_unauthorized', service: expect.objectContaining({ name: 'freshdesk' }) })]);
    expect(site.app.roster.byName('wrong')).toBeNull();
  });

  test('judges it by its service’s own schemas, all faults at once', async () => {
    const { body } = await site.ask('/accounts', { body: { name: 'x', service: 'zendesk', url: 'https://a.example/path', credentials: { email: 'e' }, settings: { colour: 1 } } });
    expect((body['faults'] as Json[]).map(({ path }) => path)).toEqual(expect.arrayContaining(['/url', '/credentials/email', '/settings/colour']));
    const unknown = await site.ask('/accounts', { body: { name: 'x', service: 'zendisk', url: 'https://a.example', credentials: {} } });
    expect(unknown.body['faults']).toEqual([{ path: '/service', message: expect.stringContaining('zendesk') }]);
  });

  test('gives the account and its hook, never its credentials; the same again with the same key', async () => {
    const headers = { 'idempotency-key': 'connect-one' };
    const answer = await site.ask('/accounts', { body: draft('freshdesk', 'second'), headers });
    expect([answer.status, answer.body]).toEqual([201, expect.objectContaining({ type: 'account', name: 'second', service: 'freshdesk', service_name: 'Freshdesk', active: true, apis: ['helpdesk'] })]);
    expect(answer.body['hook']).toMatchObject({ status: 'manual', url: expect.stringContaining(`/hooks/${String(answer.body['id'])}/`) });
    const shown = await site.ask(`/accounts/${String(answer.body['id'])}`);
    expect(shown.body).not.toHaveProperty('hook');
    for (const secret of Object.values(site.desk('freshdesk').human)) expect(shown.text + answer.text).not.toContain(secret);
    const again = await site.ask('/accounts', { body: draft('freshdesk', 'second'), headers });
    expect([again.status, again.body]).toEqual([201, answer.body]);
  });

  test('that has a name, or is a desk, that is there already, names the other', async () => {
    const id = site.account('second');
    const taken = await site.ask('/accounts', { body: draft('zendesk', 'second') });
    expect(taken.body).toMatchObject({ status_code: 409, error_code: 'naming_conflict', conflicting_resource_id: id });
    const twin = await site.ask('/accounts', { body: draft('freshdesk', 'third') });
    expect(twin.body).toMatchObject({ status_code: 409, error_code: 'conflict', conflicting_resource_id: id });
  });
});

describe('an account', () => {
  test('that is switched off calls its desk no more, and runs again when it is switched on', async () => {
    const id = site.account('second');
    const path = `/accounts/${id}`;
    expect((await site.ask(path, { method: 'PATCH', body: { active: false } })).body).toMatchObject({ active: false, stopped_because: 'switched off through the API' });
    expect((await site.ask(`${path}/helpdesk/tickets`)).body).toMatchObject({ status_code: 403, error_code: 'forbidden' });
    expect(await site.app.roster.probe(id)).toBe(false);
    expect(((await site.ask('/accounts?active=false')).body['objects'] as Json[]).map(({ name }) => name)).toEqual(['second']);
    expect((await site.ask(path, { method: 'PATCH', body: { active: true } })).body).toMatchObject({ active: true, stopped_because: null });
    expect((await site.ask(`${path}/helpdesk/tickets`)).status).toBe(200);
  });

  test('keeps its credentials when the new ones do not work', async () => {
    const path = `/accounts/${site.account('second')}`;
    expect((await site.ask(path, { method: 'PATCH', body: { credentials: { key: 'not-a-key-of-this-desk' } } })).status).toBe(401);
    expect((await site.ask(`${path}/helpdesk/tickets`)).status).toBe(200);
    expect((await site.ask(path, { method: 'PATCH', body: { settings: { find_lag_seconds: 9 } } })).body['settings']).toMatchObject({ find_lag_seconds: 9 });
    expect((await site.ask(path, { method: 'PATCH', body: { name: 'other' } })).body['faults']).toEqual([expect.objectContaining({ path: '/name' })]);
  });

  test('that nothing depends on goes at once, with its tokens', async () => {
    const id = site.account('second');
    const { token } = (await site.ask('/tokens', { body: { name: 'its own', scope: 'account', account_id: id } })).body as { token: string };
    expect((await site.ask(`/accounts/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await site.ask(`/accounts/${id}`)).status).toBe(404);
    expect((await site.ask('/accounts', { token })).status).toBe(401);
  });
});

describe('what the mirror did', () => {
  let link = '';
  let ticket = '';

  test('is read link by link, operation by operation, receipt by receipt', async () => {
    const edges = [['zendesk', 'freshdesk'], ['freshdesk', 'zendesk']].map(([from = '', to = '']) => ({ from, to, terms: { ...USUAL_TERMS, owner: {} } }));
    await site.app.store.accounts.apply([], [{ name: 'both', edges, lenses: {} }]);
    await site.app.roster.refresh(true);
    const zendesk = site.account('zendesk');
    ticket = String((await site.ask(`/accounts/${zendesk}/helpdesk/tickets`, { body: { subject: 'mirrored', description: 'words', requester: { email: 'test@test.com' } } })).body['id']);
    const rawId = Buffer.from(ticket.slice('ticket_'.length), 'base64url').toString();
    await site.app.store.lanes.signal(zendesk, [{ ticketId: rawId, modified_at: null, is_deleted: false, force: false }]);
    const operation = await until(async () => ((await site.ask('/operations?outcome=done')).body['objects'] as Json[])[0], { what: 'an operation' });
    expect(operation).toMatchObject({ kind: 'ticket.create', account: site.account('freshdesk'), outcome: 'done', attempt: 1 });
    link = String(operation['link']);
    const listed = (await site.ask(`/links?account_id=${zendesk}&ticket_id=${ticket}`)).body['objects'] as Json[];
    expect(listed.map(({ id }) => id)).toEqual([link]);
    const { body } = await site.ask(`/links/${link}`);
    expect(body).toMatchObject({ origin: zendesk, alive: true, replicas: [expect.objectContaining({ account: zendesk, ticket }), expect.objectContaining({ account: site.account('freshdesk'), state: 'present' })] });
    expect(body['fields']).toMatchObject({ subject: { value: 'mirrored', from: zendesk } });
    const copy = (body['replicas'] as Json[])[1];
    expect((await site.ask(String(copy?.['href']).slice(`${site.url}/v1`.length))).body).toMatchObject({ subject: 'mirrored' });
    expect((await site.ask('/mirrors/both')).body).toMatchObject({ id: 'both', ways: [{ from: zendesk }, { to: zendesk }] });
    expect((await site.ask(`/operations/${String(operation['id'])}`)).body).toMatchObject({ link });
    expect(((await site.ask(`/operations?link_id=${link}&account_id=${zendesk}`)).body['objects'] as Json[])).toEqual([]);
  });

  test('and what a desk refused is tried again when it is released', async () => {
    site.desk('freshdesk').faults({ kind: 'status', status: 400, method: 'PUT' });
    await site.ask(`/accounts/${site.account('zendesk')}/helpdesk/tickets/${ticket}`, { method: 'PATCH', body: { priority: 'urgent' } });
    const rawId = Buffer.from(ticket.slice('ticket_'.length), 'base64url').toString();
    await site.app.store.lanes.signal(site.account('zendesk'), [{ ticketId: rawId, modified_at: null, is_deleted: false, force: true }]);
    const replica = async (): Promise<Json | undefined> => ((await site.ask(`/links/${link}`)).body['replicas'] as Json[]).find(({ account }) => account === site.account('freshdesk'));
    await until(async () => ((await replica())?.['held'] as Json[]).some(({ refusals }) => Number(refusals) >= 2), { what: 'something held' });
    site.desk('freshdesk').faults({ kind: 'none' });
    const released = await site.ask(`/links/${link}/release`, { method: 'POST' });
    expect(released.status).toBe(200);
    await until(async () => ((await replica())?.['held'] as Json[]).length === 0, { what: 'nothing held' });
    const copy = String((await replica())?.['href']).slice(`${site.url}/v1`.length);
    await until(async () => (await site.ask(copy)).body['priority'] === 'urgent', { what: 'the change on the other desk' });
  });

  test('and a parked webhook is read again', async () => {
    const { id } = await site.app.store.intake.accept({
      account_id: site.account('zendesk'), dedupe: 'parked-1', headers: { 'content-type': 'application/json' }, raw_body: Buffer.from('{"no":"webhook"}'),
      state: 'parked', reason: 'made for a test', ticket_id: null, event: null, snapshot: null,
    });
    expect(((await site.ask('/receipts?state=parked')).body['objects'] as Json[]).map((receipt) => receipt['id'])).toEqual([id]);
    const released = await site.ask(`/receipts/${id}/release`, { method: 'POST' });
    expect([released.status, released.body]).toEqual([200, expect.objectContaining({ id, state: 'parked', body: '{"no":"webhook"}', reason: expect.stringContaining('does not fit') })]);
  });

  test('in the order of their numbers, page by page', async () => {
    for (let n = 0; n < 25; n += 1) {
      await site.app.store.intake.accept({
        account_id: site.account('zendesk'), dedupe: `many-${n}`, headers: {}, raw_body: Buffer.from('{}'), state: 'ignored', reason: 'made for a test', ticket_id: null, event: null, snapshot: null,
      });
    }
    const seen: number[] = [];
    for (let page: string | null = ''; page !== null; ) {
      const { body } = await site.ask(`/receipts?state=ignored&page_size=4${page === '' ? '' : `&page=${encodeURIComponent(page)}`}`);
      seen.push(...(body['objects'] as Json[]).map(({ id }) => Number(id)));
      page = body['next_page'] as string | null;
    }
    expect([seen.length, seen]).toEqual([25, seen.toSorted((a, b) => b - a)]);
  });

  test('shows what depends on an account before that is removed', async () => {
    const path = `/accounts/${site.account('freshdesk')}`;
    const refused = await site.ask(path, { method: 'DELETE' });
    expect(refused.body).toMatchObject({ status_code: 409, error_code: 'conflict', depends: { mirrors: ['both'], links: 1 } });
    expect((await site.ask(`${path}?confirm=something-else`, { method: 'DELETE' })).status).toBe(409);
    expect((await site.ask(`${path}?confirm=freshdesk`, { method: 'DELETE' })).status).toBe(204);
    expect((await site.ask('/mirrors')).body['objects']).toEqual([]);
    expect(((await site.ask(`/links/${link}`)).body['replicas'] as Json[]).map(({ account }) => account)).toEqual([site.account('zendesk')]);
  });
});
