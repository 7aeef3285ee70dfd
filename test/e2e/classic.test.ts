/** A classic Zendesk and a Freshdesk, mirrored both ways by the whole app: forms as webhooks, XML as API, comments without ids. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startApp, type App } from '../../src/app.ts';
import { desiredOf } from '../../src/cli/desired.ts';
import { readConfig } from '../../src/config.ts';
import { USUAL_TERMS } from '../../src/core/rules.ts';
import { startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';
import { createWorld } from '../../src/world.ts';
import { at, basic, clientOf, list, type Client } from '../contract/sandbox-support.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

const TARGET = { webhook_user: 'deskmesh', webhook_secret: 'the-password-of-the-target' };
const RULE = 'the-secret-of-the-rule!!';
let database: TestDatabase;
let app: App;
let classic: SandboxDesk;
let freshdesk: SandboxDesk;
let ann: Client;
let fred: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  [freshdesk, classic] = (await startSandbox({ only: ['freshdesk', 'zendesk-classic'] })) as [SandboxDesk, SandboxDesk];
  const env = { PORT: '0', DATABASE_URL: database.url, SECRET_KEY: 'a key that only tests are sealed with', API_TOKEN: 'a-token-that-only-tests-are-let-in-with', SWEEP_SECONDS: '3600' };
  const { config, secrets } = readConfig(env);
  app = await startApp({ config, secrets, world: createWorld({ level: 'silent' }) });
  const accounts = [
    { name: 'old', service: 'zendesk-classic', url: classic.url, credentials: { ...classic.credentials, webhook_secret: TARGET.webhook_secret }, settings: { view: 4001, view_order: 'updated', webhook_user: TARGET.webhook_user } },
    { name: 'new', service: 'freshdesk', url: freshdesk.url, credentials: { ...freshdesk.credentials, webhook_secret: RULE }, settings: { webhook_header: 'X-Deskmesh-Secret' } },
  ];
  const ways = [['old', 'new'], ['new', 'old']].map(([from = '', to = '']) => ({ from, to, terms: { ...USUAL_TERMS, owner: {} } }));
  const hooks = await app.apply(desiredOf({ accounts, mirrors: [{ name: 'both', ways, lenses: {} }], automations: [] }));
  const urlOf = (service: string): string => hooks.find((hook) => hook.service === service)?.hook_url ?? '';
  ann = clientOf(classic.url, basic(`${classic.human['email'] ?? ''}/token:${classic.human['token'] ?? ''}`));
  fred = clientOf(freshdesk.url, basic(`${freshdesk.human['key'] ?? ''}:X`));
  await ann.call('POST', '/__sandbox/webhook', { url: urlOf('zendesk-classic'), secret: TARGET.webhook_secret });
  await fred.call('POST', '/__sandbox/webhook', { url: urlOf('freshdesk'), secret: RULE });
});
afterAll(async () => {
  await app.stop();
  await classic.close();
  await freshdesk.close();
  await database.drop();
});

const ticketOf = (desk: SandboxDesk, subject: string): unknown => list(desk.state(), 'tickets').find((ticket) => at(ticket, 'subject') === subject);
/** On both desks comments end up as words and whether a customer sees them; the mark of ours is left out. */
const said = (desk: SandboxDesk, subject: string): readonly (readonly [string, boolean])[] =>
  list(ticketOf(desk, subject) ?? { comments: [] }, 'comments')
    .slice(desk === classic ? 1 : 0)
    .map((comment): readonly [string, boolean] => [String(at(comment, 'value') ?? at(comment, 'body_text')).replace(/\s*dm-[a-z2-7]{16}\s*$/, '').replace(/\s+/g, ' ').trim(), at(comment, 'is_public') === true || at(comment, 'private') === false]);
const write = (method: string, path: string, xml: string): Promise<{ readonly status: number; readonly headers: Headers }> => ann.call(method, path, xml, { 'content-type': 'application/xml' });

test('a ticket of the classic desk is on the other one, with its comments, private ones private, each once', async () => {
  const made = await write('POST', '/tickets.xml', '<ticket><subject>Printer</subject><description>On fire &amp; smoking {{ticket.id}} ]]&gt;</description><requester-name>Carla</requester-name><requester-email>carla@customer.example</requester-email><priority-id>4</priority-id><set-tags>hardware vip</set-tags></ticket>');
  const id = (made.headers.get('location') ?? '').replace('.xml', '');
  await until(() => ticketOf(freshdesk, 'Printer'), { what: 'the ticket' });
  expect(ticketOf(freshdesk, 'Printer')).toMatchObject({ priority: 4, description_text: 'On fire & smoking {{ticket.id}} ]]>', tags: expect.arrayContaining(['hardware', 'vip']) });
  await write('PUT', `/tickets/${id}.xml`, '<comment><is-public>false</is-public><value>Between us</value></comment>');
  await write('PUT', `/tickets/${id}.xml`, '<comment><is-public>true</is-public><value>We are on it</value></comment>');
  await until(() => said(freshdesk, 'Printer').length === 2, { what: 'two comments' });
  expect(said(freshdesk, 'Printer').map(([words, visible]) => [words.replace(/^.*?: ?/, ''), visible])).toEqual([['Between us', false], ['We are on it', true]]);
});

test('what people do on the other desk arrives in XML, and comes back as nobody’s change', async () => {
  const ticket = ticketOf(freshdesk, 'Printer');
  await fred.call('POST', `/api/v2/tickets/${String(at(ticket, 'id'))}/notes`, { body: '<p>Seen from <b>here</b> 😀</p>', private: true });
  await fred.call('PUT', `/api/v2/tickets/${String(at(ticket, 'id'))}`, { status: 4, priority: 1 });
  await until(() => at(ticketOf(classic, 'Printer'), 'status_id') === 3 && said(classic, 'Printer').length === 3, { what: 'the answer' });
  expect(at(ticketOf(classic, 'Printer'), 'priority_id')).toBe(1);
  expect(said(classic, 'Printer')[2]).toEqual([expect.stringMatching(/Seen from here 😀$/), false]);
  await quiet();
  expect([said(classic, 'Printer').length, said(freshdesk, 'Printer').length]).toEqual([3, 3]);
});

test('a ticket of the other desk is made once, though the answer to its creation is lost', async () => {
  classic.faults({ kind: 'lost-response', method: 'POST', path: '/tickets.xml', times: 1 });
  await fred.call('POST', '/api/v2/tickets', { subject: 'Scanner', description: '<p>It scans <i>nothing</i></p>', status: 2, priority: 2, email: 'carla@customer.example' });
  await until(() => ticketOf(classic, 'Scanner'), { what: 'the ticket' });
  await quiet();
  const copies = list(classic.state(), 'tickets').filter((ticket) => at(ticket, 'subject') === 'Scanner');
  expect(copies).toHaveLength(1);
  expect(copies[0]).toMatchObject({ description: 'It scans nothing', priority_id: 2, tags: [expect.stringMatching(/^dm-/)] });
});

/** Until neither desk has anything on its way, and neither is written to any more. */
async function quiet(): Promise<void> {
  let before = '';
  await until(
    () => {
      const counts = [classic, freshdesk].map((desk) => [at(desk.state(), 'write_count'), at(desk.state(), 'deliveries', 'waiting')]);
      const now = JSON.stringify(counts);
      const still = now === before && counts.every(([, waiting]) => waiting === 0);
      before = now;
      return still;
    },
    { everyMs: 250, what: 'quiet' },
  );
}
