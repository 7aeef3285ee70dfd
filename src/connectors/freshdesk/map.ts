/**
 * Unified ↔ Freshdesk, pure. Numbers for status and priority, a list of types per account, tags as the only place for our
 * mark. https://developers.freshdesk.com/api/#ticket_attributes
 */
import type { Attachment, Comment, CommentDraft, Person, Priority, Status, Ticket, TicketFields, Warning } from '../../core/model.ts';
import { leaveOut, wireId } from '../kit/hold.ts';
import { escapeHtml, tidy } from '../kit/html.ts';
import { takeMark, takeTags, withMark } from '../kit/mark.ts';
import { clean } from '../kit/text.ts';
import { isoSeconds, isoTime } from '../kit/time.ts';
import type { FreshdeskAgent, FreshdeskAttachment, FreshdeskConversation, FreshdeskPerson, FreshdeskTicket } from './shapes.ts';

/** What of the account's settings the mapping needs. */
export interface Words {
  readonly statuses: Readonly<Record<string, Status>>;
  readonly types: readonly string[];
}

const STATUS_WRITTEN: Readonly<Record<Status, number>> = { open: 2, pending: 3, resolved: 4, closed: 5 };
const STATUS_READ: Readonly<Record<string, Status>> = { 2: 'open', 3: 'pending', 4: 'resolved', 5: 'closed' };
const PRIORITY_WRITTEN: Readonly<Record<Priority, number>> = { low: 1, normal: 2, high: 3, urgent: 4 };
const PRIORITY_READ: Readonly<Record<string, Priority>> = { 1: 'low', 2: 'normal', 3: 'high', 4: 'urgent' };
/** Words that other desks write in lower case; Freshdesk's own spelling is a matter of its list. */
const SHARED_TYPES: readonly string[] = ['question', 'incident', 'problem', 'task'];
const LONGEST_TAG = 32;

/** What Freshdesk would show of `fields`, and what it cannot hold. Reading back a write of the same fields gives exactly `held`. */
export function hold(fields: TicketFields, words: Words): { readonly held: TicketFields; readonly warnings: readonly Warning[] } {
  const { held, warnings, keep, keepPerson, drop } = leaveOut();
  if (fields.subject !== undefined) {
    const subject = clean(fields.subject ?? '').trim();
    if (subject === '') drop('subject', 'Freshdesk needs a subject');
    else keep({ subject });
  }
  if (fields.description !== undefined) {
    const description = tidy(fields.description ?? '');
    if (description === '') drop('description', 'Freshdesk needs a description');
    else keep({ description });
  }
  if (fields.status != null) keep({ status: fields.status });
  if (fields.priority != null) keep({ priority: fields.priority });
  if (fields.ticket_type !== undefined) {
    const type = fields.ticket_type === null ? null : typeHere(fields.ticket_type, words);
    if (type === undefined) drop('ticket_type', `the types here are ${words.types.join(', ')}`);
    else keep({ ticket_type: type === null ? null : readType(type) });
  }
  if (fields.tags !== undefined) {
    const own = takeTags([...new Set(fields.tags.map((tag) => clean(tag).trim()))]).tags.filter((tag) => tag !== '');
    const tags = own.filter((tag) => [...tag].length <= LONGEST_TAG);
    if (tags.length < own.length) drop('tags', `Freshdesk's tags are at most ${LONGEST_TAG} characters long`);
    keep({ tags });
  }
  if (fields.due_at !== undefined && fields.due_at !== null) {
    const due = isoSeconds(fields.due_at);
    if (due === null) drop('due_at', 'this is not a time');
    else keep({ due_at: due });
  }
  if (fields.requester != null) keepPerson('requester', fields.requester);
  if (fields.assignee !== undefined) keepPerson('assignee', fields.assignee);
  return { held: held(), warnings };
}

/** The account's own spelling of a type; undefined if it has none such. */
function typeHere(type: string, words: Words): string | undefined {
  const wanted = type.trim().toLowerCase();
  return words.types.find((known) => known.toLowerCase() === wanted);
}

function readType(type: string): string {
  const lower = type.toLowerCase();
  return SHARED_TYPES.includes(lower) ? lower : clean(type);
}

export interface Writing {
  readonly fields: TicketFields;
  /** `hold(fields)`, less what the client had to leave out. */
  readonly held: TicketFields;
  /** The agent that the assignee's e-mail stands for; null to unassign. Only asked if `held.assignee` is there. */
  readonly assigneeId: string | null;
  /** Our marks on the ticket: written with the tags, which are replaced as a whole. */
  readonly marks: readonly string[];
}

/** The body of a create. Status, priority, subject and description are always sent: forms ask for them. */
export function toNewTicket(writing: Writing, words: Words, requester: Person): Record<string, unknown> {
  const { held, marks } = writing;
  const subject = held.subject ?? '(no subject)';
  const body: Record<string, unknown> = {
    status: STATUS_WRITTEN.open,
    priority: PRIORITY_WRITTEN.low,
    description: escapeHtml(subject),
    ...toPatch(writing, words),
    subject,
    tags: [...(held.tags ?? []), ...marks],
    email: requester.email,
  };
  // Names a contact that is made by this call; a known one keeps its name.
  if (requester.name !== null) body.name = requester.name;
  if (body.responder_id === null) delete body.responder_id;
  if (body.type === null) delete body.type;
  return body;
}

/** The body of an update: only what changes, since whole objects are refused. */
export function toPatch({ fields, held, assigneeId, marks }: Writing, words: Words): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  if (held.subject != null) body.subject = held.subject;
  if (held.description != null) body.description = clean(fields.description ?? '');
  if (held.status != null) body.status = STATUS_WRITTEN[held.status];
  if (held.priority != null) body.priority = PRIORITY_WRITTEN[held.priority];
  if (held.ticket_type !== undefined) body.type = held.ticket_type === null ? null : (typeHere(held.ticket_type, words) ?? held.ticket_type);
  if (held.tags !== undefined) body.tags = [...held.tags, ...marks];
  if (held.due_at != null) {
    // One without the other is refused (?), so both are set to the same instant.
    body.due_by = held.due_at;
    body.fr_due_by = held.due_at;
  }
  if (held.assignee !== undefined) body.responder_id = assigneeId === null ? null : wireId(assigneeId);
  return body;
}

/** People as far as they are known; undefined leaves a field out. */
export interface Cast {
  readonly requester: Person | null | undefined;
  readonly assignee: Person | null | undefined;
}

export function fromTicket(raw: FreshdeskTicket, words: Words, cast: Cast): Ticket {
  const { tags, marks } = takeTags(raw.tags ?? []);
  const status = raw.status == null ? undefined : readStatus(raw.status, words);
  const priority = raw.priority == null ? undefined : PRIORITY_READ[String(raw.priority)];
  return {
    id: String(raw.id),
    key: marks[0] ?? null,
    is_deleted: raw.deleted === true || raw.spam === true,
    created_at: isoTime(raw.created_at),
    modified_at: isoTime(raw.updated_at),
    subject: raw.subject == null ? null : clean(raw.subject),
    // Absent from a list that was not asked for it: not read, which is not empty.
    ...(raw.description !== undefined && { description: raw.description === null ? null : tidy(raw.description) }),
    ...(status !== undefined && { status }),
    ...(priority !== undefined && { priority }),
    ticket_type: raw.type == null ? null : readType(raw.type),
    tags,
    public: true,
    due_at: isoSeconds(raw.due_by),
    ...(cast.requester !== undefined && { requester: cast.requester }),
    ...(cast.assignee !== undefined && { assignee: cast.assignee }),
    group: raw.group_id == null ? null : String(raw.group_id),
    company: raw.company_id == null ? null : String(raw.company_id),
    email_ccs: (raw.cc_emails ?? []).flatMap((email) => (typeof email === 'string' ? [{ user_id: null, email, name: null }] : [])),
    custom_properties: Object.entries(raw.custom_fields ?? {}).map(([id, value]) => ({ id, value })),
  };
}

function readStatus(status: number, words: Words): Status {
  const name = String(status);
  if (Object.hasOwn(STATUS_READ, name)) return STATUS_READ[name] ?? 'pending';
  return Object.hasOwn(words.statuses, name) ? (words.statuses[name] ?? 'pending') : 'pending';
}

export function marksOf(raw: FreshdeskTicket): readonly string[] {
  return takeTags(raw.tags ?? []).marks;
}

export function fromPerson(raw: FreshdeskPerson): Person {
  return { user_id: String(raw.id), email: raw.email?.trim() || null, name: raw.name?.trim() || null };
}

export function fromAgent(raw: FreshdeskAgent): Person {
  return fromPerson({ id: raw.id, ...raw.contact });
}

export function forecastComment(draft: CommentDraft): CommentDraft {
  return { content: tidy(draft.content), public: draft.public };
}

/** A note's text. `key` is null for a comment that is not ours and must not be made to look like it. */
export function toBody(draft: CommentDraft, key: string | null): string {
  const html = clean(draft.content);
  return key === null ? html : withMark(html, key);
}

export function fromConversation(raw: FreshdeskConversation, author: Person | null): Comment {
  // What comes from a customer is never ours, whatever it quotes.
  const said = tidy(raw.body ?? '');
  const { content, key } = raw.incoming === true ? { content: said, key: null } : takeMark(said);
  return {
    id: String(raw.id),
    content: key === null ? content : tidy(content),
    author,
    public: raw.private !== true,
    attachments: (raw.attachments ?? []).flatMap(fromAttachment),
    created_at: isoTime(raw.created_at),
    modified_at: isoTime(raw.updated_at),
    key,
  };
}

function fromAttachment(raw: FreshdeskAttachment): readonly Attachment[] {
  if (raw.attachment_url == null) return [];
  return [
    {
      id: String(raw.id),
      filename: raw.name ?? String(raw.id),
      content_type: raw.content_type ?? null,
      url: raw.attachment_url,
      thumb_url: null,
      size: raw.file_size ?? raw.size ?? null,
    },
  ];
}
