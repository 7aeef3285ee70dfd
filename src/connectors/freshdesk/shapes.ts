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
  readonly requester_id?: Id | null;
  readonly responder_id?: Id | null;
  readonly group_id?: Id | null;
  readonly company_id?: Id | null;
  readonly cc_emails?: readonly unknown[] | null;
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
  readonly private?: boolean | null;
  readonly incoming?: boolean | null;
  readonly source?: number | null;
  readonly user_id?: Id | null;
  /** An address, an id, or null. */
  readonly from_email?: unknown;
  readonly attachments?: readonly FreshdeskAttachment[] | null;
  readonly created_at?: string | null;
  readonly updated_at?: string | null;
}

const FLAG = { type: ['boolean', 'null'] };
const NUMBER = { type: ['number', 'null'] };
const WHOLE = { type: ['integer', 'null'] };

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
    requester_id: NULLABLE_ID,
    responder_id: NULLABLE_ID,
    group_id: NULLABLE_ID,
    company_id: NULLABLE_ID,
    cc_emails: { type: ['array', 'null'] },
    custom_fields: { type: ['object', 'null'] },
    deleted: FLAG,
    spam: FLAG,
    created_at: TEXT,
    updated_at: TEXT,
    requester: { anyOf: [{ type: 'null' }, person] },
  },
  ['id'],
);
const attachment = object({ id: ID, name: TEXT, content_type: TEXT, attachment_url: TEXT, file_size: NUMBER, size: NUMBER }, ['id']);
const conversation = object(
  {
    id: ID,
    body: TEXT,
    private: FLAG,
    incoming: FLAG,
    source: WHOLE,
    user_id: NULLABLE_ID,
    attachments: { type: ['array', 'null'], items: attachment },
    created_at: TEXT,
    updated_at: TEXT,
  },
  ['id'],
);
const agent = object({ id: ID, contact: object({ name: TEXT, email: TEXT }) }, ['id', 'contact']);

export const oneTicket = shape<FreshdeskTicket>('a ticket', ticket);
export const manyTickets = shape<readonly FreshdeskTicket[]>('a list of tickets', list(ticket));
export const searched = shape<{ readonly results: readonly FreshdeskTicket[] }>('a search result', object({ results: list(ticket) }, ['results']));
export const oneConversation = shape<FreshdeskConversation>('a conversation', conversation);
export const manyConversations = shape<readonly FreshdeskConversation[]>('a list of conversations', list(conversation));
export const oneAgent = shape<FreshdeskAgent>('an agent', agent);
export const manyAgents = shape<readonly FreshdeskAgent[]>('a list of agents', list(agent));
export const oneContact = shape<FreshdeskPerson>('a contact', person);

export interface ErrorBody {
  readonly code?: string;
  readonly message?: string;
  readonly description?: string;
  readonly errors?: readonly { readonly field?: string | null; readonly message?: string | null; readonly code?: string | null }[];
}

const STRING = { type: 'string' };
export const errorBody = maybe<ErrorBody>(
  object({
    code: STRING,
    message: STRING,
    description: STRING,
    errors: list(object({ field: TEXT, message: TEXT, code: TEXT })),
  }),
);
