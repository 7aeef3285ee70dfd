/** Tickets, requests and users as documents. The order of a ticket's attributes is that of the vendor's own example. */
import type { StoredFile } from '../kit/files.ts';
import { leaf, list, nil, record, type Element } from './document.ts';
import { CUSTOM_FIELDS, GROUPS, type Comment, type Ticket, type User } from './model.ts';

export interface Showing {
  /** The desk's address, for files. */
  url(): string;
  /** Whether requests show their subject; the vendor's example does not. */
  requestSubject(): boolean;
}

const attachment = (file: StoredFile, url: string): Element =>
  record('attachment', [
    leaf('content-type', file.type),
    leaf('created-at', new Date(file.at).toISOString().replace(/\.\d+Z$/, 'Z')),
    leaf('filename', file.filename),
    leaf('id', file.id),
    leaf('is-public', true),
    leaf('size', file.bytes.length),
    leaf('token', file.token),
    leaf('url', `${url}/attachments/token/${file.token}/?name=${encodeURIComponent(file.filename)}`),
  ]);

const array = (name: string, items: readonly Element[]): Element => list(name, items, { type: 'array' });

const commentOf = (comment: Comment, url: string, agent: boolean): Element =>
  record('comment', [
    leaf('author-id', comment.author_id),
    leaf('created-at', comment.created_at),
    ...(agent ? [leaf('is-public', comment.is_public)] : []),
    leaf('value', comment.value),
    ...(agent ? [leaf('via-id', comment.via_id), leaf('via-reference-id', null)] : []),
    ...(comment.attachments.length > 0 ? [array('attachments', comment.attachments.map((file) => attachment(file, url)))] : []),
  ]);

export function showTicket(ticket: Ticket, { url }: Showing): Element {
  return record('ticket', [
    leaf('assigned-at', ticket.assigned_at),
    leaf('assignee-id', ticket.assignee_id),
    leaf('assignee-updated-at', ticket.assignee_updated_at),
    leaf('created-at', ticket.created_at),
    leaf('subject', ticket.subject),
    leaf('description', ticket.description),
    leaf('external-id', ticket.external_id),
    leaf('group-id', ticket.group_id),
    leaf('id', ticket.id),
    leaf('linked-id', null),
    leaf('priority-id', ticket.priority_id),
    leaf('submitter-id', ticket.submitter_id),
    leaf('status-id', ticket.status_id),
    leaf('status-updated-at', ticket.status_updated_at),
    leaf('requester-id', ticket.requester_id),
    leaf('requester-updated-at', ticket.requester_updated_at),
    leaf('ticket-type-id', ticket.ticket_type_id),
    leaf('updated-at', ticket.updated_at),
    leaf('via-id', ticket.via_id),
    leaf('current-tags', ticket.tags.join(' ')),
    leaf('score', 28),
    array('comments', ticket.comments.map((comment) => commentOf(comment, url(), true))),
    array(
      'ticket-field-entries',
      CUSTOM_FIELDS.filter(({ id }) => ticket.fields.has(id)).map(({ id }) =>
        record('ticket-field-entry', [leaf('ticket-field-id', id), leaf('value', ticket.fields.get(id) ?? null)]),
      ),
    ),
  ]);
}

/** The same for the end user whose request it is: fewer attributes, `nice-id`, public comments only. */
export function showRequest(ticket: Ticket, organization: number | null, { url, requestSubject }: Showing): Element {
  return record('ticket', [
    leaf('created-at', ticket.created_at),
    ...(requestSubject() ? [leaf('subject', ticket.subject)] : []),
    leaf('description', ticket.description),
    leaf('nice-id', ticket.id),
    nil('organization-id', organization),
    leaf('via-id', ticket.via_id),
    array('comments', ticket.comments.filter((comment) => comment.is_public).map((comment) => commentOf(comment, url(), false))),
  ]);
}

export function showUser(user: User): Element {
  const groups = GROUPS.filter(({ members }) => members.includes(user.id));
  return record('user', [
    leaf('created-at', user.created_at),
    leaf('email', user.email),
    leaf('id', user.id),
    leaf('is-active', true),
    leaf('is-verified', true),
    leaf('name', user.name),
    leaf('roles', user.role),
    leaf('restriction-id', user.role === 0 ? 4 : 0),
    leaf('time-format', 0),
    leaf('time-zone', '(GMT +01:00) Brussels, Copenhagen, Madrid, Paris'),
    leaf('updated-at', user.created_at),
    leaf('organization-id', user.organization_id),
    list('groups', groups.map(({ id, name }) => record('group', [leaf('id', id), leaf('is-active', true), leaf('name', name)]))),
  ]);
}
