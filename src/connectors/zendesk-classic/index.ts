/** Zendesk classic: the v1 XML API of 2007 to 2013, and URL targets as its webhooks. */
import type { TicketFields } from '../../core/model.ts';
import type { About, Account, Capabilities, CommentAlong, Connector, Desk, FileSource } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import credentialsSchema from '../../../schemas/desks/zendesk-classic/credentials.schema.json' with { type: 'json' };
import webhooksSchema from '../../../schemas/desks/zendesk-classic/webhooks.schema.json' with { type: 'json' };
import { safely } from '../kit/failure.ts';
import { CALL_TIMEOUT_MS, openHttp, type Http } from '../kit/http.ts';
import { openPass } from '../kit/pass.ts';
import { openClient } from './client.ts';
import { complaints } from './complaints.ts';
import { FILES_TIMEOUT_MS } from './files.ts';
import { hookOf } from './hooks.ts';
import { forecastComment, hold } from './map.ts';
import { holdRequest, openRequests } from './requests.ts';
import { settingsOf, settingsSchema, workable, type Settings } from './settings.ts';
import { tweetIn } from './tweet.ts';
import { FORMATS, read } from './webhook.ts';

/** Up to four looks come before a write. */
const PATIENCE = { call: 12_000, look: 2_000 };

const about: About = {
  service: 'zendesk-classic',
  title: 'Zendesk classic (XML API)',
  credentials: credentialsSchema,
  settings: settingsSchema,
  webhooks: webhooksSchema,
  // A target that fails too often is switched off.
  misfitStatus: 202,
  signature: (settings) =>
    settingsOf(settings).webhook_user === undefined ? { scheme: 'url-token' } : { scheme: 'header-token', header: 'authorization' },
  once:
    'This API knows no idempotency key. A ticket carries a tag (or an external id, or for end users the last line of its description), a comment its last line; before anything is sent again, the mark is looked for: through the view, and among the ticket’s comments. Should a write take effect only after that look, it is there twice; and a comment cannot be taken back.',
  sample: { url: 'https://acme.zendesk.com', credentials: { email: 'bot@acme.example', token: '0' }, settings: { view: 4001, view_order: 'updated' } },
};

function capabilities(settings: Settings): Capabilities {
  const agent = settings.mode === 'agent';
  return {
    reads: agent
      ? ['subject', 'description', 'status', 'priority', 'ticket_type', 'tags', 'requester', 'assignee', 'public', 'custom_properties', 'group', 'company', 'submitter']
      : ['subject', 'description', 'public', 'company'],
    fields: agent
      ? {
          subject: 'always', description: 'create', status: 'always', priority: 'always', ticket_type: 'always', tags: 'always',
          requester: 'always', assignee: 'always', group: 'always', custom_properties: 'always',
        }
      : { subject: 'create', description: 'create' },
    comments: {
      list: true,
      create: true,
      private: agent,
      edit: false,
      delete: false,
      makePrivate: false,
      keyVisible: true,
      listLagMs: settings.list_lag_seconds * 1000,
      maxBytes: settings.max_comment_bytes,
      withUpdate: agent && settings.comment_with_update,
    },
    files: {
      read: true,
      ticket: true,
      comment: true,
      inline: false,
      maxBytes: settings.max_file_bytes,
      maxTotalBytes: settings.max_file_bytes * 10,
      callTimeoutMs: FILES_TIMEOUT_MS + CALL_TIMEOUT_MS,
    },
    lists: { filters: [], orders: [], pages: 'repeat' },
    tickets: {
      delete: 'hard',
      restore: false,
      keyVisible: true,
      findLagMs: settings.find_lag_seconds * 1000,
      idempotentCreateMs: 0,
      closedIsFinal: true,
      followUp: false,
      changesTellDeletes: false,
    },
    snapshots: false,
    callTimeoutMs: CALL_TIMEOUT_MS,
  };
}

function connect(account: Account, world: World): Desk {
  const settings = workable(account);
  const { email = '', token, password = '' } = account.credentials;
  const basic = Buffer.from(token === undefined ? `${email}:${password}` : `${email}/token:${token}`).toString('base64');
  const who = { authorization: `Basic ${basic}`, ...(settings.on_behalf_of !== undefined && { 'x-on-behalf-of': settings.on_behalf_of }) };
  const shared = {
    service: 'zendesk-classic',
    base: account.url,
    secrets: [...Object.values(account.credentials), basic, account.hook_token, ...account.inbound_secrets],
    world,
  };
  const http = openHttp({ ...shared, headers: { ...who, accept: 'application/xml, text/xml, application/json' }, complaints, patience: PATIENCE });
  const both: Both = {
    pass: safely(openPass({ ...shared, headersFor: () => who })),
    page: (id) => `${account.url}/tickets/${encodeURIComponent(id)}`,
    ensureWebhook: safely((url: string) => Promise.resolve(hookOf(account, url))),
  };
  return settings.mode === 'agent' ? agentDesk(http, settings, world, both) : endUserDesk(http, settings, world, both, settings.on_behalf_of ?? email);
}

/** What is the same for agents and end users. */
type Both = Pick<Desk, 'pass' | 'page' | 'ensureWebhook'>;

function agentDesk(http: Http, settings: Settings, world: World, both: Both): Desk {
  const client = openClient(http, settings, world);
  return {
    can: capabilities(settings),
    learn: safely(() => client.learn()),
    forecast: (fields: TicketFields) => hold(tweetIn(fields)?.fields ?? fields, client.words).held,
    forecastComment,
    getTicket: safely((id: string) => client.getTicket(id)),
    listTickets: safely((page: string | null) => client.listTickets(page)),
    listComments: safely((id: string) => client.listComments(id)),
    changes: safely((cursor: string | null, since: number) => client.changes(cursor, since)),
    budget: () => http.budget(),
    raw: (of) => client.raw(of),
    download: safely((attachment) => client.download(attachment)),
    createTicket: safely((fields: TicketFields, key: string, files?: readonly FileSource[]) => client.createTicket(fields, key, files)),
    updateTicket: safely((id: string, patch: TicketFields, _key: string, along?: CommentAlong) => client.updateTicket(id, patch, along)),
    deleteTicket: safely((id: string) => client.deleteTicket(id)),
    createComment: safely((id: string, draft, key: string, files?: readonly FileSource[]) => client.createComment(id, draft, key, files)),
    find: safely((key: string, hint) => client.find(key, hint.sentAt)),
    ...both,
    check: safely(() => client.check()),
  };
}

function endUserDesk(http: Http, settings: Settings, world: World, both: Both, email: string): Desk {
  const client = openRequests(http, settings, world);
  return {
    can: capabilities(settings),
    forecast: (fields: TicketFields) => holdRequest(fields).held,
    forecastComment,
    getTicket: safely((id: string) => client.getTicket(id)),
    listTickets: safely((page: string | null) => client.listTickets(page)),
    listComments: safely((id: string) => client.listComments(id)),
    changes: safely((cursor: string | null, since: number) => client.changes(cursor, since)),
    budget: () => http.budget(),
    raw: (of) => client.raw(of),
    download: safely((attachment) => client.download(attachment)),
    createTicket: safely((fields: TicketFields, key: string, files?: readonly FileSource[]) => client.createTicket(fields, key, files)),
    updateTicket: safely((id: string, patch: TicketFields) => client.updateTicket(id, patch)),
    deleteTicket: safely((id: string) => client.deleteTicket(id)),
    createComment: safely((id: string, draft, key: string, files?: readonly FileSource[]) => client.createComment(id, draft, key, files)),
    find: safely((key: string, hint) => client.find(key, hint.sentAt)),
    ...both,
    check: safely(() => client.check(email)),
  };
}

export const zendeskClassic: Connector = { about, formats: FORMATS, read, connect };
