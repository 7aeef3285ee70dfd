/** Freshdesk: REST API v2 and the webhooks of its automation rules. */
import type { TicketFields } from '../../core/model.ts';
import type { About, Account, Capabilities, Connector, Desk } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import credentialsSchema from '../../../schemas/desks/freshdesk/credentials.schema.json' with { type: 'json' };
import settingsSchema from '../../../schemas/desks/freshdesk/settings.schema.json' with { type: 'json' };
import webhooksSchema from '../../../schemas/desks/freshdesk/webhooks.schema.json' with { type: 'json' };
import { hookByHand } from '../kit/by-hand.ts';
import { safely } from '../kit/failure.ts';
import { CALL_TIMEOUT_MS, openHttp } from '../kit/http.ts';
import { settingsReader } from '../kit/shape.ts';
import { openClient, type Settings } from './client.ts';
import { complaints } from './complaints.ts';
import { manualHook } from './hooks.ts';
import { forecastComment, hold } from './map.ts';
import { read } from './webhook.ts';

const settingsOf = settingsReader<Settings>('freshdesk', settingsSchema);

const about: About = {
  service: 'freshdesk',
  title: 'Freshdesk',
  credentials: credentialsSchema,
  settings: settingsSchema,
  webhooks: webhooksSchema,
  // It repeats what was not taken and mails the administrators about it.
  misfitStatus: 202,
  signature: (settings) => {
    const { webhook_header: header } = settingsOf(settings);
    return header === undefined ? { scheme: 'url-token' } : { scheme: 'header-token', header: header.toLowerCase() };
  },
};

function capabilities(settings: Settings): Capabilities {
  return {
    fields: {
      subject: 'always',
      description: 'always',
      status: 'always',
      priority: 'always',
      ticket_type: 'always',
      tags: 'always',
      due_at: 'always',
      requester: 'create',
      assignee: 'always',
    },
    comments: {
      list: true,
      create: true,
      private: true,
      edit: true,
      delete: true,
      makePrivate: false,
      keyVisible: true,
      listLagMs: settings.list_lag_seconds * 1000,
      maxBytes: settings.max_comment_bytes,
    },
    tickets: {
      delete: 'soft',
      restore: true,
      keyVisible: true,
      findLagMs: settings.find_lag_seconds * 1000,
      idempotentCreateMs: 0,
      closedIsFinal: false,
      changesTellDeletes: true,
    },
    snapshots: false,
    callTimeoutMs: CALL_TIMEOUT_MS,
  };
}

function connect(account: Account, world: World): Desk {
  const settings = settingsOf(account.settings);
  if (settings.webhook_header !== undefined && account.credentials.webhook_secret === undefined) {
    throw new Error('webhook_header needs a webhook_secret among the credentials: without one no webhook could be believed');
  }
  const basic = Buffer.from(`${account.credentials.key ?? ''}:X`).toString('base64');
  const http = openHttp({
    service: 'freshdesk',
    base: `${account.url}/api/v2`,
    headers: { authorization: `Basic ${basic}` },
    secrets: [...Object.values(account.credentials), basic, account.hook_token, ...account.inbound_secrets],
    complaints,
    world,
  });
  const client = openClient(http, settings, world);
  return {
    can: capabilities(settings),
    forecast: (fields: TicketFields) => hold(fields, settings).held,
    forecastComment,
    getTicket: safely((id: string) => client.getTicket(id)),
    listTickets: safely((page: string | null) => client.listTickets(page)),
    listComments: safely((id: string, page: string | null) => client.listComments(id, page)),
    changes: safely((cursor: string | null, since: number) => client.changes(cursor, since)),
    createTicket: safely((fields: TicketFields, key: string) => client.createTicket(fields, key)),
    updateTicket: safely((id: string, patch: TicketFields) => client.updateTicket(id, patch)),
    deleteTicket: safely((id: string) => client.deleteTicket(id)),
    restoreTicket: safely((id: string) => client.restoreTicket(id)),
    createComment: safely((id: string, draft, key: string) => client.createComment(id, draft, key)),
    updateComment: safely((id: string, commentId: string, draft) => client.updateComment(id, commentId, draft)),
    deleteComment: safely((_id: string, commentId: string) => client.deleteComment(commentId)),
    find: safely((key: string, hint) => client.find(key, hint.sentAt)),
    ensureWebhook: safely(async (url: string) => hookByHand(account) ?? manualHook(url)),
    check: safely(() => client.check()),
  };
}

export const freshdesk: Connector = { about, read, connect };
