/** Whatever a client sends, a fake desk answers in its vendor's way and never breaks: a break would look like a vendor's outage. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { startSandbox, type SandboxDesk } from '../../src/sandbox/index.ts';
import { at, basic, clientOf, type Client } from './sandbox-support.ts';

let desks: Readonly<Record<string, { readonly desk: SandboxDesk; readonly client: Client; readonly id: string }>>;

const CREATE: Readonly<Record<string, readonly [string, object, (body: unknown, headers: Headers) => unknown]>> = {
  'zendesk-classic': ['/tickets.json', { ticket: { subject: 's', description: 'd' } }, (_body, headers) => headers.get('location')?.replace('.xml', '')],
  zendesk: ['/api/v2/tickets', { ticket: { subject: 's', comment: { body: 'b' } } }, (body) => at(body, 'ticket', 'id')],
  freshdesk: ['/api/v2/tickets', { subject: 's', description: 'd', status: 2, priority: 1, email: 'c@example.com' }, (body) => at(body, 'id')],
  helpdesk: ['/helpdesk/api/v1/tickets', { ticket: { subject: 's' } }, (body) => at(body, 'ticket', 'id')],
  helpspace: ['/api/v1/tickets', { subject: 's', channel: { id: 1 }, from_contact: { email: 'c@example.com' }, message: { body: 'b' } }, (body) => at(body, 'data', 'id')],
};

beforeAll(async () => {
  const entries = (await startSandbox()).map(async (desk) => {
    const { service, url, credentials } = desk;
    const headers: Readonly<Record<string, string>> =
      service === 'zendesk' || service === 'zendesk-classic'
        ? basic(`${credentials['email'] ?? ''}/token:${credentials['token'] ?? ''}`)
        : service === 'freshdesk'
          ? basic(`${credentials['key'] ?? ''}:X`)
          : service === 'helpspace'
            ? { authorization: `Bearer ${credentials['token'] ?? ''}`, 'hs-client-id': credentials['client_id'] ?? '' }
            : { 'x-api-key': credentials['key'] ?? '', 'x-workspace-id': credentials['workspace'] ?? '', authorization: `Bearer ${credentials['key'] ?? ''}` };
    const client = clientOf(url, headers);
    const [path = '', body, idOf] = CREATE[service] ?? [];
    const made = await client.call('POST', path, body);
    return [service, { desk, client, id: String(idOf?.(made.body, made.headers)) }] as const;
  });
  desks = Object.fromEntries(await Promise.all(entries));
});
afterAll(async () => {
  await Promise.all(Object.values(desks).map(({ desk }) => desk.close()));
});

const KEYS: Readonly<Record<string, readonly string[]>> = {
  'zendesk-classic': ['ticket', 'comment', 'subject', 'description', 'status_id', 'priority_id', 'ticket_type_id', 'requester_id', 'requester_name', 'requester_email', 'assignee_id', 'group_id', 'external_id', 'set_tags', 'additional_tags', 'remove_tags', 'ticket_field_entries', 'ticket_field_id', 'value', 'is_public', 'uploads', 'twitter_status_message_id', 'monitored_twitter_handle_id', 'user', 'name', 'email', 'roles', '__proto__', 'constructor', 'toString', 'valueOf', 'ключ'],
  zendesk: ['ticket', 'comment', 'body', 'html_body', 'public', 'author_id', 'subject', 'status', 'priority', 'type', 'due_at', 'tags', 'custom_fields', 'id', 'value', 'requester', 'name', 'email', 'assignee_id', 'assignee_email', 'external_id', 'metadata', 'updated_stamp', 'user', 'webhook', 'endpoint', 'subscriptions', 'authentication', 'tickets', 'ids', 'email_ccs', 'followers', 'collaborators', 'user_id', 'user_email', 'action', 'uploads', 'group_id', 'organization_id', 'custom_status_id', 'problem_id', 'via_followup_source_id', 'comments', 'request', 'trigger', 'conditions', 'all', 'actions', 'field', 'text', '__proto__', 'constructor', 'toString', 'valueOf', 'ключ'],
  freshdesk: ['subject', 'description', 'status', 'priority', 'type', 'tags', 'custom_fields', 'cf_ref', 'cf_plan', 'email', 'requester_id', 'responder_id', 'due_by', 'fr_due_by', 'body', 'private', 'user_id', 'notify_emails', 'cc_emails', 'name', '__proto__', 'constructor', 'toString', 'valueOf', 'ключ'],
  helpdesk: ['ticket', 'subject', 'status', 'priority', 'type', 'assigneeId', 'requesterEmail', 'tags', 'customFields', 'id', 'value', 'webhook', 'name', 'targetUrl', 'events', 'active', '__proto__', 'constructor', 'toString', 'valueOf', 'ключ'],
  helpspace: ['subject', 'channel', 'from_contact', 'status', 'assignee', 'team', 'tags', 'custom_fields', 'plan', 'seats', 'platforms', 'message', 'body', 'attachments', 'name', 'file_name', 'mime_type', 'data', 'email', 'id', 'type', 'to', 'cc', 'created_at', 'skip_rules', 'color', 'domain', 'webhooks', 'url', 'enabled', 'headers', 'key', 'value', 'trigger', '__proto__', 'constructor', 'toString', 'valueOf', 'ключ'],
};
const ROUTES: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  'zendesk-classic': [['POST', '/tickets.json'], ['PUT', '/tickets/ID.json'], ['POST', '/requests.json'], ['PUT', '/requests/ID.json'], ['POST', '/users.json'], ['POST', '/tickets.xml'], ['POST', '/uploads.json?filename=X']],
  zendesk: [['POST', '/api/v2/tickets'], ['PUT', '/api/v2/tickets/ID'], ['PUT', '/api/v2/tickets/ID/tags'], ['POST', '/api/v2/users/create_or_update'], ['POST', '/api/v2/webhooks'], ['POST', '/api/v2/tickets/create_many'], ['PUT', '/api/v2/tickets/update_many?ids=ID'], ['POST', '/api/v2/tickets/ID/merge'], ['POST', '/api/v2/imports/tickets'], ['POST', '/api/v2/requests'], ['POST', '/api/v2/ticket_fields'], ['POST', '/api/v2/custom_statuses'], ['POST', '/api/v2/organizations'], ['POST', '/api/v2/groups'], ['POST', '/api/v2/triggers'], ['POST', '/oauth/tokens'], ['POST', '/api/v2/oauth/tokens'], ['PUT', '/api/v2/comment_redactions/ID']],
  freshdesk: [['POST', '/api/v2/tickets'], ['PUT', '/api/v2/tickets/ID'], ['POST', '/api/v2/tickets/ID/notes'], ['POST', '/api/v2/tickets/ID/reply'], ['POST', '/api/v2/contacts']],
  helpdesk: [['POST', '/helpdesk/api/v1/tickets'], ['PUT', '/helpdesk/api/v1/tickets/ID'], ['POST', '/helpdesk/api/v1/webhooks']],
  helpspace: [['POST', '/api/v1/tickets'], ['PATCH', '/api/v1/tickets/ID'], ['POST', '/api/v1/tickets/ID/messages'], ['POST', '/api/v1/tags'], ['POST', '/api/v1/customers'], ['POST', '/api/v1/organizations'], ['POST', '/api/v1/webhook']],
};
const QUERIES: Readonly<Record<string, readonly string[]>> = {
  'zendesk-classic': ['/tickets/X.xml', '/rules/X.xml', '/rules/4001.xml?page=X', '/requests.xml?filter=X&page=X', '/requests/X.json', '/users.xml?query=X&role=X&page=X', '/users/X.xml', '/users/X/user_identities.xml', '/groups/X.xml', '/organizations/X.json', '/attachments/token/X/?name=X', '/X.xml'],
  zendesk: ['/api/v2/tickets?sort=X&page[size]=X&page[after]=X', '/api/v2/tickets?page=X&per_page=X&external_id=X&include=X', '/api/v2/search?query=X', '/api/v2/incremental/tickets/cursor?cursor=X', '/api/v2/incremental/tickets/cursor?start_time=X', '/api/v2/users/search?query=X', '/api/v2/users/show_many?ids=X', '/api/v2/tickets/X', '/api/v2/tickets/ID/comments?page[before]=X', '/api/v2/webhooks?page[after]=X', '/api/v2/search/export?filter[type]=ticket&query=X&page[after]=X', '/api/v2/ticket_audits?cursor=X', '/api/v2/incremental/ticket_events?start_time=X', '/api/v2/tickets/ID/audits?page[size]=X', '/api/v2/organizations/search?name=X', '/api/v2/attachments/X', '/attachments/token/X', '/api/v2/suspended_tickets/X', '/api/v2/requests/X', '/api/v2/users/X/identities', '/api/v2/job_statuses/X', '/oauth/authorizations/new?response_type=code&client_id=X&redirect_uri=X'],
  freshdesk: ['/api/v2/tickets?page=X', '/api/v2/tickets?order_by=X', '/api/v2/tickets?updated_since=X', '/api/v2/tickets?email=X', '/api/v2/search/tickets?query="X"', '/api/v2/contacts?email=X', '/api/v2/agents?email=X', '/api/v2/tickets/X', '/api/v2/tickets/ID/conversations?page=X'],
  helpdesk: ['/helpdesk/api/v1/tickets?sort_by=X&sort_order=X', '/helpdesk/api/v1/tickets?after=X', '/helpdesk/api/v1/tickets?page[size]=X&page[after]=X', '/helpdesk/api/v1/tickets/X', '/helpdesk/api/v1/ticket_fields/X'],
  helpspace: ['/api/v1/tickets?page=X&per-page=X', '/api/v1/tickets?status[]=X&tags[]=X&teams[]=X&assignees[]=X', '/api/v1/tickets?body[]=X&contacts[]=X&organizations[]=X', '/api/v1/tickets?created-between=X', '/api/v1/tickets/X', '/api/v1/tickets/ID/messages?types[]=X&additional-types[]=X', '/api/v1/tickets/ID/messages/X', '/api/v1/media/inline/X/X', '/api/v1/customers/X', '/api/v1/webhook/logs'],
};
const WORDS = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '0', '-1', 'constructor', '__proto__', '{{ticket.id}}', 'id', 'updated_at', '2026-01-01', 'a@example.com', 'task', 'eyJvIjoxLCJ2IjoyfQ=='));

for (const service of ['zendesk', 'freshdesk', 'helpdesk', 'helpspace', 'zendesk-classic']) {
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
      fc.record({ route: fc.constantFrom(...(ROUTES[service] ?? [])), body: fc.dictionary(fc.constantFrom('ticket', 'user', 'webhook', 'request', 'trigger', 'ticket_field', 'organization'), fc.dictionary(fc.constantFrom(...(KEYS[service] ?? [])), tree)) }),
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
