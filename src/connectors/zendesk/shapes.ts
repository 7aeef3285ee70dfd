/**
 * What is used of Zendesk's tickets, comments and people, and nothing else: the published schema leaves out that most fields
 * can be null, and answers carry keys that it does not name. https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/
 */
import { ID, list, NULLABLE_ID, object, shape, TEXT } from '../kit/shape.ts';

export type Id = number | string;

/** How something came to be; a merge and a follow-up name the other ticket. */
export interface ZendeskVia {
  readonly source?: {
    readonly rel?: string | null;
    readonly from?: { readonly ticket_id?: Id | null; readonly ticket_ids?: readonly Id[] | null } | null;
    readonly to?: { readonly ticket_id?: Id | null } | null;
  } | null;
}

export interface ZendeskTicket {
  readonly id: Id;
  readonly external_id?: string | null;
  readonly subject?: string | null;
  /** Plain text: the first comment's. */
  readonly description?: string | null;
  readonly status?: string | null;
  readonly priority?: string | null;
  readonly type?: string | null;
  readonly tags?: readonly string[] | null;
  readonly due_at?: string | null;
  readonly is_public?: boolean | null;
  readonly requester_id?: Id | null;
  readonly submitter_id?: Id | null;
  readonly assignee_id?: Id | null;
  readonly group_id?: Id | null;
  readonly organization_id?: Id | null;
  readonly email_cc_ids?: readonly Id[] | null;
  readonly follower_ids?: readonly Id[] | null;
  readonly custom_fields?: readonly { readonly id: Id; readonly value?: unknown }[] | null;
  readonly comment_count?: number | null;
  readonly created_at?: string | null;
  readonly updated_at?: string | null;
  /** Unix seconds of the last change of any kind. */
  readonly generated_timestamp?: number | null;
}

export interface ZendeskUser {
  readonly id: Id | null;
  readonly name?: string | null;
  readonly email?: string | null;
  readonly role?: string | null;
  readonly role_type?: number | null;
  readonly active?: boolean | null;
  readonly suspended?: boolean | null;
}

export interface ZendeskAttachment {
  readonly id: Id;
  readonly file_name?: string | null;
  readonly content_type?: string | null;
  readonly content_url?: string | null;
  readonly mapped_content_url?: string | null;
  readonly size?: number | null;
  readonly inline?: boolean | null;
  readonly thumbnails?: readonly { readonly content_url?: string | null }[] | null;
}

export interface ZendeskComment {
  readonly id: Id;
  readonly html_body?: string | null;
  readonly body?: string | null;
  /** Anything but true is private. */
  readonly public?: boolean | null;
  readonly author_id?: Id | null;
  readonly attachments?: readonly ZendeskAttachment[] | null;
  readonly created_at?: string | null;
  readonly via?: ZendeskVia | null;
  /** The custom part is what a write put there; it comes back as it was. */
  readonly metadata?: { readonly custom?: { readonly deskmesh_key?: unknown } | null } | null;
}

export interface ZendeskAudit {
  readonly created_at?: string | null;
  readonly author_id?: Id | null;
  readonly metadata?: ZendeskComment['metadata'];
  readonly events: readonly {
    readonly id?: Id;
    readonly type?: string | null;
    readonly html_body?: string | null;
    readonly body?: string | null;
    readonly public?: boolean | null;
    readonly author_id?: Id | null;
    readonly attachments?: readonly ZendeskAttachment[] | null;
  }[];
}

export interface Paged {
  readonly meta?: { readonly has_more: boolean; readonly after_cursor?: string | null } | null;
}

const FLAG = { type: ['boolean', 'null'] };
const NUMBER = { type: ['number', 'null'] };
const IDS = { type: ['array', 'null'], items: ID };
const optional = (properties: Readonly<Record<string, unknown>>): object => ({ type: ['object', 'null'], properties });

const via = optional({
  source: optional({
    rel: TEXT,
    from: optional({ ticket_id: NULLABLE_ID, ticket_ids: IDS }),
    to: optional({ ticket_id: NULLABLE_ID }),
  }),
});

const ticket = object(
  {
    id: ID,
    external_id: TEXT,
    subject: TEXT,
    description: TEXT,
    status: TEXT,
    priority: TEXT,
    type: TEXT,
    tags: { type: ['array', 'null'], items: { type: 'string' } },
    due_at: TEXT,
    is_public: FLAG,
    requester_id: NULLABLE_ID,
    submitter_id: NULLABLE_ID,
    assignee_id: NULLABLE_ID,
    group_id: NULLABLE_ID,
    organization_id: NULLABLE_ID,
    email_cc_ids: IDS,
    follower_ids: IDS,
    custom_fields: { type: ['array', 'null'], items: object({ id: ID }, ['id']) },
    comment_count: NUMBER,
    created_at: TEXT,
    updated_at: TEXT,
    generated_timestamp: NUMBER,
  },
  ['id'],
);
const user = object(
  { id: NULLABLE_ID, name: TEXT, email: TEXT, role: TEXT, role_type: NUMBER, active: FLAG, suspended: FLAG },
  ['id'],
);
const users = { type: ['array', 'null'], items: user };
const attachment = object(
  {
    id: ID, file_name: TEXT, content_type: TEXT, content_url: TEXT, mapped_content_url: TEXT, size: NUMBER, inline: FLAG,
    thumbnails: { type: ['array', 'null'], items: object({ content_url: TEXT }) },
  },
  ['id'],
);
const attachments = { type: ['array', 'null'], items: attachment };
const metadata = optional({ custom: { type: ['object', 'null'] } });
const comment = object(
  { id: ID, html_body: TEXT, body: TEXT, public: FLAG, author_id: NULLABLE_ID, attachments, created_at: TEXT, via, metadata },
  ['id'],
);
const audit = object(
  {
    created_at: TEXT,
    author_id: NULLABLE_ID,
    metadata,
    events: list(object({ id: ID, type: TEXT, html_body: TEXT, body: TEXT, public: FLAG, author_id: NULLABLE_ID, attachments })),
  },
  ['events'],
);
const meta = { type: ['object', 'null'], properties: { has_more: { type: 'boolean' }, after_cursor: TEXT }, required: ['has_more'] };

type Users = { readonly users?: readonly ZendeskUser[] | null };

export const oneTicket = shape<{ readonly ticket: ZendeskTicket } & Users>('a ticket', object({ ticket, users }, ['ticket']));

export const manyTickets = shape<{ readonly tickets: readonly ZendeskTicket[] } & Users & Paged>(
  'a list of tickets',
  object({ tickets: list(ticket), users, meta }, ['tickets']),
);

export const updated = shape<{ readonly ticket: ZendeskTicket; readonly audit?: ZendeskAudit | null }>(
  'a written ticket',
  object({ ticket, audit: { anyOf: [{ type: 'null' }, audit] } }, ['ticket']),
);

export const manyComments = shape<{ readonly comments: readonly ZendeskComment[] } & Users & Paged>(
  'a list of comments',
  object({ comments: list(comment), users, meta }, ['comments']),
);

export const manyAudits = shape<{ readonly audits: readonly ZendeskAudit[] } & Paged>('a list of audits', object({ audits: list(audit), meta }, ['audits']));

export const exported = shape<{
  readonly tickets: readonly ZendeskTicket[];
  readonly after_cursor?: string | null;
  readonly end_of_stream?: boolean | null;
}>('an export of tickets', object({ tickets: list(ticket), after_cursor: TEXT, end_of_stream: FLAG }, ['tickets']));

export const manyUsers = shape<{ readonly users: readonly ZendeskUser[] }>('a list of users', object({ users: list(user) }, ['users']));

export const oneUser = shape<{ readonly user: ZendeskUser }>('a user', object({ user }, ['user']));

export const uploaded = shape<{ readonly upload: { readonly token: string; readonly attachment: ZendeskAttachment } }>(
  'an upload',
  object({ upload: object({ token: { type: 'string', minLength: 1 }, attachment }, ['token', 'attachment']) }, ['upload']),
);

export const oneAttachment = shape<{ readonly attachment: ZendeskAttachment }>('an attachment', object({ attachment }, ['attachment']));
