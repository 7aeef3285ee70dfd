/** Pigeonhole: a desk that does not exist, connected as any other would be. */
import type { CommentDraft, TicketFields } from '../../../src/core/model.ts';
import type { About, Account, Capabilities, Connector, Desk, FileSource } from '../../../src/ports/connector.ts';
import type { World } from '../../../src/ports/world.ts';
import { hookByHand } from '../../../src/connectors/kit/by-hand.ts';
import { safely } from '../../../src/connectors/kit/failure.ts';
import { CALL_TIMEOUT_MS, openHttp } from '../../../src/connectors/kit/http.ts';
import { settingsReader } from '../../../src/connectors/kit/shape.ts';
import credentialsSchema from '../schemas/credentials.schema.json' with { type: 'json' };
import settingsSchema from '../schemas/settings.schema.json' with { type: 'json' };
import webhooksSchema from '../schemas/webhooks.schema.json' with { type: 'json' };
import { MAX_NOTE_BYTES, openClient } from './client.ts';
import { complaints } from './complaints.ts';
import { forecastComment, hold } from './map.ts';
import { read } from './webhook.ts';

const settingsOf = settingsReader<{ readonly find_lag_seconds: number }>('pigeonhole', settingsSchema);

const about: About = {
  service: 'pigeonhole',
  title: 'Pigeonhole',
  credentials: credentialsSchema,
  settings: settingsSchema,
  webhooks: webhooksSchema,
  misfitStatus: 422,
  signature: () => ({ scheme: 'header-token', header: 'x-pigeonhole-secret' }),
  once: 'Cases and notes carry our key as their reference, which is looked up before anything is sent again. A case that is deleted before it was looked up is made again.',
  sample: { url: 'https://acme.pigeonhole.example', credentials: { token: 't' }, settings: {} },
};

function capabilities(findLagMs: number): Capabilities {
  return {
    reads: ['subject', 'description', 'status', 'priority', 'tags', 'requester'],
    fields: { subject: 'always', description: 'always', status: 'always', priority: 'always', tags: 'always', requester: 'create' },
    comments: {
      list: true,
      create: true,
      private: true,
      edit: false,
      delete: false,
      makePrivate: false,
      keyVisible: true,
      listLagMs: 0,
      maxBytes: MAX_NOTE_BYTES,
      withUpdate: false,
    },
    files: { read: false, ticket: false, comment: false, inline: false, maxBytes: 0, maxTotalBytes: 0, callTimeoutMs: 0 },
    tickets: { delete: 'hard', restore: false, keyVisible: true, findLagMs, idempotentCreateMs: 0, closedIsFinal: false, followUp: false, changesTellDeletes: true },
    snapshots: false,
    callTimeoutMs: CALL_TIMEOUT_MS,
  };
}

function connect(account: Account, world: World): Desk {
  const { token = '' } = account.credentials;
  const http = openHttp({
    service: 'pigeonhole',
    base: `${account.url}/api`,
    headers: { 'x-token': token },
    secrets: [...Object.values(account.credentials), account.hook_token, ...account.inbound_secrets],
    complaints,
    world,
  });
  const client = openClient(http);
  return {
    can: capabilities(settingsOf(account.settings).find_lag_seconds * 1000),
    forecast: (fields: TicketFields) => hold(fields).held,
    forecastComment,
    getTicket: safely((id: string) => client.getTicket(id)),
    listTickets: safely((page: string | null) => client.listTickets(page)),
    listComments: safely((id: string) => client.listComments(id)),
    changes: safely((cursor: string | null, since: number) => client.changes(cursor, since)),
    createTicket: safely((fields: TicketFields, key: string, files: readonly FileSource[] = []) => client.createTicket(fields, key, files.length)),
    updateTicket: safely((id: string, patch: TicketFields) => client.updateTicket(id, patch)),
    deleteTicket: safely((id: string) => client.deleteTicket(id)),
    createComment: safely((id: string, draft: CommentDraft, key: string, files: readonly FileSource[] = []) => client.createComment(id, draft, key, files.length)),
    find: safely((key: string) => client.find(key)),
    ensureWebhook: safely(async (url: string) => hookByHand(account) ?? { status: 'manual', steps: [`In Pigeonhole: Office → Carriers → new carrier to ${url}, with a secret; add it to the credentials as webhook_secret.`] }),
    check: safely(() => client.check()),
  };
}

export const pigeonhole: Connector = { about, read, connect };
