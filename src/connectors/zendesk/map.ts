/**
 * Unified ↔ Zendesk, pure. Status words and their traps: new and hold exist only here; `new` cannot be reached again once
 * a ticket was touched; a priority cannot be taken back. https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/
 */
import type { Attachment, Comment, CommentDraft, Person, Priority, Status, Ticket, TicketFields, Warning } from '../../core/model.ts';
import { escapeHtml, htmlToText, textToHtml, tidy } from '../kit/html.ts';
import { keyIn } from '../kit/mark.ts';
import { clean } from '../kit/text.ts';
import { isoSeconds, isoTime } from '../kit/time.ts';
import { leaveOut, wireId, without } from '../kit/hold.ts';
import type { ZendeskAttachment, ZendeskComment, ZendeskTicket, ZendeskUser } from './shapes.ts';

const STATUS_READ: Readonly<Record<string, Status>> = {
  new: 'open',
  open: 'open',
  pending: 'pending',
  hold: 'pending',
  solved: 'resolved',
  closed: 'closed',
};
const STATUS_WRITTEN: Readonly<Record<Status, string>> = { open: 'open', pending: 'pending', resolved: 'solved', closed: 'closed' };
const PRIORITIES: readonly string[] = ['low', 'normal', 'high', 'urgent'] satisfies readonly Priority[];
const TYPES: readonly string[] = ['problem', 'incident', 'question', 'task'];

/** What Zendesk would show of `fields`, and what it cannot hold. Reading back a write of the same fields gives exactly `held`. */
export function hold(fields: TicketFields): { readonly held: TicketFields; readonly warnings: readonly Warning[] } {
  const { held, warnings, keep, keepPerson, drop } = leaveOut();
  if (fields.subject !== undefined) keep({ subject: fields.subject === null ? null : clean(fields.subject) });
  if (fields.description !== undefined) {
    const shown = shownDescription(fields.description ?? '');
    if (shown === '') drop('description', 'Zendesk needs a first comment; the subject stands in for an empty one');
    else keep({ description: shown });
  }
  if (fields.status != null) keep({ status: fields.status });
  if (fields.priority != null) keep({ priority: fields.priority });
  if (fields.ticket_type !== undefined) {
    if (fields.ticket_type === null || TYPES.includes(fields.ticket_type)) keep({ ticket_type: fields.ticket_type });
    else drop('ticket_type', `Zendesk knows only ${TYPES.join(', ')}`);
  }
  if (fields.tags !== undefined) keep({ tags: zendeskTags(fields.tags) });
  if (fields.due_at !== undefined) {
    // Only tasks have a due date. A patch that does not say the type is left to the client, which knows the ticket.
    const due = isoSeconds(fields.due_at);
    if (fields.ticket_type !== undefined && fields.ticket_type !== 'task') {
      if (fields.due_at !== null) drop('due_at', 'Zendesk keeps a due date only on tickets of type task');
    } else if (fields.due_at !== null && due === null) drop('due_at', 'this is not a time');
    else keep({ due_at: due });
  }
  if (fields.requester != null) keepPerson('requester', fields.requester);
  if (fields.assignee !== undefined) keepPerson('assignee', fields.assignee);
  return { held: held(), warnings };
}

/** What reading a description of ours gives back: Zendesk shows it as plain text. */
function shownDescription(html: string): string {
  return ownWords(htmlToText(html));
}

/** A person's description: line by line as Zendesk shows it. */
function plainToHtml(text: string): string {
  return textToHtml(linesOf(text).join('\n').replace(/\n{3,}/g, '\n\n').trim());
}

/**
 * A description that we wrote, and that nobody can change: its words. How Zendesk turns paragraphs and lists into plain
 * text is not documented, and a guess that differs from it would look like somebody's edit.
 */
function ownWords(text: string): string {
  const lines = linesOf(text).map((line) => line.replace(/\s+/g, ' ').trim().replace(/^[-*•·◦] /, ''));
  return textToHtml(lines.filter((line) => line !== '').join('\n'));
}

function linesOf(text: string): readonly string[] {
  return asMeant(text)
    .split('\n')
    .map((line) => line.trimEnd());
}

/** Zendesk's tags are lower case and hold no blanks. */
function zendeskTags(tags: readonly string[]): readonly string[] {
  return [...new Set(tags.map((tag) => clean(tag).trim().toLowerCase().replace(/\s+/g, '_')))].filter((tag) => tag !== '');
}

/** `{{…}}` in a text would be filled in with the ticket's data; behind a backslash it stays as it is. */
export function neutralised(html: string): string {
  return html.replaceAll('{{', '\\{{');
}

/** Whether a desk shows the backslash or takes it away (?), both read as what was meant. */
function asMeant(text: string): string {
  return text.replaceAll('\\{{', '{{');
}

export interface Writing {
  readonly fields: TicketFields;
  /** `hold(fields)`, less what the client had to leave out. */
  readonly held: TicketFields;
  /** The agent that the assignee's e-mail stands for; null to unassign. Only asked if `held.assignee` is there. */
  readonly assigneeId: string | null;
}

/** The ticket of a create. */
export function toNewTicket({ fields, held, assigneeId }: Writing, key: string): Record<string, unknown> {
  const first = held.description === undefined ? escapeHtml(held.subject?.trim() || '-') : clean(fields.description ?? '');
  const body: Record<string, unknown> = {
    ...toPatch({ fields, held: without(held, ['subject']), assigneeId }),
    external_id: key,
    comment: { html_body: neutralised(first), public: fields.public ?? true },
  };
  if (held.subject != null) body.subject = held.subject;
  if (held.requester?.email != null) {
    // A person who is new to the desk needs a name.
    body.requester = { name: held.requester.name ?? held.requester.email.replace(/@.*$/, ''), email: held.requester.email };
  }
  return body;
}

/** The ticket of an update: only what changes. The external id is never touched: a human's stays, and ours is there. */
export function toPatch({ held, assigneeId }: Writing): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  if (held.subject !== undefined) body.subject = held.subject;
  if (held.status != null) body.status = STATUS_WRITTEN[held.status];
  if (held.priority != null) body.priority = held.priority;
  if (held.ticket_type !== undefined) body.type = held.ticket_type;
  if (held.tags !== undefined) body.tags = held.tags;
  if (held.due_at !== undefined) body.due_at = held.due_at;
  if (held.assignee !== undefined) body.assignee_id = assigneeId === null ? null : wireId(assigneeId);
  return body;
}

/** Looks a person up by id; undefined if this answer does not tell who it is. */
export type Who = (id: string) => Person | undefined;

export function fromTicket(raw: ZendeskTicket, who: Who): Ticket {
  const status = raw.status == null || !Object.hasOwn(STATUS_READ, raw.status) ? undefined : STATUS_READ[raw.status];
  const priority = raw.priority ?? null;
  const person = (id: number | string | null | undefined): Person | null | undefined => (id == null ? null : who(String(id)));
  const requester = person(raw.requester_id);
  const assignee = person(raw.assignee_id);
  const key = keyIn(raw.external_id);
  const described = key === null ? plainToHtml : ownWords;
  return {
    id: String(raw.id),
    key,
    is_deleted: raw.status === 'deleted',
    created_at: isoTime(raw.created_at),
    modified_at: isoTime(raw.updated_at),
    subject: raw.subject == null ? null : clean(raw.subject),
    // The description is the first comment. While nothing on the ticket is public, that comment is private: not for other desks.
    ...(raw.is_public !== false && { description: raw.description == null ? null : described(raw.description) }),
    ...(status !== undefined && { status }),
    ...((priority === null || PRIORITIES.includes(priority)) && { priority: priority as Priority | null }),
    ticket_type: raw.type ?? null,
    tags: raw.tags ?? [],
    public: raw.is_public ?? true,
    // Absent where there can be none, so that a change of type is not taken for a date that somebody took away.
    ...(raw.type === 'task' && { due_at: isoSeconds(raw.due_at) }),
    ...(requester !== undefined && { requester }),
    ...(assignee !== undefined && { assignee }),
    group: raw.group_id == null ? null : String(raw.group_id),
    company: raw.organization_id == null ? null : String(raw.organization_id),
    submitter: raw.submitter_id == null ? null : String(raw.submitter_id),
    custom_properties: (raw.custom_fields ?? []).map(({ id, value }) => ({ id: String(id), value: value ?? null })),
  };
}

export function fromUser(raw: ZendeskUser): Person {
  return { user_id: raw.id === null ? null : String(raw.id), email: raw.email?.trim() || null, name: raw.name?.trim() || null };
}

/** What reading a comment gives back of a draft. */
export function forecastComment(draft: CommentDraft): CommentDraft {
  return { content: tidy(asMeant(draft.content)), public: draft.public };
}

export function toComment(draft: CommentDraft): { readonly html_body: string; readonly public: boolean } {
  return { html_body: neutralised(clean(draft.content)), public: draft.public };
}

/** `body` is plain text; it stands in where an answer lacks `html_body`. */
export function fromComment(raw: ZendeskComment, who: Who): Comment {
  return {
    id: String(raw.id),
    content: contentOf(raw),
    author: raw.author_id == null ? null : (who(String(raw.author_id)) ?? { user_id: String(raw.author_id), email: null, name: null }),
    public: raw.public,
    attachments: (raw.attachments ?? []).flatMap(fromAttachment),
    created_at: isoTime(raw.created_at),
    modified_at: null,
    key: keyIn(raw.metadata?.custom?.deskmesh_key),
  };
}

function contentOf(raw: { readonly html_body?: string | null; readonly body?: string | null }): string {
  return tidy(asMeant(raw.html_body ?? textToHtml(raw.body ?? '')));
}

function fromAttachment(raw: ZendeskAttachment): readonly Attachment[] {
  if (raw.content_url == null) return [];
  return [
    {
      id: String(raw.id),
      filename: raw.file_name ?? String(raw.id),
      content_type: raw.content_type ?? null,
      url: raw.content_url,
      thumb_url: raw.thumbnails?.[0]?.content_url ?? null,
      size: raw.size ?? null,
    },
  ];
}
