/** Zendesk: Support API v2 and its event webhooks. */
import type { TicketFields } from '../../core/model.ts';
import type { About, Account, Capabilities, Connector, Desk } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import credentialsSchema from '../../../schemas/desks/zendesk/credentials.schema.json' with { type: 'json' };
import settingsSchema from '../../../schemas/desks/zendesk/settings.schema.json' with { type: 'json' };
import webhooksSchema from '../../../schemas/desks/zendesk/webhooks.schema.json' with { type: 'json' };
import { hookByHand } from '../kit/by-hand.ts';
import { safely } from '../kit/failure.ts';
import { CALL_TIMEOUT_MS, openHttp } from '../kit/http.ts';
import { settingsReader } from '../kit/shape.ts';
import { MAX_COMMENT_BYTES, openClient } from './client.ts';
import { complaints } from './complaints.ts';
import { ensureWebhook } from './hooks.ts';
import { forecastComment, hold } from './map.ts';
import { read } from './webhook.ts';

interface Settings {
  readonly find_lag_seconds: number;
  readonly list_lag_seconds: number;
  readonly webhook_tolerance_seconds: number | null;
}

const settingsOf = settingsReader<Settings>('zendesk', settingsSchema);
/** Zendesk keeps a key for two hours; the margin is for clocks and for the call itself. */
const IDEMPOTENT_MS = (2 * 60 - 10) * 60_000;

const about: About = {
  service: 'zendesk',
  title: 'Zendesk',
  credentials: credentialsSchema,
  settings: settingsSchema,
  webhooks: webhooksSchema,
  // Its circuit breaker opens when too many deliveries fail, and then drops the good ones too.
  misfitStatus: 202,
  signature: (settings) => ({
    scheme: 'hmac',
    header: 'x-zendesk-webhook-signature',
    encoding: 'base64',
    prefix: '',
    signed: 'timestamp+body',
    timestampHeader: 'x-zendesk-webhook-signature-timestamp',
    toleranceSec: settingsOf(settings).webhook_tolerance_seconds,
  }),
};

function capabilities(settings: Settings): Capabilities {
  return {
    fields: {
      subject: 'always',
      description: 'create',
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
      edit: false,
      delete: false,
      makePrivate: true,
      keyVisible: true,
      listLagMs: settings.list_lag_seconds * 1000,
      maxBytes: MAX_COMMENT_BYTES,
    },
    tickets: {
      delete: 'soft',
      restore: true,
      keyVisible: true,
      findLagMs: settings.find_lag_seconds * 1000,
      idempotentCreateMs: IDEMPOTENT_MS,
      closedIsFinal: true,
      changesTellDeletes: true,
    },
    snapshots: false,
    callTimeoutMs: CALL_TIMEOUT_MS,
  };
}

function connect(account: Account, world: World): Desk {
  const { credentials } = account;
  const { access_token: bearer } = credentials;
  const basic = Buffer.from(`${credentials.email ?? ''}/token:${credentials.token ?? ''}`).toString('base64');
  const http = openHttp({
    service: 'zendesk',
    base: `${account.url}/api/v2`,
    headers: { authorization: bearer === undefined ? `Basic ${basic}` : `Bearer ${bearer}` },
    secrets: [...Object.values(credentials), basic, account.hook_token, ...account.inbound_secrets],
    complaints,
    world,
  });
  const client = openClient(http, world);
  return {
    can: capabilities(settingsOf(account.settings)),
    forecast: (fields: TicketFields) => hold(fields).held,
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
    find: safely((key: string, hint) => client.find(key, hint.sentAt)),
    ensureWebhook: safely(async (url: string) => hookByHand(account) ?? (await ensureWebhook(http, url))),
    check: safely(() => client.check()),
  };
}

export const zendesk: Connector = { about, read, connect };
