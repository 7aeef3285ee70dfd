/** Unified tickets and comments as the Help Desk API shows them, and what it takes as the unified fields of a write. Pure. */
import type { Attachment, Comment, Person, Ticket, TicketFieldName, TicketFields, Warning } from '../../core/model.ts';
import { idOf } from './ids.ts';

/** Makes addresses of this API: absolute, from a path that begins with `/v1`. */
export type Href = (path: string) => string;

export interface Shown {
  readonly account_id: number;
  readonly href: Href;
  /** The desk's own object, where it was asked for. */
  readonly raw?: unknown;
  /** Of a write. */
  readonly warnings?: readonly Warning[];
}

export function ticketPath(accountId: number, ticketId: string): string {
  return `/v1/accounts/${accountId}/helpdesk/tickets/${idOf('ticket', ticketId)}`;
}

export function commentPath(accountId: number, ticketId: string, commentId: string): string {
  return `${ticketPath(accountId, ticketId)}/comments/${idOf('comment', commentId)}`;
}

/** Absent is null: to the API's clients both are the same. */
export function shownTicket(ticket: Ticket, shown: Shown): object {
  const path = ticketPath(shown.account_id, ticket.id);
  return {
    api: 'helpdesk',
    id: idOf('ticket', ticket.id),
    type: 'ticket',
    href: shown.href(path),
    ticket_type: ticket.ticket_type ?? null,
    subject: ticket.subject ?? null,
    description: ticket.description ?? null,
    priority: ticket.priority ?? null,
    status: ticket.status ?? null,
    tags: ticket.tags ?? null,
    public: ticket.public ?? null,
    due_at: ticket.due_at ?? null,
    custom_properties: ticket.custom_properties?.map(({ id, value }) => ({ id, value: value ?? null })) ?? null,
    group: ticket.group ?? null,
    company: ticket.company ?? null,
    requester: ticket.requester == null ? null : shownPerson(ticket.requester),
    submitter: ticket.submitter ?? null,
    assignee: identifierOf(ticket.assignee),
    email_ccs: ticket.email_ccs?.map(shownPerson) ?? null,
    followers: ticket.followers?.map(shownPerson) ?? null,
    attachments: ticket.attachments?.map((file) => shownFile(file, path, shown.href)) ?? null,
    created_at: ticket.created_at,
    modified_at: ticket.modified_at,
    ...extras(shown),
  };
}

export function shownComment(comment: Comment, ticketId: string, shown: Shown): object {
  const path = commentPath(shown.account_id, ticketId, comment.id);
  return {
    api: 'helpdesk',
    id: idOf('comment', comment.id),
    type: 'comment',
    href: shown.href(path),
    content: comment.content,
    author: identifierOf(comment.author),
    public: comment.public,
    attachments: comment.attachments.map((file) => shownFile(file, path, shown.href)),
    created_at: comment.created_at,
    modified_at: comment.modified_at,
    ...extras(shown),
  };
}

function extras({ raw, warnings }: Shown): object {
  return { ...(raw === undefined ? {} : { raw }), ...(warnings === undefined ? {} : { warnings }) };
}

function shownPerson({ user_id: userId, email, name }: Person): object {
  return { user_id: userId, email, name };
}

function identifierOf(person: Person | null | undefined): string | null {
  return person?.user_id ?? person?.email ?? null;
}

function shownFile({ id, filename, content_type: type, url, thumb_url: thumb, size }: Attachment, path: string, href: Href): object {
  return { id, filename, content_type: type, url, thumb_url: thumb, size, href: href(`${path}/attachments/${encodeURIComponent(id)}`) };
}

/** A body of `ticket-create` or `ticket-update`. */
export interface TicketBody {
  readonly ticket_type?: string | null;
  readonly subject?: string | null;
  readonly description?: string | null;
  readonly priority?: TicketFields['priority'];
  readonly status?: TicketFields['status'];
  readonly tags?: readonly string[] | null;
  readonly public?: boolean | null;
  readonly due_at?: string | null;
  readonly custom_properties?: readonly { readonly id: string; readonly value: unknown }[] | null;
  readonly group?: string | null;
  readonly company?: string | null;
  readonly requester?: PersonBody | null;
  readonly submitter?: string | null;
  readonly assignee?: string | null;
  readonly email_ccs?: readonly PersonBody[] | null;
  readonly followers?: readonly PersonBody[] | null;
}

interface PersonBody {
  readonly user_id?: string | null;
  readonly email?: string | null;
  readonly name?: string | null;
}

const FIELDS: readonly TicketFieldName[] = [
  'subject', 'description', 'status', 'priority', 'ticket_type', 'tags', 'public', 'due_at', 'custom_properties', 'group', 'company',
  'requester', 'submitter', 'assignee', 'email_ccs', 'followers',
];
export { FIELDS as TICKET_FIELDS };

/** What an object has of its own and nobody can write. */
const READ_ONLY: ReadonlySet<string> = new Set(['id', 'api', 'type', 'href', 'attachments', 'created_at', 'modified_at', 'raw', 'warnings']);

/** The fields that a body names, as the desk's connector takes them; null stays where `nulls` says so. */
export function writtenFields(body: TicketBody, { nulls }: { readonly nulls: boolean }): TicketFields {
  const fields: Partial<Record<TicketFieldName, unknown>> = {};
  for (const name of FIELDS) {
    const value = body[name];
    if (value === undefined || (value === null && !nulls)) continue;
    fields[name] = value === null ? emptied(name) : unified(name, body);
  }
  return fields as TicketFields;
}

function emptied(name: TicketFieldName): unknown {
  return name === 'tags' || name === 'email_ccs' || name === 'followers' || name === 'custom_properties' ? [] : null;
}

function unified(name: TicketFieldName, body: TicketBody): unknown {
  switch (name) {
    case 'due_at':
      return body.due_at == null ? null : new Date(body.due_at).toISOString().replace(/\.\d+Z$/, 'Z');
    case 'requester':
      return body.requester == null ? null : person(body.requester);
    case 'assignee':
      return body.assignee == null ? null : identified(body.assignee);
    case 'email_ccs':
    case 'followers':
      return body[name]?.map(person);
    default:
      return body[name];
  }
}

function person({ user_id: userId = null, email = null, name = null }: PersonBody): Person {
  return { user_id: userId, email, name };
}

/** An e-mail address, or else an id of the desk's own. */
function identified(text: string): Person {
  return text.includes('@') ? { user_id: null, email: text, name: null } : { user_id: text, email: null, name: null };
}

/** What of a body nobody can write. */
export function ignoredIn(body: object, known: readonly string[]): readonly Warning[] {
  return Object.keys(body)
    .filter((name) => !known.includes(name))
    .slice(0, 50)
    .map((name) => ({
      field: name.slice(0, 200),
      reason: READ_ONLY.has(name) ? 'it is the desk that sets it' : 'it is not an attribute of this object',
    }));
}
