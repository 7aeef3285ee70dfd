/** Helpdesk (Airclou): tickets by API key, messages by a user's session. */
import type { TicketFields, Writable } from '../../core/model.ts';
import type { About, Account, Capabilities, Connector, Desk, SignatureScheme } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import credentialsSchema from '../../../schemas/desks/helpdesk/credentials.schema.json' with { type: 'json' };
import webhooksSchema from '../../../schemas/desks/helpdesk/webhooks.schema.json' with { type: 'json' };
import { hookByHand } from '../kit/by-hand.ts';
import { safely } from '../kit/failure.ts';
import { CALL_TIMEOUT_MS, openHttp } from '../kit/http.ts';
import { openClient } from './client.ts';
import { complaints } from './complaints.ts';
import { ensureWebhook } from './hooks.ts';
import { forecastComment, hold } from './map.ts';
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
    case 'standard-webhooks':
    case 'url-token':
    case 'none':
      return { scheme };
  }
}

function capabilities(settings: Settings, withMessages: boolean): Capabilities {
  const always: Writable = 'always';
  return {
    fields: {
      subject: always,
      status: always,
      priority: always,
      ticket_type: always,
      tags: always,
      requester: 'create',
      ...(settings.agents !== undefined && { assignee: always }),
      ...(settings.description_field !== undefined && { description: always }),
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
    },
    tickets: {
      delete: 'hard',
      restore: false,
      keyVisible: true,
      findLagMs: settings.find_lag_seconds * 1000,
      idempotentCreateMs: 0,
      closedIsFinal: false,
      changesTellDeletes: false,
    },
    snapshots: true,
    callTimeoutMs: CALL_TIMEOUT_MS,
  };
}

function connect(account: Account, world: World): Desk {
  const settings = settingsOf(account.settings);
  const { key = '', workspace = '', session_token: token } = account.credentials;
  const http = openHttp({
    service: 'helpdesk',
    base: `${account.url}/helpdesk/api`,
    headers: { authorization: `Bearer ${key}`, 'x-workspace-id': workspace },
    secrets: [key, token ?? '', account.credentials.webhook_secret ?? '', account.hook_token, ...account.inbound_secrets],
    complaints,
    world,
  });
  const session = token === undefined ? null : { authorization: `Bearer ${token}` };
  const client = openClient(http, settings, session, workspace, world);
  return {
    can: capabilities(settings, session !== null),
    forecast: (fields: TicketFields) => hold(fields, settings).held,
    forecastComment,
    getTicket: safely((id: string) => client.getTicket(id)),
    listTickets: safely((page: string | null) => client.listTickets(page)),
    listComments: safely((id: string, page: string | null) => client.listComments(id, page)),
    changes: safely((cursor: string | null, since: number) => client.changes(cursor, since)),
    createTicket: safely((fields: TicketFields, key: string) => client.createTicket(fields, key)),
    updateTicket: safely((id: string, patch: TicketFields) => client.updateTicket(id, patch)),
    deleteTicket: safely((id: string) => client.deleteTicket(id)),
    createComment: safely((id: string, draft, key: string) => client.createComment(id, draft, key)),
    find: safely((key: string, hint) => client.find(key, hint.sentAt)),
    ensureWebhook: safely(async (url: string) => hookByHand(account) ?? (await ensureWebhook(http, account, url))),
    check: safely(() => client.check()),
  };
}

export const helpdesk: Connector = { about, read, connect };
