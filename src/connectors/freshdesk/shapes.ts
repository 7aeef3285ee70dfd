/**
 * What is used of Freshdesk's answers, and nothing else: live answers carry keys that the reference does not name, and
 * lists come as null or as [] for the same meaning. https://developers.freshdesk.com/api/#tickets
 */
import { ID, list, maybe, NULLABLE_ID, object, shape, TEXT } from '../kit/shape.ts';

type Id = number | string;

export interface FreshdeskTicket {
  readonly id: Id;
  readonly subject?: string | null;
  /** HTML. In lists only if asked for. */
  readonly description?: string | null;
  readonly status?: number | null;
  readonly priority?: number | null;
  readonly type?: string | null;
  readonly tags?: readonly string[] | null;
  readonly due_by?: string | null;
  readonly source?: number | null;
  readonly requester_id?: Id | null;
  readonly responder_id?: Id | null;
  readonly group_id?: Id | null;
  readonly company_id?: Id | null;
  readonly cc_emails?: readonly unknown[] | null;
  readonly ticket_cc_emails?: readonly unknown[] | null;
  /** Only where one ticket is shown, not in lists. */
  readonly attachments?: readonly FreshdeskAttachment[] | null;
  readonly custom_fields?: Readonly<Record<string, unknown>> | null;
  /** Present on trashed tickets, absent from live ones. */
  readonly deleted?: boolean | null;
  readonly spam?: boolean | null;
  readonly created_at?: string | null;
  readonly updated_at?: string | null;
  /** Only if asked for. */
  readonly requester?: FreshdeskPerson | null;
}

export interface FreshdeskPerson {
  readonly id: Id;
  readonly name?: string | null;
  readonly email?: string | null;
}

export interface FreshdeskAgent {
  readonly id: Id;
  readonly contact: { readonly name?: string | null; readonly email?: string | null };
}

export interface FreshdeskAttachment {
  readonly id: Id;
  readonly name?: string | null;
  readonly content_type?: string | null;
  readonly attachment_url?: string | null;
  /** One of the two. */
  readonly file_size?: number | null;
  readonly size?: number | null;
}

export interface FreshdeskConversation {
  readonly id: Id;
  readonly body?: string | null;
  /** Of chats. */
  readonly structured_body?: StructuredBody | null;
  readonly private?: boolean | null;
  readonly incoming?: boolean | null;
  readonly source?: number | null;
  readonly user_id?: Id | null;
  /** An address, with a name or without; an id; or null. */
  readonly from_email?: unknown;
  /** The rule that wrote it. */
  readonly automation_id?: Id | null;
  /** The account's own answer to a new ticket. */
  readonly auto_response?: boolean | null;
  readonly attachments?: readonly FreshdeskAttachment[] | null;
  readonly created_at?: string | null;
  readonly updated_at?: string | null;
}

export interface StructuredBody {
  readonly body_contents?: readonly { readonly type?: unknown; readonly data?: { readonly content?: unknown } | null }[] | null;
}

/** A field of the account's form, as agents or as administrators see it. */
export interface FreshdeskField {
  readonly name: string;
  readonly type: string;
  readonly default?: boolean | null;
  readonly required_for_agents?: boolean | null;
  /** A list, or an object, in many shapes. */
  readonly choices?: unknown;
  readonly nested_ticket_fields?: readonly FreshdeskLevel[] | null;
  readonly dependent_fields?: readonly FreshdeskLevel[] | null;
}

export interface FreshdeskLevel {
  readonly name: string;
  readonly level?: number | null;
}

const FLAG = { type: ['boolean', 'null'] };
const NUMBER = { type: ['number', 'null'] };
const WHOLE = { type: ['integer', 'null'] };

const attachment = object({ id: ID, name: TEXT, content_type: TEXT, attachment_url: TEXT, file_size: NUMBER, size: NUMBER }, ['id']);
const ATTACHMENTS = { type: ['array', 'null'], items: attachment };
const person = object({ id: ID, name: TEXT, email: TEXT }, ['id']);
const ticket = object(
  {
    id: ID,
    subject: TEXT,
    description: TEXT,
    status: WHOLE,
    priority: WHOLE,
    type: TEXT,
    tags: { type: ['array', 'null'], items: { type: 'string' } },
    due_by: TEXT,
    source: WHOLE,
    requester_id: NULLABLE_ID,
    responder_id: NULLABLE_ID,
    group_id: NULLABLE_ID,
    company_id: NULLABLE_ID,
    cc_emails: { type: ['array', 'null'] },
    ticket_cc_emails: { type: ['array', 'null'] },
    attachments: ATTACHMENTS,
    custom_fields: { type: ['object', 'null'] },
    deleted: FLAG,
    spam: FLAG,
    created_at: TEXT,
    updated_at: TEXT,
    requester: { anyOf: [{ type: 'null' }, person] },
  },
  ['id'],
);
const structured = {
  type: ['object', 'null'],
  properties: { body_contents: { type: ['array', 'null'], items: { type: 'object', properties: { data: { type: ['object', 'null'] } } } } },
};
const conversation = object(
  {
    id: ID,
    body: TEXT,
    structured_body: structured,
    private: FLAG,
    incoming: FLAG,
    source: WHOLE,
    user_id: NULLABLE_ID,
    automation_id: NULLABLE_ID,
    auto_response: FLAG,
    attachments: ATTACHMENTS,
    created_at: TEXT,
    updated_at: TEXT,
  },
  ['id'],
);
const agent = object({ id: ID, contact: object({ name: TEXT, email: TEXT }) }, ['id', 'contact']);

const levels = { type: ['array', 'null'], items: object({ name: { type: 'string' }, level: WHOLE }, ['name']) };
const field = object(
  { name: { type: 'string' }, type: { type: 'string' }, default: FLAG, required_for_agents: FLAG, nested_ticket_fields: levels, dependent_fields: levels },
  ['name', 'type'],
);

export const oneTicket = shape<FreshdeskTicket>('a ticket', ticket);
export const manyTickets = shape<readonly FreshdeskTicket[]>('a list of tickets', list(ticket));
export const searched = shape<{ readonly results: readonly FreshdeskTicket[] }>('a search result', object({ results: list(ticket) }, ['results']));
export const oneConversation = shape<FreshdeskConversation>('a conversation', conversation);
export const manyConversations = shape<readonly FreshdeskConversation[]>('a list of conversations', list(conversation));
export const oneAgent = shape<FreshdeskAgent>('an agent', agent);
export const manyAgents = shape<readonly FreshdeskAgent[]>('a list of agents', list(agent));
export const oneContact = shape<FreshdeskPerson>('a contact', person);
export const manyContacts = shape<readonly FreshdeskPerson[]>('a list of contacts', list(person));
export const manyFields = shape<readonly FreshdeskField[]>('the fields of a form', list(field));
export const foundCompanies = shape<{ readonly companies: readonly { readonly id: Id; readonly name: string }[] }>(
  'the companies of a name',
  object({ companies: list(object({ id: ID, name: { type: 'string' } }, ['id', 'name'])) }, ['companies']),
);

export interface ErrorBody {
  readonly code?: string;
  readonly message?: string;
  readonly description?: string;
  readonly errors?: readonly FreshdeskProblem[];
}

export interface FreshdeskProblem {
  readonly field?: string | null;
  readonly message?: string | null;
  readonly code?: string | null;
  /** Of a conflict: the user who holds the address. */
  readonly additional_info?: { readonly user_id?: Id | null } | null;
}

const STRING = { type: 'string' };
export const errorBody = maybe<ErrorBody>(
  object({
    code: STRING,
    message: STRING,
    description: STRING,
    errors: list(object({ field: TEXT, message: TEXT, code: TEXT, additional_info: { type: ['object', 'null'], properties: { user_id: NULLABLE_ID } } })),
  }),
);
