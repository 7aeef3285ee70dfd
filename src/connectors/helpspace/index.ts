/** HelpSpace: API v1 with an access token, and the account's one webhook. */
import type { TicketFields } from '../../core/model.ts';
import type { About, Account, Capabilities, Connector, Desk, FileSource, SignatureScheme, TicketQuery } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import credentialsSchema from '../../../schemas/desks/helpspace/credentials.schema.json' with { type: 'json' };
import webhooksSchema from '../../../schemas/desks/helpspace/webhooks.schema.json' with { type: 'json' };
import { hookByHand } from '../kit/by-hand.ts';
import { safely } from '../kit/failure.ts';
import { CALL_TIMEOUT_MS, openHttp, UPLOAD_TIMEOUT_MS } from '../kit/http.ts';
import { openPass } from '../kit/pass.ts';
import { openClient } from './client.ts';
import { complaints } from './complaints.ts';
import { sparingCustomers } from './customers.ts';
import { openDirectory } from './directory.ts';
import { ensureWebhook } from './hooks.ts';
import { forecastComment, hold } from './map.ts';
import { settingsOf, settingsSchema, type Settings } from './settings.ts';
import { read } from './webhook.ts';

const about: About = {
  service: 'helpspace',
  title: 'HelpSpace',
  credentials: credentialsSchema,
  settings: settingsSchema,
  webhooks: webhooksSchema,
  // Failures switch the webhook off.
  misfitStatus: 202,
  signature: (settings) => signatureOf(settingsOf(settings)),
  once:
    'HelpSpace knows no idempotency key. A ticket carries a mark as the last line of its first message, a comment as the last line of its own; before anything is sent again, ' +
    'the mark is looked for: by the filter over bodies, and among the tickets made since. Should a write take effect only after that look, it is there twice; and a message cannot be taken back.',
  sample: { url: 'https://api.helpspace.com', credentials: { token: '0', client_id: '0' }, settings: { channel_id: 1 } },
};

function signatureOf({ signature, webhook_header: header }: Settings): SignatureScheme {
  switch (signature.scheme) {
    case 'header-token':
      return { scheme: 'header-token', header: header.toLowerCase() };
    case 'hmac': {
      const { scheme, encoding, prefix } = signature;
      return { scheme, header: signature.header.toLowerCase(), encoding, prefix, signed: 'body', timestampHeader: null, toleranceSec: null };
    }
    case 'url-token':
      return { scheme: 'url-token' };
  }
}

/** Making a tag is a write before the write. */
function capabilities(settings: Settings): Capabilities {
  const before = settings.create_tags ? CALL_TIMEOUT_MS : 0;
  return {
    reads: [
      'subject', 'description', 'status', 'tags', 'requester', 'assignee', 'submitter', 'group', 'email_ccs', 'custom_properties', 'public',
    ],
    fields: {
      subject: 'always',
      description: 'create',
      status: 'always',
      tags: 'always',
      requester: 'always',
      assignee: 'always',
      group: 'always',
      ...(Object.keys(settings.custom_fields).length > 0 && { custom_properties: 'always' as const }),
    },
    comments: {
      list: true,
      create: true,
      private: settings.private_messages,
      edit: false,
      delete: false,
      makePrivate: false,
      keyVisible: true,
      listLagMs: settings.list_lag_seconds * 1000,
      maxBytes: settings.max_comment_bytes,
      withUpdate: false,
    },
    files: {
      read: true,
      ticket: true,
      comment: true,
      inline: true,
      maxBytes: settings.max_files_bytes,
      maxTotalBytes: settings.max_files_bytes,
      callTimeoutMs: UPLOAD_TIMEOUT_MS + before,
    },
    // By change nothing is narrowed or sorted.
    lists: { filters: ['status', 'assignee'], orders: [], pages: 'move' },
    tickets: {
      delete: 'soft',
      restore: false,
      keyVisible: true,
      findLagMs: settings.find_lag_seconds * 1000,
      idempotentCreateMs: 0,
      closedIsFinal: false,
      followUp: false,
      changesTellDeletes: false,
    },
    snapshots: false,
    callTimeoutMs: CALL_TIMEOUT_MS + before,
  };
}

function connect(account: Account, world: World): Desk {
  const settings = settingsOf(account.settings);
  const { token = '', client_id: clientId = '' } = account.credentials;
  const base = `${account.url}/api/v1`;
  const headers = { authorization: `Bearer ${token}`, 'hs-client-id': clientId };
  const secrets = [...Object.values(account.credentials), account.hook_token, ...account.inbound_secrets];
  const http = openHttp({ service: 'helpspace', base, headers, secrets, complaints, world });
  const directory = openDirectory(http, settings, world);
  const client = openClient({ http, base, settings, directory, world, workspace: clientId });
  return {
    can: capabilities(settings),
    learn: safely(() => directory.learn()),
    forecast: (fields: TicketFields) => hold(fields, { settings, known: directory.known() }).held,
    forecastComment,
    getTicket: safely((id: string) => client.getTicket(id)),
    listTickets: safely((page: string | null, query?: TicketQuery) => client.listTickets(page, query)),
    listComments: safely((id: string, page: string | null) => client.listComments(id, page)),
    changes: safely((cursor: string | null, since: number) => client.changes(cursor, since)),
    budget: () => http.budget(),
    raw: (of) => client.raw(of),
    pass: safely(sparingCustomers(openPass({ service: 'helpspace', base, headersFor: () => headers, secrets, world }))),
    download: safely((attachment) => client.download(attachment)),
    createTicket: safely((fields: TicketFields, key: string, files?: readonly FileSource[]) => client.createTicket(fields, key, files)),
    updateTicket: safely((id: string, patch: TicketFields) => client.updateTicket(id, patch)),
    deleteTicket: safely((id: string) => client.deleteTicket(id)),
    createComment: safely((id: string, draft, key: string, files?: readonly FileSource[]) => client.createComment(id, draft, key, files)),
    find: safely(async (key: string, hint) => client.find(key, hint.sentAt)),
    ensureWebhook: safely(async (url: string) => hookByHand(account) ?? (await ensureWebhook(http, account, settings, url))),
    check: safely(() => client.check()),
  };
}

export const helpspace: Connector = { about, read, connect };
