/** Unified ↔ Helpdesk, pure. The words are nearly the unified ones; there is no description, due date, group or cc. */
import type { Comment, CommentDraft, Person, Priority, Status, Ticket, TicketFields, Warning } from '../../core/model.ts';
import { leaveOut } from '../kit/hold.ts';
import { htmlToText, textToHtml, tidy } from '../kit/html.ts';
import { takeMark, takeTags, withMark } from '../kit/mark.ts';
import { clean } from '../kit/text.ts';
import { isoTime } from '../kit/time.ts';
import type { Settings } from './settings.ts';
import type { HelpdeskMessage, HelpdeskTicket } from './shapes.ts';

const STATUS_READ: Readonly<Record<string, Status>> = { new: 'open', open: 'open', pending: 'pending', resolved: 'resolved', closed: 'closed' };
const PRIORITIES: readonly string[] = ['low', 'normal', 'high', 'urgent'] satisfies readonly Priority[];
const TYPES: readonly string[] = ['question', 'incident', 'problem', 'task'];

/** What of the account's settings the mapping needs. */
export type Words = Pick<Settings, 'agents' | 'description_field'>;

/** What Helpdesk would show of `fields`, and what it cannot hold. Reading back a write of the same fields gives exactly `held`. */
export function hold(fields: TicketFields, words: Words): { readonly held: TicketFields; readonly warnings: readonly Warning[] } {
  const { held, warnings, keep, keepPerson, drop } = leaveOut();
  if (fields.subject !== undefined) {
    const subject = clean(fields.subject ?? '').trim();
    if (subject === '') drop('subject', 'Helpdesk needs a subject');
    else keep({ subject });
  }
  if (fields.description !== undefined) {
    if (words.description_field !== undefined) {
      keep({ description: fields.description === null ? null : textToHtml(htmlToText(fields.description)) });
    } else if (fields.description !== null && fields.description !== '') {
      drop('description', 'Helpdesk has no field for it: name a custom one in description_field');
    }
  }
  if (fields.status != null) keep({ status: fields.status });
  if (fields.priority != null) keep({ priority: fields.priority });
  if (fields.ticket_type != null) {
    if (TYPES.includes(fields.ticket_type)) keep({ ticket_type: fields.ticket_type });
    else drop('ticket_type', `Helpdesk knows only ${TYPES.join(', ')}`);
  }
  if (fields.tags !== undefined) keep({ tags: takeTags([...new Set(fields.tags.map((tag) => clean(tag).trim()))]).tags.filter((tag) => tag !== '') });
  if (fields.due_at != null) drop('due_at', 'Helpdesk has no due dates');
  if (fields.requester != null) keepPerson('requester', fields.requester);
  if (fields.assignee !== undefined) {
    if (fields.assignee === null) {
      if (words.agents !== undefined) keep({ assignee: null });
    } else {
      const agent = agentOf(fields.assignee, words);
      if (agent === null) drop('assignee', 'nobody in the setting agents has this e-mail address');
      else keep({ assignee: agent });
    }
  }
  return { held: held(), warnings };
}

/** The agent of the settings with this person's e-mail address. */
function agentOf(person: Person, words: Words): Person | null {
  const wanted = person.email?.trim().toLowerCase();
  const found = Object.entries(words.agents ?? {}).find(([email]) => email.toLowerCase() === wanted);
  return found === undefined ? null : { user_id: found[1], email: found[0], name: null };
}

/** The ticket of a create. */
export function toNewTicket(held: TicketFields, words: Words, key: string): Record<string, unknown> {
  const body: Record<string, unknown> = { subject: '(no subject)', ...toPatch(held, words, []), tags: [...(held.tags ?? []), key] };
  if (held.requester?.email != null) {
    body.requesterEmail = held.requester.email;
    if (held.requester.name !== null) body.requesterName = held.requester.name;
  }
  if (body.assigneeId === null) delete body.assigneeId;
  return body;
}

/** The ticket of an update: only what changes. `marks` are ours on the ticket: tags are replaced as a whole. */
export function toPatch(held: TicketFields, words: Words, marks: readonly string[]): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  if (held.subject != null) body.subject = held.subject;
  if (held.status != null) body.status = held.status;
  if (held.priority != null) body.priority = held.priority;
  if (held.ticket_type != null) body.type = held.ticket_type;
  if (held.tags !== undefined) body.tags = [...held.tags, ...marks];
  if (held.assignee !== undefined) body.assigneeId = held.assignee?.user_id ?? null;
  if (held.description !== undefined && words.description_field !== undefined) {
    // Only this field is named; the others keep their values (?).
    body.customFields = [{ id: words.description_field, value: held.description === null ? null : htmlToText(held.description) }];
  }
  return body;
}

export function fromTicket(raw: HelpdeskTicket, words: Words): Ticket {
  const { tags, marks } = takeTags(raw.tags ?? []);
  const status = raw.status == null || !Object.hasOwn(STATUS_READ, raw.status) ? undefined : STATUS_READ[raw.status];
  const priority = raw.priority ?? undefined;
  return {
    id: String(raw.id),
    key: marks[0] ?? null,
    is_deleted: false,
    created_at: isoTime(raw.createdAt),
    modified_at: isoTime(raw.updatedAt),
    ...(raw.subject !== undefined && { subject: raw.subject === null ? null : clean(raw.subject) }),
    ...descriptionOf(raw, words),
    ...(status !== undefined && { status }),
    ...(priority !== undefined && PRIORITIES.includes(priority) && { priority: priority as Priority }),
    ...(raw.type !== undefined && { ticket_type: raw.type }),
    ...(raw.tags !== undefined && { tags }),
    public: true,
    ...(raw.requesterEmail !== undefined && { requester: requesterOf(raw) }),
    ...(raw.assigneeId !== undefined && { assignee: assigneeOf(raw.assigneeId, words) }),
    custom_properties: (raw.customFields ?? [])
      .filter(({ id }) => String(id) !== words.description_field)
      .map(({ id, value }) => ({ id: String(id), value: value ?? null })),
  };
}

function descriptionOf(raw: HelpdeskTicket, words: Words): Pick<TicketFields, 'description'> {
  if (words.description_field === undefined || raw.customFields == null) return {};
  const value = raw.customFields.find(({ id }) => String(id) === words.description_field)?.value;
  return { description: typeof value === 'string' ? textToHtml(value) : null };
}

function requesterOf(raw: HelpdeskTicket): Person | null {
  const email = raw.requesterEmail?.trim() || null;
  const name = raw.requesterName?.trim() || null;
  return email === null && name === null ? null : { user_id: null, email, name };
}

function assigneeOf(id: string | null, words: Words): Person | null {
  if (id === null) return null;
  return { user_id: id, email: emailOf(id, words), name: null };
}

function emailOf(id: string, words: Words): string | null {
  return Object.entries(words.agents ?? {}).find(([, known]) => known === id)?.[0] ?? null;
}

export function forecastComment(draft: CommentDraft): CommentDraft {
  return { content: tidy(draft.content), public: draft.public };
}

/** A message of ours. It is never mailed to anybody: the customer has had it from the desk it was written on. */
export function toMessage(ticketId: string, draft: CommentDraft, key: string): Record<string, unknown> {
  const content = withMark(clean(draft.content), key);
  return { ticket_id: ticketId, type: draft.public ? 'response' : 'note', content, text_content: htmlToText(content), send_email: false };
}

/** `request` is the customer's, `response` an agent's to the customer, `note` for agents only; what is unknown is taken for private. */
export function fromMessage(raw: HelpdeskMessage, words: Words): Comment {
  const said = tidy(raw.content ?? textToHtml(raw.textContent ?? ''));
  const { content, key } = raw.type === 'request' ? { content: said, key: null } : takeMark(said);
  return {
    id: String(raw.id),
    content: key === null ? content : tidy(content),
    author: raw.authorId == null ? null : { user_id: String(raw.authorId), email: emailOf(String(raw.authorId), words), name: null },
    public: raw.type === 'request' || raw.type === 'response',
    attachments: [],
    created_at: isoTime(raw.createdAt),
    modified_at: isoTime(raw.updatedAt),
    key,
  };
}
