/** Zendesk: Support API v2 and its webhooks of both kinds. */
import type { CommentDraft, TicketFields } from '../../core/model.ts';
import type { About, Account, Capabilities, Connector, Desk, TicketQuery, Vault } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import credentialsSchema from '../../../schemas/desks/zendesk/credentials.schema.json' with { type: 'json' };
import settingsSchema from '../../../schemas/desks/zendesk/settings.schema.json' with { type: 'json' };
import webhooksSchema from '../../../schemas/desks/zendesk/webhooks.schema.json' with { type: 'json' };
import { hookByHand } from '../kit/by-hand.ts';
import { safely } from '../kit/failure.ts';
import { CALL_TIMEOUT_MS } from '../kit/http.ts';
import { openRaws } from '../kit/raws.ts';
import { settingsReader } from '../kit/shape.ts';
import { openFiles, WRITE_WITH_FILES_MS } from './files.ts';
import { openFirsts } from './first.ts';
import { ensureWebhook } from './hooks.ts';
import { openLore } from './lore.ts';
import { hold, STATUS_READ } from './map.ts';
import { openPeople } from './people.ts';
import { openReads } from './reads.ts';
import { openSeen } from './seen.ts';
import { openSession } from './session.ts';
import { forecastComment, MAX_COMMENT_BYTES } from './texts.ts';
import { formats, read } from './webhook.ts';
import { openWrites } from './writes.ts';

interface Settings {
  readonly find_lag_seconds: number;
  readonly list_lag_seconds: number;
  readonly webhook_tolerance_seconds: number | null;
  readonly adopt_webhook: boolean;
  readonly neutralise_mentions: boolean;
  readonly attachment_limit_mb: number;
  readonly custom_statuses: { readonly open?: string; readonly pending?: string; readonly resolved?: string };
}

const settingsOf = settingsReader<Settings>('zendesk', settingsSchema);
/** Zendesk keeps a key for two hours; the margin is for clocks and for the call itself. */
const IDEMPOTENT_MS = (2 * 60 - 10) * 60_000;
const MB = 1024 * 1024;

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
  once:
    'A new ticket carries an Idempotency-Key, which Zendesk honours for two hours, and an external id by which it is looked up after that. ' +
    'A comment carries a mark in its metadata, which the comment list and the audits show: after an answer that never came it is looked for before it is sent again. ' +
    'Updates of fields, deletions and restorations have no mark, and doing them twice changes nothing. ' +
    'Should the list of comments hide a comment for longer than list_lag_seconds, it could be written twice; a second copy is recognised by its mark and reported.',
  sample: { url: 'https://acme.zendesk.com', credentials: { email: 'bot@acme.example', token: '0' }, settings: {} },
};

function capabilities(settings: Settings): Capabilities {
  const limit = settings.attachment_limit_mb * MB;
  return {
    reads: [
      'subject', 'description', 'status', 'priority', 'ticket_type', 'tags', 'due_at', 'requester', 'assignee', 'public', 'custom_properties', 'group', 'company',
      'submitter', 'email_ccs', 'followers',
    ],
    fields: {
      subject: 'always',
      description: 'create',
      status: 'always',
      priority: 'always',
      ticket_type: 'always',
      tags: 'always',
      due_at: 'always',
      requester: 'always',
      assignee: 'always',
      public: 'create',
      submitter: 'create',
      custom_properties: 'always',
      group: 'always',
      company: 'always',
      email_ccs: 'always',
      followers: 'always',
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
      withUpdate: true,
    },
    files: { read: true, ticket: true, comment: true, inline: true, maxBytes: limit, maxTotalBytes: 4 * limit, callTimeoutMs: WRITE_WITH_FILES_MS },
    // A list by time of change would lose what is changed while it is read.
    lists: { filters: ['status', 'priority', 'assignee', 'modified_after'], orders: ['created_at', '-created_at'] },
    tickets: {
      delete: 'soft',
      restore: true,
      keyVisible: true,
      findLagMs: settings.find_lag_seconds * 1000,
      idempotentCreateMs: IDEMPOTENT_MS,
      closedIsFinal: true,
      followUp: true,
      changesTellDeletes: true,
    },
    snapshots: false,
    callTimeoutMs: CALL_TIMEOUT_MS,
  };
}

function connect(account: Account, world: World, vault?: Vault): Desk {
  const settings = settingsOf(account.settings);
  const base = account.url;
  const { http, pass } = openSession(account, world, vault);
  const raws = openRaws();
  const people = openPeople(http, world);
  const lore = openLore(http, world, { statuses: settings.custom_statuses, readAs: STATUS_READ });
  const [firsts, seen, files] = [openFirsts(world), openSeen(world), openFiles(http, world, base)];
  const reads = openReads({ http, world, people, lore, firsts, seen, raws, base });
  const writes = openWrites({ http, world, people, lore, firsts, seen, files, reads, raws, base, wording: { mentions: !settings.neutralise_mentions } });
  return {
    can: capabilities(settings),
    learn: safely(() => lore.learn()),
    forecast: (fields: TicketFields) => hold(fields, { lore, who: people.remembered }).held,
    forecastComment,
    getTicket: safely((id: string) => reads.getTicket(id)),
    listTickets: safely((page: string | null, query?: TicketQuery) => reads.listTickets(page, query)),
    listComments: safely((id: string, page: string | null) => reads.listComments(id, page)),
    changes: safely((cursor: string | null, since: number) => reads.changes(cursor, since)),
    page: (id) => `${base}/agent/tickets/${encodeURIComponent(id)}`,
    budget: () => http.budget(),
    raw: (of) => raws.of(of),
    pass: safely(pass),
    download: safely((attachment) => files.download(attachment)),
    createTicket: safely((fields: TicketFields, key: string, attached, follows) => writes.createTicket(fields, key, attached, follows)),
    updateTicket: safely((id: string, patch: TicketFields, _key: string, comment) => writes.updateTicket(id, patch, comment)),
    deleteTicket: safely((id: string) => writes.deleteTicket(id)),
    restoreTicket: safely((id: string) => writes.restoreTicket(id)),
    createComment: safely((id: string, draft: CommentDraft, key: string, attached) => writes.createComment(id, draft, key, attached)),
    updateComment: safely((id: string, commentId: string, draft: CommentDraft) => writes.updateComment(id, commentId, draft)),
    find: safely((key: string, hint) => reads.find(key, hint.sentAt)),
    ensureWebhook: safely(async (url: string) => hookByHand(account) ?? (await ensureWebhook(http, url, settings.adopt_webhook))),
    check: safely(() => reads.check()),
  };
}

export const zendesk: Connector = { about, formats, read, connect };
