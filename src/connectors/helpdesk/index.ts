/** Helpdesk (Airclou): tickets by API key, messages by a user's session. */
import type { Attachment, CommentDraft, TicketFields, Writable } from '../../core/model.ts';
import {
  DeskFailure, type About, type Account, type Capabilities, type Connector, type Desk, type Download, type FileSource, type SignatureScheme, type TicketQuery,
} from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import credentialsSchema from '../../../schemas/desks/helpdesk/credentials.schema.json' with { type: 'json' };
import webhooksSchema from '../../../schemas/desks/helpdesk/webhooks.schema.json' with { type: 'json' };
import { hookByHand } from '../kit/by-hand.ts';
import { safely } from '../kit/failure.ts';
import { CALL_TIMEOUT_MS, openHttp, type Http } from '../kit/http.ts';
import { openClient } from './client.ts';
import { openPass } from '../kit/pass.ts';
import { complaintsWith } from './complaints.ts';
import { ensureWebhook } from './hooks.ts';
import { hold } from './map.ts';
import { forecastComment } from './message-map.ts';
import { settingsOf, settingsSchema, type Settings } from './settings.ts';
import { read } from './webhook.ts';

const about: About = {
  service: 'helpdesk',
  title: 'Helpdesk',
  credentials: credentialsSchema,
  settings: settingsSchema,
  webhooks: webhooksSchema,
  misfitStatus: 422,
  signature: (settings) => signatureOf(settingsOf(settings).signature),
  once:
    'Helpdesk honours no key of ours. A ticket carries a mark as a tag, which is looked up in the list before a create is sent again; ' +
    'a message carries it as its last line, which is looked up among the ticket’s messages. If somebody takes the tag off, or deletes the ticket, before the ' +
    'answer to a lost create was looked for, the ticket is made a second time; a first message that holds the description is sent once and, if its answer is lost, never again.',
  sample: {
    url: 'https://app.airclou.com',
    credentials: { key: 'aclou_0', workspace: 'ws_0', session_token: 'header.payload.signature' },
    settings: { agents: { 'ann@acme.example': 'usr_abc123' }, description_field: 'cf_description' },
  },
};

function signatureOf({ scheme, header, encoding, prefix, timestampHeader, toleranceSec }: Settings['signature']): SignatureScheme {
  switch (scheme) {
    case 'hmac':
      return {
        scheme,
        header: header.toLowerCase(),
        encoding,
        prefix,
        signed: timestampHeader === null ? 'body' : 'timestamp+body',
        timestampHeader: timestampHeader?.toLowerCase() ?? null,
        toleranceSec,
      };
    case 'header-token':
      return { scheme, header: header.toLowerCase() };
    case 'stripe':
      return { scheme, header: header.toLowerCase(), toleranceSec };
    case 'standard-webhooks':
    case 'url-token':
    case 'none':
      return { scheme };
  }
}

function capabilities(settings: Settings, withMessages: boolean): Capabilities {
  const always: Writable = 'always';
  const inField = settings.description_field !== undefined;
  const inMessage = !inField && settings.description_message && withMessages;
  return {
    reads: [
      'subject', 'status', 'priority', 'ticket_type', 'tags', 'public', 'requester', 'assignee', 'custom_properties',
      ...(inField || inMessage ? (['description'] as const) : []),
      ...(inMessage ? (['email_ccs'] as const) : []),
    ],
    fields: {
      subject: always,
      status: always,
      priority: always,
      ticket_type: always,
      tags: always,
      custom_properties: always,
      requester: 'create',
      ...(settings.agents !== undefined && { assignee: always }),
      ...(inField && { description: always }),
      ...(inMessage && { description: 'create', email_ccs: 'create' }),
    },
    comments: {
      list: withMessages,
      create: withMessages,
      private: withMessages,
      edit: false,
      delete: false,
      makePrivate: false,
      keyVisible: withMessages,
      listLagMs: settings.list_lag_seconds * 1000,
      maxBytes: settings.max_comment_bytes,
      withUpdate: false,
    },
    // A message takes files by token, and how a token is had is not documented.
    files: { read: withMessages, ticket: false, comment: false, inline: false, maxBytes: 0, maxTotalBytes: 0, callTimeoutMs: 0 },
    // A list by time of change would lose what is changed while it is read.
    lists: { filters: ['status', 'priority', 'assignee'], orders: ['created_at', '-created_at'] },
    tickets: {
      delete: 'hard',
      restore: false,
      keyVisible: true,
      findLagMs: settings.find_lag_seconds * 1000,
      idempotentCreateMs: 0,
      closedIsFinal: false,
      followUp: false,
      changesTellDeletes: false,
    },
    snapshots: !settings.description_message,
    // Where the description is a message, a create is two writes.
    callTimeoutMs: inMessage ? 2 * CALL_TIMEOUT_MS : CALL_TIMEOUT_MS,
  };
}

function connect(account: Account, world: World): Desk {
  const settings = settingsOf(account.settings);
  const { key = '', workspace = '', session_token: token } = account.credentials;
  const base = `${account.url}/helpdesk/api`;
  const secrets = [key, token ?? '', account.credentials.webhook_secret ?? '', account.hook_token, ...account.inbound_secrets];
  const as = (bearer: string): Readonly<Record<string, string>> => ({ authorization: `Bearer ${bearer}`, 'x-workspace-id': workspace });
  const speaking = (bearer: string): Http =>
    openHttp({
      service: 'helpdesk',
      base,
      headers: as(bearer),
      secrets,
      complaints: complaintsWith(settings.description_field),
      world,
    });
  const http = speaking(key);
  const session = token === undefined ? null : speaking(token);
  const client = openClient({ http, session, settings, workspace, home: account.url, world });
  return {
    can: capabilities(settings, session !== null),
    learn: safely(() => client.learn()),
    forecast: (fields: TicketFields) => hold(fields, client.words()).held,
    forecastComment,
    getTicket: safely((id: string) => client.getTicket(id)),
    listTickets: safely((page: string | null, query?: TicketQuery) => client.listTickets(page, query)),
    listComments: safely((id: string, page: string | null) => client.messages.list(id, page)),
    changes: safely((cursor: string | null, since: number) => client.changes(cursor, since)),
    budget: () => http.budget(),
    raw: (of) => client.raw(of),
    // The public API is the key's; everything else is for users.
    pass: safely(openPass({ service: 'helpdesk', base, headersFor: (path) => as(token === undefined || path.startsWith('/helpdesk/api/v1/') ? key : token), secrets, world })),
    download: safely(async ({ url }: Pick<Attachment, 'url'>) => download(session, url)),
    createTicket: safely((fields: TicketFields, key: string, files: readonly FileSource[] = []) => client.createTicket(fields, key, files)),
    updateTicket: safely((id: string, patch: TicketFields) => client.updateTicket(id, patch)),
    deleteTicket: safely((id: string) => client.deleteTicket(id)),
    createComment: safely((id: string, draft: CommentDraft, key: string, files: readonly FileSource[] = []) => client.messages.create(id, draft, key, files)),
    find: safely((key: string, hint) => client.find(key, hint.sentAt)),
    ensureWebhook: safely(async (url: string) => hookByHand(account) ?? (await ensureWebhook(http, account, url))),
    check: safely(() => client.check()),
  };
}

/** Files belong to messages, so it is the user who fetches them. */
function download(session: Http | null, url: string): Promise<Download> {
  if (session === null) throw new DeskFailure('refused', 'Helpdesk shows files to users only: this account has no session_token');
  if (url === '') throw new DeskFailure('refused', 'the message does not tell where its file is: set attachment_url');
  return session.download(url, { credentials: true });
}

export const helpdesk: Connector = { about, read, connect };
