/** What an account's capabilities say holds: each field, filter and order that they name works, and each that they do not is refused or warned about. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connectors } from '../../../src/connectors/index.ts';
import { apiSchemas } from '../../../src/contracts/api.ts';
import { TICKET_ORDERS } from '../../../src/core/capabilities.ts';
import { startSite, type ApiAnswer, type ApiSite } from '../../support/api-site.ts';

type Json = Record<string, unknown>;

interface Told {
  readonly tickets: {
    readonly fields: Readonly<Record<string, { readonly read: boolean; readonly write: 'always' | 'create' | 'update' | 'never' }>>;
    readonly list: { readonly filters: readonly string[]; readonly order_by: readonly string[] };
  };
}

const SERVICES = Object.keys(connectors);
const REQUESTER = { email: 'test@test.com' };
const AGENT = 'ann@example.com';

let site: ApiSite;
beforeAll(async () => {
  site = await startSite();
});
afterAll(() => site?.close());

const account = (service: string, rest = ''): string => `/accounts/${site.account(service)}${rest}`;
const list = (service: string, query: string): Promise<ApiAnswer> => site.ask(account(service, `/helpdesk/tickets${query}`));

describe.each(SERVICES)('%s', (service) => {
  let told: Told;
  beforeAll(async () => {
    const answer = await site.ask(account(service, '/capabilities/'));
    expect([answer.status, apiSchemas().validator('capabilities')(answer.body)]).toEqual([200, []]);
    told = answer.body as unknown as Told;
  });

  test('holds the fields that it says it takes, and warns of every other one', async () => {
    const asked: Json = {
      subject: 'all that there is', description: 'words', priority: 'urgent', status: 'pending', tags: ['one', 'two'], due_at: '2030-08-25T19:50:31Z',
      requester: REQUESTER, assignee: AGENT, submitter: '1', email_ccs: [{ email: 'copy@test.com' }], followers: [{ email: 'ben@example.com' }],
    };
    const { status, body, text } = await site.ask(account(service, '/helpdesk/tickets'), { body: asked });
    if (status !== 201) throw new Error(text);
    const warned = new Set((body['warnings'] as Json[]).map(({ field }) => field));
    const taken = (name: string): boolean => ['always', 'create'].includes(told.tickets.fields[name]?.write ?? 'never');
    for (const name of Object.keys(asked)) if (!taken(name)) expect([name, warned.has(name)]).toEqual([name, true]);
    for (const name of ['subject', 'priority', 'status'].filter(taken)) expect([name, body[name]]).toEqual([name, asked[name]]);
    if (taken('tags')) expect(body['tags']).toEqual(expect.arrayContaining(['one', 'two']));
    if (taken('assignee')) expect([warned.has('assignee'), body['assignee']]).toEqual([false, expect.any(String)]);
    // What it can read is never left out, and what it cannot is null.
    for (const [name, { read }] of Object.entries(told.tickets.fields)) if (!read) expect([name, body[name] ?? null]).toEqual([name, null]);
  });

  test('lists by the filters and in the orders that it names, and refuses the others by name', async () => {
    const tickets: readonly Json[] = [{ priority: 'low' }, { priority: 'urgent', assignee: AGENT }, { status: 'pending' }];
    for (const more of tickets) await site.ask(account(service, '/helpdesk/tickets'), { body: { subject: 'filtered', description: 'x', requester: REQUESTER, ...more } });
    const fits: Readonly<Record<string, readonly [value: string, fit: (ticket: Json) => boolean]>> = {
      status: ['pending', ({ status }) => status === 'pending'],
      priority: ['urgent', ({ priority }) => priority === 'urgent'],
      assignee: [AGENT, ({ assignee }) => assignee !== null],
      modified_after: ['2020-01-01T00:00:00+01:00', ({ modified_at: at }) => Date.parse(String(at)) > Date.parse('2020-01-01')],
    };
    const all = (await list(service, '')).body['objects'] as Json[];
    for (const [name, [value, fit]] of Object.entries(fits)) {
      const answer = await list(service, `?${name}=${encodeURIComponent(value)}`);
      if (!told.tickets.list.filters.includes(name)) {
        expect(answer.body).toMatchObject({ status_code: 501, error_code: 'not_implemented', capability: `tickets.list.filters.${name}` });
        continue;
      }
      const found = answer.body['objects'] as Json[];
      expect([name, found.map(({ id }) => id).sort()]).toEqual([name, all.filter(fit).map(({ id }) => id).sort()]);
      expect(found.length).toBeGreaterThan(0);
    }
    for (const order of TICKET_ORDERS) {
      const answer = await list(service, `?order_by=${order}`);
      if (!told.tickets.list.order_by.includes(order)) {
        expect(answer.body).toMatchObject({ status_code: 501, error_code: 'not_implemented', capability: `tickets.list.order_by.${order}` });
        continue;
      }
      const field = order.replace('-', '');
      const times = (answer.body['objects'] as Json[]).map((ticket) => Date.parse(String(ticket[field])));
      expect([order, times]).toEqual([order, times.toSorted((a, b) => (order.startsWith('-') ? b - a : a - b))]);
    }
  });
});

test('an agent is named by the desk’s own id where the desk cannot be told of them by e-mail', async () => {
  const { url, human } = site.desk('helpdesk');
  const { id } = (await site.ask('/accounts', { body: { name: 'plain', service: 'helpdesk', url, credentials: human, settings: { description_field: 'cf_description' } } })).body;
  const { body: can } = await site.ask(`/accounts/${String(id)}/capabilities`);
  expect((can as unknown as Told).tickets.fields['assignee']?.write).toBe('never');
  const create = async (assignee: string): Promise<Json> => (await site.ask(`/accounts/${String(id)}/helpdesk/tickets`, { body: { subject: 'x', description: 'x', requester: REQUESTER, assignee } })).body;
  expect(await create('usr_abc123')).toMatchObject({ assignee: 'usr_abc123', warnings: [] });
  expect(await create(AGENT)).toMatchObject({ assignee: null, warnings: [{ field: 'assignee', reason: expect.any(String) }] });
});
