/** What is used of Helpdesk's answers, and nothing else. https://airclou.com/api/helpdesk/tickets (seed 001) */
import { ID, list, maybe, NULLABLE_ID, object, shape, TEXT } from '../kit/shape.ts';
import type { Paged } from './paging.ts';

type Id = number | string;

export interface HelpdeskTicket {
  readonly id: Id;
  readonly subject?: string | null;
  readonly status?: string | null;
  readonly priority?: string | null;
  readonly type?: string | null;
  readonly assigneeId?: string | null;
  readonly requesterEmail?: string | null;
  readonly requesterName?: string | null;
  readonly tags?: readonly string[] | null;
  readonly customFields?: readonly { readonly id: Id; readonly value?: unknown }[] | null;
  readonly createdAt?: string | null;
  readonly updatedAt?: string | null;
}

export interface HelpdeskMessage {
  readonly id: Id;
  readonly type?: string | null;
  readonly content?: string | null;
  readonly textContent?: string | null;
  readonly authorId?: Id | null;
  readonly attachments?: readonly unknown[] | null;
  readonly ccs?: readonly unknown[] | null;
  readonly createdAt?: string | null;
  readonly updatedAt?: string | null;
}

/** A file of a message. The vendor names `token`, `name` and `size`; the rest is guessed (?). */
export interface HelpdeskFile {
  readonly id?: Id | null;
  readonly token?: Id | null;
  readonly name?: string | null;
  readonly filename?: string | null;
  readonly size?: number | null;
  readonly url?: string | null;
  readonly downloadUrl?: string | null;
  readonly contentType?: string | null;
  readonly mimeType?: string | null;
}

/** A ticket field's definition. https://airclou.com/api/helpdesk/ticket-fields */
export interface HelpdeskField {
  readonly id: Id;
  readonly fieldKey?: string | null;
  readonly type?: string | null;
  readonly active?: boolean | null;
  /** Texts or objects (?). */
  readonly options?: readonly unknown[] | null;
}

export interface HelpdeskWebhook {
  readonly id: Id;
  readonly name?: string | null;
  readonly targetUrl?: string | null;
  readonly events?: readonly string[] | null;
  readonly active?: boolean | null;
  /** In the answer of a create only. */
  readonly signingSecret?: string | null;
}

const ticket = object(
  {
    id: ID,
    subject: TEXT,
    status: TEXT,
    priority: TEXT,
    type: TEXT,
    assigneeId: TEXT,
    requesterEmail: TEXT,
    requesterName: TEXT,
    tags: { type: ['array', 'null'], items: { type: 'string' } },
    customFields: { type: ['array', 'null'], items: object({ id: ID }, ['id']) },
    createdAt: TEXT,
    updatedAt: TEXT,
  },
  ['id'],
);
const message = object(
  {
    id: ID,
    type: TEXT,
    content: TEXT,
    textContent: TEXT,
    authorId: NULLABLE_ID,
    attachments: { type: ['array', 'null'] },
    ccs: { type: ['array', 'null'] },
    createdAt: TEXT,
    updatedAt: TEXT,
  },
  ['id'],
);
const paging = {
  meta: { type: ['object', 'null'], properties: { hasMore: { type: ['boolean', 'null'] }, afterCursor: TEXT } },
  links: { type: ['object', 'null'], properties: { next: TEXT } },
};
const webhook = object(
  {
    id: ID,
    name: TEXT,
    targetUrl: TEXT,
    events: { type: ['array', 'null'], items: { type: 'string' } },
    active: { type: ['boolean', 'null'] },
    signingSecret: TEXT,
  },
  ['id'],
);

export const manyTickets = shape<{ readonly tickets: readonly HelpdeskTicket[] } & Paged>(
  'a list of tickets',
  object({ tickets: list(ticket), ...paging }, ['tickets']),
);

/** "The ticket object" of a create may or may not be wrapped (?). */
export const oneTicket = shape<{ readonly ticket: HelpdeskTicket } | HelpdeskTicket>('a ticket', {
  anyOf: [object({ ticket }, ['ticket']), ticket],
});
/** An update's answer is not documented: used where it shows the ticket. */
export const perhapsTicket = maybe<{ readonly ticket: HelpdeskTicket } | HelpdeskTicket>({ anyOf: [object({ ticket }, ['ticket']), ticket] });

export function unwrapTicket(body: { readonly ticket: HelpdeskTicket } | HelpdeskTicket): HelpdeskTicket {
  return 'ticket' in body ? body.ticket : body;
}

type Messages = { readonly messages: readonly HelpdeskMessage[] } | { readonly data: readonly HelpdeskMessage[] } | readonly HelpdeskMessage[];

/** The envelope is not documented (?). */
export const manyMessages = shape<Messages>('a list of messages', {
  anyOf: [object({ messages: list(message) }, ['messages']), object({ data: list(message) }, ['data']), list(message)],
});

export function unwrapMessages(body: Messages): readonly HelpdeskMessage[] {
  if ('messages' in body) return body.messages;
  return 'data' in body ? body.data : body;
}

type Message = { readonly message: HelpdeskMessage } | { readonly data: HelpdeskMessage } | HelpdeskMessage;

export const oneMessage = shape<Message>('a message', {
  anyOf: [object({ message }, ['message']), object({ data: message }, ['data']), message],
});

export function unwrapMessage(body: Message): HelpdeskMessage {
  if ('message' in body) return body.message;
  return 'data' in body ? body.data : body;
}

export const manyWebhooks = shape<{ readonly webhooks: readonly HelpdeskWebhook[] } & Paged>(
  'a list of webhooks',
  object({ webhooks: list(webhook), ...paging }, ['webhooks']),
);

export const oneWebhook = shape<{ readonly webhook: HelpdeskWebhook } | HelpdeskWebhook>('a webhook', {
  anyOf: [object({ webhook }, ['webhook']), webhook],
});

/** A ticket as a webhook may carry it. */
export const carriedTicket = maybe<HelpdeskTicket>(ticket);

const file = object(
  {
    id: NULLABLE_ID,
    token: NULLABLE_ID,
    name: TEXT,
    filename: TEXT,
    size: { type: ['number', 'null'] },
    url: TEXT,
    downloadUrl: TEXT,
    contentType: TEXT,
    mimeType: TEXT,
  },
  [],
);

/** A file, and somebody in cc, as a message may carry them. */
export const carriedFile = maybe<HelpdeskFile>(file);
export const carriedCc = maybe<{ readonly email: string; readonly name?: string | null }>(object({ email: { type: 'string' }, name: TEXT }, ['email']));

const ticketField = object(
  { id: ID, fieldKey: TEXT, type: TEXT, active: { type: ['boolean', 'null'] }, options: { type: ['array', 'null'] } },
  ['id'],
);

export const manyTicketFields = shape<{ readonly ticketFields: readonly HelpdeskField[] } & Paged>(
  'a list of ticket fields',
  object({ ticketFields: list(ticketField), ...paging }, ['ticketFields']),
);
