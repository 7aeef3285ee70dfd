/** Unified ↔ Helpdesk tickets, pure. The words are nearly the unified ones; there is no due date, group, company, follower or cc. */
import type { Person, Priority, Status, Ticket, TicketFieldName, TicketFields, Warning } from '../../core/model.ts';
import { leaveOut } from '../kit/hold.ts';
import { htmlToText, textToHtml } from '../kit/html.ts';
import { imagesAsText } from '../kit/images.ts';
import { takeTags } from '../kit/mark.ts';
import { bytes, clean } from '../kit/text.ts';
import { isoTime } from '../kit/time.ts';
import { holdProperties } from './fields.ts';
import { shownMessage } from './message-map.ts';
import type { HelpdeskTicket } from './shapes.ts';
import { agentOf, emailOf, type Words } from './words.ts';

const STATUS_READ: Readonly<Record<string, Status>> = { new: 'open', open: 'open', pending: 'pending', resolved: 'resolved', closed: 'closed' };
const PRIORITIES: readonly string[] = ['low', 'normal', 'high', 'urgent'] satisfies readonly Priority[];
const TYPES: readonly string[] = ['question', 'incident', 'problem', 'task'];

/** What no ticket of Helpdesk has, and why it is left out. */
const NOWHERE: Readonly<Partial<Record<TicketFieldName, string>>> = {
  due_at: 'Helpdesk has no due dates',
  group: 'Helpdesk has no groups',
  company: 'Helpdesk has no companies',
  submitter: 'Helpdesk keeps no submitter',
  followers: 'Helpdesk has no followers',
};

/** What Helpdesk would show of `fields`, and what it cannot hold. Reading back a write of the same fields gives exactly `held`. */
export function hold(fields: TicketFields, words: Words): { readonly held: TicketFields; readonly warnings: readonly Warning[] } {
  const { held, warnings, keep, keepPerson, drop } = leaveOut();
  if (fields.subject !== undefined) {
    const subject = clean(fields.subject ?? '').trim();
    if (subject === '') drop('subject', 'Helpdesk needs a subject');
    else keep({ subject });
  }
  if (fields.description !== undefined) holdDescription(fields.description, words, { keep, drop });
  for (const field of ['status', 'priority'] as const) {
    if (fields[field] === null) drop(field, 'every ticket here has one');
    else if (fields[field] !== undefined) keep({ [field]: fields[field] });
  }
  if (fields.ticket_type === null) drop('ticket_type', 'every ticket here has one');
  else if (fields.ticket_type !== undefined) {
    if (TYPES.includes(fields.ticket_type)) keep({ ticket_type: fields.ticket_type });
    else drop('ticket_type', `Helpdesk knows only ${TYPES.join(', ')}`);
  }
  if (fields.tags !== undefined) keep({ tags: takeTags([...new Set(fields.tags.map((tag) => clean(tag).trim()))]).tags.filter((tag) => tag !== '') });
  if (fields.requester != null) keepPerson('requester', fields.requester);
  if (fields.assignee !== undefined) {
    const agent = fields.assignee === null ? null : agentOf(fields.assignee, words);
    if (agent === undefined) drop('assignee', 'nobody in the setting agents has this e-mail address');
    else keep({ assignee: agent });
  }
  if (fields.custom_properties !== undefined) {
    const properties = holdProperties(fields.custom_properties, words.fields ?? null, words.description_field);
    for (const reason of properties.dropped) drop('custom_properties', reason);
    if (properties.held.length > 0) keep({ custom_properties: properties.held });
  }
  if (fields.email_ccs !== undefined && fields.email_ccs.length > 0) holdCcs(fields.email_ccs, held(), words, { keep, drop });
  if (fields.public === false) drop('public', 'every ticket here is its requester’s to see');
  for (const [field, why] of Object.entries(NOWHERE) as readonly (readonly [TicketFieldName, string])[]) {
    const value = fields[field];
    if (value != null && !(Array.isArray(value) && value.length === 0)) drop(field, why);
  }
  return { held: held(), warnings };
}

type Weighing = Pick<ReturnType<typeof leaveOut>, 'keep' | 'drop'>;

function holdDescription(description: string | null, words: Words, { keep, drop }: Weighing): void {
  if (words.description_field !== undefined) {
    keep({ description: description === null ? null : textToHtml(plain(description)) });
    return;
  }
  if (description === null || description === '') return;
  if (words.description_message !== true) {
    drop('description', 'Helpdesk has no field for it: set description_field, or description_message with a session_token');
    return;
  }
  const shown = shownMessage(description);
  const length = bytes(shown);
  if (length > (words.max_comment_bytes ?? Infinity)) drop('description', `it has ${length} bytes, and a message at most ${words.max_comment_bytes}`);
  else if (shown !== '') keep({ description: shown });
}

/** A text that an image stands in has its name. */
function plain(html: string): string {
  return htmlToText(imagesAsText(html));
}

/** Ccs are a message's. The first one takes them along, where there is a first one. */
function holdCcs(people: readonly Person[], held: TicketFields, words: Words, { keep, drop }: Weighing): void {
  if (words.description_message !== true || words.description_field !== undefined || held.description == null) {
    drop('email_ccs', 'Helpdesk has them on messages only');
    return;
  }
  const reached = people.flatMap((person) => {
    const email = clean(person.email ?? '').trim();
    return /^[^\s@]+@[^\s@]+$/.test(email) ? [{ user_id: null, email, name: person.name }] : [];
  });
  if (reached.length < people.length) drop('email_ccs', 'somebody without an e-mail address is left out');
  keep({ email_ccs: reached });
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
  // Only the fields that change are named; the others keep their values (?).
  const custom = [...(held.custom_properties ?? [])];
  if (held.description !== undefined && words.description_field !== undefined) {
    custom.push({ id: words.description_field, value: held.description === null ? null : htmlToText(held.description) });
  }
  if (custom.length > 0) body.customFields = custom;
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
