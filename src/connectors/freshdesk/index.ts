/** Freshdesk, REST API v2 and the webhooks of automation rules. https://developers.freshdesk.com/api/ */
import type { CommentDraft, TicketFields } from '../../core/model.ts';
import type { About, Account, Capabilities, Connector, Desk, FileSource, TicketQuery } from '../../ports/connector.ts';
import type { World } from '../../ports/world.ts';
import credentialsSchema from '../../../schemas/desks/freshdesk/credentials.schema.json' with { type: 'json' };
import settingsSchema from '../../../schemas/desks/freshdesk/settings.schema.json' with { type: 'json' };
import webhooksSchema from '../../../schemas/desks/freshdesk/webhooks.schema.json' with { type: 'json' };
import { hookByHand } from '../kit/by-hand.ts';
import { safely } from '../kit/failure.ts';
import { CALL_TIMEOUT_MS, openHttp } from '../kit/http.ts';
import { openPass } from '../kit/pass.ts';
import { openComments } from './comments.ts';
import { complaints } from './complaints.ts';
import { FILES_TIMEOUT_MS, openConnection } from './connection.ts';
import { openLinks } from './files.ts';
import { manualHook } from './hooks.ts';
import { withinLimits } from './limits.ts';
import { openLists } from './lists.ts';
import { fromAgent, hold } from './map.ts';
import { settingsOf, type Settings } from './settings.ts';
import { oneAgent } from './shapes.ts';
import { forecastComment } from './texts.ts';
import { openTickets } from './tickets.ts';
import { brokenJson, read, urlEncoded } from './webhook.ts';

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
  once:
    'Freshdesk knows no idempotency keys. A ticket carries our key as a tag, a note as the last line of its text; both are looked up before anything is sent again, ' +
    'tickets in the list by time of change, in the trash and among spam. What remains: a person who takes the tag or the line away in the seconds before that look makes ' +
    'a second copy possible; a second note that still has its line is seen and deleted.',
  sample: {
    url: 'https://acme.freshdesk.com',
    credentials: { key: 'the-api-key-of-an-agent' },
    settings: { default_requester_email: 'tickets@acme.example', statuses: { 6: 'pending', 7: 'open' } },
  },
};

function capabilities(settings: Settings): Capabilities {
  const due = settings.read_due_dates ? (['due_at'] as const) : [];
  return {
    reads: ['subject', 'description', 'status', 'priority', 'ticket_type', 'tags', ...due, 'requester', 'assignee', 'public', 'custom_properties', 'group', 'company', 'email_ccs'],
    fields: {
      subject: 'always',
      description: 'always',
      status: 'always',
      priority: 'always',
      ticket_type: 'always',
      tags: 'always',
      due_at: 'always',
      ...(settings.requesters !== 'default' && { requester: 'always' }),
      assignee: 'always',
      email_ccs: 'create',
      group: 'always',
      company: 'always',
      custom_properties: 'always',
    },
    lists: { filters: ['status', 'priority', 'assignee', 'modified_after'], orders: ['modified_at'], pages: 'repeat' },
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
      withUpdate: false,
    },
    files: {
      read: true, ticket: true, comment: true, inline: false, maxBytes: settings.max_attachment_bytes, maxTotalBytes: settings.max_attachment_bytes,
      callTimeoutMs: FILES_TIMEOUT_MS,
    },
    tickets: {
      delete: 'soft',
      restore: true,
      keyVisible: true,
      findLagMs: settings.find_lag_seconds * 1000,
      idempotentCreateMs: 0,
      closedIsFinal: false,
      followUp: false,
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
  if (settings.requesters === 'default' && settings.default_requester_email === undefined) {
    throw new Error('where all tickets have the default requester, the settings need a default_requester_email');
  }
  const basic = Buffer.from(`${account.credentials.key ?? ''}:X`).toString('base64');
  const headers = { authorization: `Basic ${basic}` };
  const secrets = [...Object.values(account.credentials), basic, account.hook_token, ...account.inbound_secrets];
  const http = withinLimits(openHttp({ service: 'freshdesk', base: `${account.url}/api/v2`, headers, secrets, complaints, world }), world);
  const connection = openConnection(http, settings, world);
  const tickets = openTickets(connection);
  const lists = openLists(connection, tickets);
  const comments = openComments(connection, tickets, (ticketId, { id, attachments }) => links.note({ ticketId, commentId: id }, attachments));
  const links = openLinks(connection, async ({ ticketId, commentId }) =>
    commentId === null ? ((await tickets.get(ticketId)).attachments ?? []) : ((await comments.find(ticketId, commentId))?.attachments ?? null),
  );
  return {
    can: capabilities(settings),
    learn: safely(() => connection.forms.learn()),
    forecast: (fields: TicketFields) => hold(fields, connection.words()).held,
    forecastComment,
    getTicket: safely(async (id: string) => {
      const ticket = await tickets.get(id);
      links.note({ ticketId: id, commentId: null }, ticket.attachments ?? []);
      return ticket;
    }),
    listTickets: safely((page: string | null, query?: TicketQuery) => lists.tickets(page, query)),
    listComments: safely((id: string, page: string | null) => comments.list(id, page)),
    changes: safely((cursor: string | null, since: number) => lists.changes(cursor, since)),
    page: (id) => `${account.url}/a/tickets/${encodeURIComponent(id)}`,
    budget: () => http.budget(),
    raw: (of) => connection.raws.of(of),
    pass: safely(openPass({ service: 'freshdesk', base: account.url, headersFor: () => headers, secrets, world })),
    download: safely((attachment, of) => links.download(attachment, of)),
    createTicket: safely((fields: TicketFields, key: string, files: readonly FileSource[] = []) => tickets.create(fields, key, files)),
    updateTicket: safely((id: string, patch: TicketFields) => tickets.update(id, patch)),
    deleteTicket: safely((id: string) => tickets.delete(id)),
    restoreTicket: safely((id: string) => tickets.restore(id)),
    createComment: safely((id: string, draft: CommentDraft, key: string, files: readonly FileSource[] = []) => comments.create(id, draft, key, files)),
    updateComment: safely((id: string, commentId: string, draft: CommentDraft) => comments.update(id, commentId, draft)),
    deleteComment: safely((_id: string, commentId: string) => comments.delete(commentId)),
    find: safely((key: string, hint) => lists.find(key, hint.sentAt)),
    ensureWebhook: safely(async (url: string) => hookByHand(account) ?? manualHook(url)),
    check: safely(async () => fromAgent(oneAgent(await http.get('/agents/me')))),
  };
}

/** JSON that a person's rule has broken is read for its ticket's number all the same; and rules may send forms. */
const formats = { 'application/json': brokenJson, 'application/x-www-form-urlencoded': urlEncoded };

export const freshdesk: Connector = { about, formats, read, connect };
