/** Whatever a client sends, a fake desk answers in its vendor's way and never breaks: a break would look like a vendor's outage. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';
import { at, basic, clientOf, type Client } from './sandbox-support.ts';

let desks: Readonly<Record<string, { readonly desk: SandboxDesk; readonly client: Client; readonly id: string }>>;

const CREATE: Readonly<Record<string, readonly [string, object, (body: unknown) => unknown]>> = {
  zendesk: ['/api/v2/tickets', { ticket: { subject: 's', comment: { body: 'b' } } }, (body) => at(body, 'ticket', 'id')],
  freshdesk: ['/api/v2/tickets', { subject: 's', description: 'd', status: 2, priority: 1, email: 'c@example.com' }, (body) => at(body, 'id')],
  helpdesk: ['/helpdesk/api/v1/tickets', { ticket: { subject: 's' } }, (body) => at(body, 'ticket', 'id')],
};

beforeAll(async () => {
  const entries = (await startSandbox()).map(async (desk) => {
    const { service, url, credentials } = desk;
    const headers: Readonly<Record<string, string>> =
      service === 'zendesk'
        ? basic(`${credentials['email'] ?? ''}/token:${credentials['token'] ?? ''}`)
        : service === 'freshdesk'
          ? basic(`${credentials['key'] ?? ''}:X`)
          : { 'x-api-key': credentials['key'] ?? '', 'x-workspace-id': credentials['workspace'] ?? '', authorization: `Bearer ${credentials['key'] ?? ''}` };
    const client = clientOf(url, headers);
    const [path = '', body, idOf] = CREATE[service] ?? [];
    return [service, { desk, client, id: String(idOf?.((await client.call('POST', path, body)).body)) }] as const;
  });
  desks = Object.fromEntries(await Promise.all(entries));
});
afterAll(async () => {
  await Promise.all(Object.values(desks).map(({ desk }) => desk.close()));
});

const KEYS: Readonly<Record<string, readonly string[]>> = {
  zendesk: ['ticket', 'comment', 'body', 'html_body', 'public', 'author_id', 'subject', 'status', 'priority', 'type', 'due_at', 'tags', 'custom_fields', 'id', 'value', 'requester', 'name', 'email', 'assignee_id', 'assignee_email', 'external_id', 'metadata', 'updated_stamp', 'user', 'webhook', 'endpoint', 'subscriptions', 'authentication', '__proto__', 'constructor', 'toString', 'valueOf', 'ключ'],
  freshdesk: ['subject', 'description', 'status', 'priority', 'type', 'tags', 'custom_fields', 'cf_ref', 'cf_plan', 'email', 'requester_id', 'responder_id', 'due_by', 'fr_due_by', 'body', 'private', 'user_id', 'notify_emails', 'cc_emails', 'name', '__proto__', 'constructor', 'toString', 'valueOf', 'ключ'],
  helpdesk: ['ticket', 'subject', 'status', 'priority', 'type', 'assigneeId', 'requesterEmail', 'tags', 'customFields', 'id', 'value', 'webhook', 'name', 'targetUrl', 'events', 'active', '__proto__', 'constructor', 'toString', 'valueOf', 'ключ'],
};
const ROUTES: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  zendesk: [['POST', '/api/v2/tickets'], ['PUT', '/api/v2/tickets/ID'], ['PUT', '/api/v2/tickets/ID/tags'], ['POST', '/api/v2/users/create_or_update'], ['POST', '/api/v2/webhooks']],
  freshdesk: [['POST', '/api/v2/tickets'], ['PUT', '/api/v2/tickets/ID'], ['POST', '/api/v2/tickets/ID/notes'], ['POST', '/api/v2/tickets/ID/reply'], ['POST', '/api/v2/contacts']],
  helpdesk: [['POST', '/helpdesk/api/v1/tickets'], ['PUT', '/helpdesk/api/v1/tickets/ID'], ['POST', '/helpdesk/api/v1/webhooks']],
};
const QUERIES: Readonly<Record<string, readonly string[]>> = {
  zendesk: ['/api/v2/tickets?sort=X&page[size]=X&page[after]=X', '/api/v2/tickets?page=X&per_page=X&external_id=X&include=X', '/api/v2/search?query=X', '/api/v2/incremental/tickets/cursor?cursor=X', '/api/v2/incremental/tickets/cursor?start_time=X', '/api/v2/users/search?query=X', '/api/v2/users/show_many?ids=X', '/api/v2/tickets/X', '/api/v2/tickets/ID/comments?page[before]=X', '/api/v2/webhooks?page[after]=X'],
  freshdesk: ['/api/v2/tickets?page=X', '/api/v2/tickets?order_by=X', '/api/v2/tickets?updated_since=X', '/api/v2/tickets?email=X', '/api/v2/search/tickets?query="X"', '/api/v2/contacts?email=X', '/api/v2/agents?email=X', '/api/v2/tickets/X', '/api/v2/tickets/ID/conversations?page=X'],
  helpdesk: ['/helpdesk/api/v1/tickets?sort_by=X&sort_order=X', '/helpdesk/api/v1/tickets?after=X', '/helpdesk/api/v1/tickets?page[size]=X&page[after]=X', '/helpdesk/api/v1/tickets/X', '/helpdesk/api/v1/ticket_fields/X'],
};
const WORDS = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '0', '-1', 'constructor', '__proto__', '{{ticket.id}}', 'id', 'updated_at', '2026-01-01', 'a@example.com', 'task', 'eyJvIjoxLCJ2IjoyfQ=='));

for (const service of ['zendesk', 'freshdesk', 'helpdesk']) {
  test(`${service}: any body and any query is answered, never with 500`, async () => {
    const found = desks[service];
    if (!found) throw new Error(`no ${service}`);
    const { client, id } = found;
    const scalar = fc.oneof(WORDS, fc.integer(), fc.double(), fc.boolean(), fc.constant(null), fc.constantFrom(2, 3, 8447388091518));
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ depthSize: 'small' }, scalar, fc.array(tie('tree'), { maxLength: 3 }), fc.dictionary(fc.constantFrom(...(KEYS[service] ?? [])), tie('tree'), { maxKeys: 6 })),
    }));
    const request = fc.oneof(
      fc.record({ route: fc.constantFrom(...(ROUTES[service] ?? [])), body: tree }),
      fc.record({ route: fc.constantFrom(...(ROUTES[service] ?? [])), body: fc.dictionary(fc.constantFrom('ticket', 'user', 'webhook'), fc.dictionary(fc.constantFrom(...(KEYS[service] ?? [])), tree)) }),
      fc.record({ route: fc.constantFrom(...(QUERIES[service] ?? [])).map((path) => ['GET', path] as const), body: WORDS }),
    );
    await fc.assert(
      fc.asyncProperty(request, async ({ route: [method, path], body }) => {
        const filled = path.replace('ID', id).replaceAll('X', typeof body === 'string' ? encodeURIComponent(body.toWellFormed()) : '1');
        const answer = await client.call(method, filled, method === 'GET' ? undefined : JSON.stringify(body));
        expect(answer.status).toBeLessThan(500);
      }),
      { numRuns: 400 },
    );
  });
}
