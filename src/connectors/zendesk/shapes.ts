/**
 * What is used of Zendesk's answers, and nothing else: the published schema leaves out that most fields can be null, and
 * answers carry keys that it does not name. https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/
 */
import { ID, list, NULLABLE_ID, object, shape, TEXT } from '../kit/shape.ts';

type Id = number | string;

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
  readonly custom_fields?: readonly { readonly id: Id; readonly value?: unknown }[] | null;
  readonly created_at?: string | null;
  readonly updated_at?: string | null;
}

export interface ZendeskUser {
  readonly id: Id | null;
  readonly name?: string | null;
  readonly email?: string | null;
  readonly role?: string | null;
  readonly active?: boolean | null;
  readonly suspended?: boolean | null;
}

export interface ZendeskAttachment {
  readonly id: Id;
  readonly file_name?: string | null;
  readonly content_type?: string | null;
  readonly content_url?: string | null;
  readonly size?: number | null;
  readonly thumbnails?: readonly { readonly content_url?: string | null }[] | null;
}

export interface ZendeskComment {
  readonly id: Id;
  readonly html_body?: string | null;
  readonly body?: string | null;
  readonly public: boolean;
  readonly author_id?: Id | null;
  readonly attachments?: readonly ZendeskAttachment[] | null;
  readonly created_at?: string | null;
  /** The custom part is what a write put there; it comes back as it was. */
  readonly metadata?: { readonly custom?: { readonly deskmesh_key?: unknown } | null } | null;
}

export interface ZendeskAudit {
  readonly created_at?: string | null;
  readonly author_id?: Id | null;
  readonly events: readonly {
    readonly id?: Id;
    readonly type: string;
    readonly html_body?: string | null;
    readonly body?: string | null;
    readonly public?: boolean | null;
    readonly attachments?: readonly ZendeskAttachment[] | null;
  }[];
}

export interface Paged {
  readonly meta?: { readonly has_more: boolean; readonly after_cursor?: string | null } | null;
}

export interface ZendeskWebhook {
  readonly id: Id;
  readonly name?: string | null;
  readonly status?: string | null;
  readonly endpoint?: string | null;
  readonly subscriptions?: readonly string[] | null;
}

const TIME = TEXT;
const FLAG = { type: ['boolean', 'null'] };

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
    due_at: TIME,
    is_public: FLAG,
    requester_id: NULLABLE_ID,
    submitter_id: NULLABLE_ID,
    assignee_id: NULLABLE_ID,
    group_id: NULLABLE_ID,
    organization_id: NULLABLE_ID,
    custom_fields: { type: ['array', 'null'], items: object({ id: ID }, ['id']) },
    created_at: TIME,
    updated_at: TIME,
  },
  ['id'],
);
const user = object({ id: NULLABLE_ID, name: TEXT, email: TEXT, role: TEXT, active: FLAG, suspended: FLAG }, ['id']);
const users = { type: ['array', 'null'], items: user };
const attachments = {
  type: ['array', 'null'],
  items: object({ id: ID, file_name: TEXT, content_type: TEXT, content_url: TEXT, size: { type: ['number', 'null'] } }, ['id']),
};
const custom = { type: ['object', 'null'], properties: { custom: { type: ['object', 'null'] } } };
const comment = object(
  { id: ID, html_body: TEXT, body: TEXT, public: { type: 'boolean' }, author_id: NULLABLE_ID, attachments, created_at: TIME, metadata: custom },
  ['id', 'public'],
);
const audit = object(
  {
    created_at: TIME,
    author_id: NULLABLE_ID,
    events: list(object({ id: ID, type: { type: 'string' }, html_body: TEXT, body: TEXT, public: FLAG, attachments }, ['type'])),
  },
  ['events'],
);
const meta = { type: ['object', 'null'], properties: { has_more: { type: 'boolean' }, after_cursor: TEXT }, required: ['has_more'] };
const webhook = object(
  { id: ID, name: TEXT, status: TEXT, endpoint: TEXT, subscriptions: { type: ['array', 'null'], items: { type: 'string' } } },
  ['id'],
);

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

export const exported = shape<{
  readonly tickets: readonly ZendeskTicket[];
  readonly after_cursor?: string | null;
  readonly end_of_stream?: boolean | null;
}>('an export of tickets', object({ tickets: list(ticket), after_cursor: TEXT, end_of_stream: FLAG }, ['tickets']));

export const foundUsers = shape<{ readonly users: readonly ZendeskUser[] }>('a list of users', object({ users: list(user) }, ['users']));

export const oneUser = shape<{ readonly user: ZendeskUser }>('a user', object({ user }, ['user']));

export const manyWebhooks = shape<{ readonly webhooks: readonly ZendeskWebhook[] } & Paged>(
  'a list of webhooks',
  object({ webhooks: list(webhook), meta }, ['webhooks']),
);

export const oneWebhook = shape<{ readonly webhook: ZendeskWebhook }>('a webhook', object({ webhook }, ['webhook']));

export const signingSecret = shape<{ readonly signing_secret: { readonly secret: string } }>(
  'a signing secret',
  object({ signing_secret: object({ secret: { type: 'string', minLength: 1 } }, ['secret']) }, ['signing_secret']),
);
