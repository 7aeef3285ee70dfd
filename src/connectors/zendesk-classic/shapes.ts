/**
 * What is used of a classic Zendesk's answers, after `wire.ts`: all scalars are texts. Sources: the vendor's pages of 2009 to
 * 2013 for tickets, requests, users, groups and Twitter accounts; attachments and ticket fields as clients of that time read them.
 */
import type { JsonSchema } from '../../ports/connector.ts';
import { list, object, shape, TEXT } from '../kit/shape.ts';

export interface ClassicAttachment {
  readonly id?: string | null;
  readonly filename?: string | null;
  readonly content_type?: string | null;
  readonly size?: string | null;
  readonly url?: string | null;
}

export interface ClassicComment {
  readonly author_id?: string | null;
  readonly created_at?: string | null;
  /** Requests do not tell it: what an end user sees is public. */
  readonly is_public?: string | null;
  readonly value?: string | null;
  readonly attachments?: readonly ClassicAttachment[] | null;
}

export interface ClassicTicket {
  /** `nice_id` where the answer tells it: the number in a ticket's address. */
  readonly id?: string | null;
  readonly nice_id?: string | null;
  readonly subject?: string | null;
  readonly description?: string | null;
  readonly external_id?: string | null;
  readonly status_id?: string | null;
  readonly priority_id?: string | null;
  readonly ticket_type_id?: string | null;
  readonly requester_id?: string | null;
  readonly submitter_id?: string | null;
  readonly assignee_id?: string | null;
  readonly group_id?: string | null;
  readonly organization_id?: string | null;
  /** Parted by blanks. */
  readonly current_tags?: string | null;
  readonly created_at?: string | null;
  readonly updated_at?: string | null;
  readonly comments?: readonly ClassicComment[] | null;
  readonly ticket_field_entries?: readonly { readonly ticket_field_id: string; readonly value?: string | null }[] | null;
}

export interface ClassicUser {
  readonly id: string;
  readonly email?: string | null;
  readonly name?: string | null;
  /** 0 is an end user; agents and administrators have more. */
  readonly roles?: string | null;
  readonly role?: string | null;
  readonly is_active?: string | null;
}

export interface ClassicGroup {
  readonly id: string;
  readonly name?: string | null;
  readonly is_active?: string | null;
  readonly users?: readonly ClassicUser[] | null;
}

export interface ClassicField {
  readonly id: string;
  /** Such as `FieldText`. */
  readonly type?: string | null;
  readonly is_active?: string | null;
  readonly custom_field_options?: readonly { readonly name?: string | null; readonly value?: string | null }[] | null;
}

export interface Listed<T> {
  readonly rows: readonly T[];
  readonly count: string | null;
}

const ID = { type: 'string', pattern: '^[1-9][0-9]{0,19}$' };
const entries = (item: object): JsonSchema => ({ anyOf: [{ type: 'null' }, { type: 'array', items: item }] });
const listed = (item: JsonSchema): JsonSchema => ({ type: 'object', required: ['rows'], properties: { rows: list(item), count: TEXT } });

const attachment = object({ id: TEXT, filename: TEXT, content_type: TEXT, size: TEXT, url: TEXT });
const comment = object({ author_id: TEXT, created_at: TEXT, is_public: TEXT, value: TEXT, attachments: entries(attachment) });
const ticket = {
  ...object({
    id: TEXT, nice_id: TEXT, subject: TEXT, description: TEXT, external_id: TEXT, status_id: TEXT, priority_id: TEXT, ticket_type_id: TEXT,
    requester_id: TEXT, submitter_id: TEXT, assignee_id: TEXT, group_id: TEXT, organization_id: TEXT,
    current_tags: TEXT, created_at: TEXT, updated_at: TEXT, comments: entries(comment),
    ticket_field_entries: entries(object({ ticket_field_id: ID, value: TEXT }, ['ticket_field_id'])),
  }),
  anyOf: [{ required: ['nice_id'], properties: { nice_id: ID } }, { required: ['id'], properties: { id: ID } }],
};
const user = object({ id: ID, email: TEXT, name: TEXT, roles: TEXT, role: TEXT, is_active: TEXT }, ['id']);
const group = object({ id: ID, name: TEXT, is_active: TEXT, users: entries(user) }, ['id']);
const field = object({ id: ID, type: TEXT, is_active: TEXT, custom_field_options: entries(object({ name: TEXT, value: TEXT })) }, ['id']);

export const oneTicket = shape<ClassicTicket>('a ticket', ticket);
export const manyTickets = shape<Listed<ClassicTicket>>('a list of tickets', listed(ticket));
export const oneUser = shape<ClassicUser>('a user', user);
export const manyUsers = shape<Listed<ClassicUser>>('a list of users', listed(user));
export const manyGroups = shape<Listed<ClassicGroup>>('a list of groups', listed(group));
export const manyFields = shape<Listed<ClassicField>>('a list of ticket fields', listed(field));
export const manyHandles = shape<Listed<{ readonly id: string; readonly screen_name?: string | null }>>(
  'a list of Twitter accounts',
  listed(object({ id: ID, screen_name: TEXT }, ['id'])),
);

/** An id that somebody or something can have: nobody is null, 0 or, for the system itself, less. */
export function idOf(value: string | null | undefined): string | null {
  return value != null && /^[1-9][0-9]{0,19}$/.test(value) ? value : null;
}

/** The ticket's number. */
export function numberOf(raw: ClassicTicket): string {
  return idOf(raw.nice_id) ?? raw.id ?? '';
}
