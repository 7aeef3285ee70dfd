/** What is used of HelpSpace's answers, and nothing else. Seed 003; https://documentation.helpspace.com/api-tickets, api-message */
import { ID, list, NULLABLE_ID, object, shape, TEXT } from '../kit/shape.ts';

export type Id = number | string;

/** Of a ticket the address is in `value`; of a message a client reads `email`, so both are taken. */
export interface HelpspaceContact {
  readonly id?: Id | null;
  readonly user_id?: Id | null;
  readonly name?: string | null;
  readonly value?: string | null;
  readonly email?: string | null;
  readonly type?: string | null;
}

export interface HelpspacePerson {
  readonly id: Id;
  readonly name?: string | null;
  readonly email?: string | null;
}

export interface HelpspaceTicket {
  readonly id: Id;
  readonly subject?: string | null;
  readonly channel?: { readonly id: Id; readonly value?: string | null; readonly type?: string | null } | null;
  readonly from_contact?: HelpspaceContact | null;
  readonly status?: string | number | null;
  readonly assignee?: HelpspacePerson | null;
  readonly team?: { readonly id: Id; readonly name?: string | null } | null;
  readonly creator?: HelpspacePerson | null;
  /** Objects with a name, or the names themselves (?). */
  readonly tags?: readonly (string | { readonly name?: string | null })[] | null;
  /** A map; an empty one comes as `[]`. */
  readonly custom_fields?: Readonly<Record<string, unknown>> | readonly unknown[] | null;
  readonly created_at?: string | null;
  readonly updated_at?: string | null;
  readonly deleted_at?: string | null;
}

/** The form of files in answers is not documented. */
export interface HelpspaceFile {
  readonly id: Id;
  readonly name?: string | null;
  readonly file_name?: string | null;
  readonly mime_type?: string | null;
  readonly size?: number | string | null;
  readonly url?: string | null;
}

export interface HelpspaceMessage {
  readonly id: Id;
  readonly type?: string | null;
  readonly from_contact?: HelpspaceContact | readonly unknown[] | null;
  readonly cc?: readonly (string | HelpspaceContact)[] | null;
  readonly body?: string | null;
  readonly attachments?: readonly HelpspaceFile[] | null;
  readonly inline_images?: readonly HelpspaceFile[] | null;
  readonly created_at?: string | null;
}

export interface HelpspaceTag {
  readonly id: Id;
  readonly name: string;
  readonly type?: string | null;
}

export interface HelpspaceWebhook {
  readonly headers?: readonly { readonly key: string; readonly value?: string | null }[] | null;
  readonly enabled?: boolean | number | null;
  readonly failed_count?: number | null;
  readonly url?: string | null;
  readonly secret?: string | null;
  readonly trigger?: Readonly<Record<string, Readonly<Record<string, unknown>> | readonly unknown[]>> | readonly unknown[] | null;
}

/** A page of a list: `links` and `meta` are printed as dots; what a client and the framework name is taken where it is there. */
export interface Listed<T> {
  readonly data: readonly T[];
  readonly links?: { readonly next?: string | null } | readonly unknown[] | null;
  readonly meta?: { readonly current_page?: number | null; readonly last_page?: number | null; readonly total?: number | null } | readonly unknown[] | null;
}

const COUNT = { type: ['integer', 'null'] };
const orEmptyList = (schema: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({ anyOf: [schema, { type: 'array' }, { type: 'null' }] });
const listed = (item: Readonly<Record<string, unknown>>) =>
  object({ data: list(item), links: orEmptyList(object({ next: TEXT })), meta: orEmptyList(object({ current_page: COUNT, last_page: COUNT, total: COUNT })) }, ['data']);

const contact = object({ id: NULLABLE_ID, user_id: NULLABLE_ID, name: TEXT, value: TEXT, email: TEXT, type: TEXT });
const person = object({ id: ID, name: TEXT, email: TEXT }, ['id']);
const nullable = (schema: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({ anyOf: [schema, { type: 'null' }] });

const ticket = object(
  {
    id: ID,
    subject: TEXT,
    channel: nullable(object({ id: ID, value: TEXT, type: TEXT }, ['id'])),
    from_contact: nullable(contact),
    status: { type: ['string', 'integer', 'null'] },
    assignee: nullable(person),
    team: nullable(object({ id: ID, name: TEXT }, ['id'])),
    creator: nullable(person),
    tags: { type: ['array', 'null'], items: { anyOf: [{ type: 'string' }, object({ name: TEXT })] } },
    custom_fields: { type: ['object', 'array', 'null'] },
    created_at: TEXT,
    updated_at: TEXT,
    deleted_at: TEXT,
  },
  ['id'],
);
const file = object({ id: ID, name: TEXT, file_name: TEXT, mime_type: TEXT, size: { type: ['number', 'string', 'null'] }, url: TEXT }, ['id']);
const message = object(
  {
    id: ID,
    type: TEXT,
    from_contact: orEmptyList(contact),
    cc: { type: ['array', 'null'], items: { anyOf: [{ type: 'string' }, contact] } },
    body: TEXT,
    attachments: { type: ['array', 'null'], items: file },
    inline_images: { type: ['array', 'null'], items: file },
    created_at: TEXT,
  },
  ['id'],
);
const webhook = object({
  headers: { type: ['array', 'null'], items: object({ key: { type: 'string' }, value: TEXT }, ['key']) },
  enabled: { type: ['boolean', 'integer', 'null'] },
  failed_count: COUNT,
  url: TEXT,
  secret: TEXT,
  trigger: orEmptyList({ type: 'object', additionalProperties: { type: ['object', 'array'] } }),
});

export const manyTickets = shape<Listed<HelpspaceTicket>>('a list of tickets', listed(ticket));
export const oneTicket = shape<{ readonly data: HelpspaceTicket }>('a ticket', object({ data: ticket }, ['data']));
export const manyMessages = shape<Listed<HelpspaceMessage>>('a list of messages', listed(message));
/** The answer of a create is seen in a client only: with and without its wrapper. */
export const oneMessage = shape<{ readonly data: HelpspaceMessage } | HelpspaceMessage>('a message', { anyOf: [object({ data: message }, ['data']), message] });

export function unwrapMessage(body: { readonly data: HelpspaceMessage } | HelpspaceMessage): HelpspaceMessage {
  return 'data' in body ? body.data : body;
}

export const manyTags = shape<Listed<HelpspaceTag>>('a list of tags', listed(object({ id: ID, name: { type: 'string' }, type: TEXT }, ['id', 'name'])));
export const manyPeople = shape<Listed<HelpspacePerson>>('a list of agents or teams', listed(person));
export const oneCustomer = shape<{ readonly data: HelpspacePerson }>('a customer', object({ data: person }, ['data']));

/** Documented under `data`; a client's tests have it under `webhooks`. */
export const oneWebhook = shape<{ readonly data: HelpspaceWebhook } | { readonly webhooks: HelpspaceWebhook }>('the webhook', {
  anyOf: [object({ data: webhook }, ['data']), object({ webhooks: webhook }, ['webhooks'])],
});

/** In the trash. */
export function isDeleted({ deleted_at: at }: Pick<HelpspaceTicket, 'deleted_at'>): boolean {
  return at != null && at !== '';
}

/** What a page says of itself; what is empty or missing says nothing. */
export function pageFacts<T>({ links, meta }: Listed<T>): {
  readonly next: string | null | undefined;
  readonly current: number | null;
  readonly last: number | null;
  readonly total: number | null;
} {
  const told = meta == null || Array.isArray(meta) ? {} : (meta as { readonly current_page?: number | null; readonly last_page?: number | null; readonly total?: number | null });
  const linked = links == null || Array.isArray(links) ? undefined : (links as { readonly next?: string | null }).next;
  return { next: linked, current: told.current_page ?? null, last: told.last_page ?? null, total: told.total ?? null };
}
