/**
 * Unified ↔ Zendesk, pure. Status words and their traps: new and hold exist only here; `new` cannot be reached again once
 * a ticket was touched; a priority cannot be taken back. https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/
 */
import type { Attachment, Comment, CustomProperty, Person, Priority, Status, Ticket, TicketFields, Warning } from '../../core/model.ts';
import { escapeHtml, htmlToText, textToHtml, tidy } from '../kit/html.ts';
import { leaveOut, wireId, type LeaveOut } from '../kit/hold.ts';
import { externalIdIn, keyIn } from '../kit/mark.ts';
import { clean } from '../kit/text.ts';
import { isoSeconds, isoTime } from '../kit/time.ts';
import { coerced, readCustom } from './custom.ts';
import { NO_LORE, type Lore } from './lore.ts';
import { asMeant, readText, shownText } from './texts.ts';
import type { Id, ZendeskComment, ZendeskTicket, ZendeskUser } from './shapes.ts';

export const STATUS_READ: Readonly<Record<string, Status>> = {
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
/** Zendesk takes no more than this on one ticket. */
const MOST_COPIED = 48;
const ID = /^[1-9]\d{0,19}$/;

/** What forecasts know besides the fields themselves. */
export interface Knowing {
  readonly lore: Lore;
  /** Somebody of this desk, if met before. */
  readonly who: Who;
}
export const NOBODY: Knowing = { lore: NO_LORE, who: () => undefined };

/** What Zendesk would show of `fields`, and what it cannot hold. Reading back a write of the same fields gives exactly `held`. */
export function hold(fields: TicketFields, knowing: Knowing = NOBODY): { readonly held: TicketFields; readonly warnings: readonly Warning[] } {
  const leave = leaveOut();
  const { keep, drop } = leave;
  if (fields.subject !== undefined) {
    const subject = clean(fields.subject ?? '');
    if (subject.trim() === '') drop('subject', 'Zendesk makes one up for a ticket without a subject, and keeps the last one');
    else keep({ subject });
  }
  if (fields.description !== undefined) {
    const words = fields.description ?? '';
    if (!hasWords(words)) drop('description', 'Zendesk needs a first comment; the subject stands in for an empty one');
    // A private first comment is a comment, and no description that other desks might show.
    else if (fields.public !== false) keep({ description: shownText(words) });
  }
  if (fields.status === null) drop('status', 'Zendesk has no ticket without a status');
  else if (fields.status !== undefined) keep({ status: fields.status });
  if (fields.priority === null) drop('priority', 'Zendesk cannot take a priority back');
  else if (fields.priority !== undefined) keep({ priority: fields.priority });
  if (fields.ticket_type !== undefined) {
    if (fields.ticket_type === null || TYPES.includes(fields.ticket_type)) keep({ ticket_type: fields.ticket_type });
    else drop('ticket_type', `Zendesk knows only ${TYPES.join(', ')}`);
  }
  if (fields.tags !== undefined) keep({ tags: zendeskTags(fields.tags) });
  if (fields.public != null) keep({ public: fields.public });
  holdDue(fields, leave);
  holdPeople(fields, leave, knowing.who);
  holdPlaces(fields, leave, knowing.lore);
  holdCustom(fields, leave, knowing.lore);
  return { held: leave.held(), warnings: leave.warnings };
}

function hasWords(html: string): boolean {
  return htmlToText(html).trim() !== '' || /<img\b/i.test(html);
}

/** Only tasks have a due date. A patch that does not say the type is left to the client, which knows the ticket. */
function holdDue({ due_at, ticket_type }: TicketFields, { keep, drop }: LeaveOut): void {
  if (due_at === undefined) return;
  const due = isoSeconds(due_at);
  if (ticket_type !== undefined && ticket_type !== 'task') {
    if (due_at !== null) drop('due_at', 'Zendesk keeps a due date only on tickets of type task');
  } else if (due_at !== null && due === null) drop('due_at', 'this is not a time');
  else keep({ due_at: due });
}

function holdPeople(fields: TicketFields, { keep, drop }: LeaveOut, who: Who): void {
  if (fields.requester === null) drop('requester', 'Zendesk has no ticket without a requester');
  for (const field of ['requester', 'assignee'] as const) {
    const person = fields[field];
    if (person === undefined || (field === 'requester' && person === null)) continue;
    const known = person === null ? null : someone(person, who);
    if (person !== null && known === null) drop(field, 'without an e-mail address nobody is known on another desk');
    else keep({ [field]: known });
  }
  for (const field of ['email_ccs', 'followers'] as const) {
    const people = fields[field];
    if (people === undefined) continue;
    const known = people.map((person) => someone(person, who)).filter((person) => person !== null);
    if (known.length < people.length) drop(field, 'some have neither an e-mail address nor an id of this desk');
    if (known.length > MOST_COPIED) drop(field, `Zendesk takes no more than ${MOST_COPIED}`);
    keep({ [field]: known.slice(0, MOST_COPIED) });
  }
  if (fields.submitter !== undefined && fields.submitter !== null) {
    if (ID.test(fields.submitter)) keep({ submitter: fields.submitter });
    else drop('submitter', 'an id of this desk is needed');
  }
}

/** Somebody as this desk can find them: by e-mail, else by its own id. */
function someone(person: Person, who: Who): Person | null {
  const email = person.email === null ? '' : clean(person.email).trim();
  const name = person.name === null ? null : clean(person.name).trim() || null;
  if (/^[^\s@"\\]+@[^\s@"\\]+$/.test(email)) return { user_id: null, email, name };
  if (email !== '' || person.user_id === null || !ID.test(person.user_id)) return null;
  return who(person.user_id) ?? { user_id: person.user_id, email: null, name };
}

function holdPlaces(fields: TicketFields, { keep, drop }: LeaveOut, lore: Lore): void {
  for (const [field, find] of [['group', lore.group], ['company', lore.organization]] as const) {
    const given = fields[field];
    if (given === undefined) continue;
    const id = given === null ? null : find(given);
    if (given !== null && id === null) drop(field, `there is no ${field} here that is called ${given.slice(0, 100)}`);
    else keep({ [field]: id === undefined ? given : id });
  }
}

function holdCustom({ custom_properties: given }: TicketFields, { keep, drop }: LeaveOut, lore: Lore): void {
  if (given === undefined) return;
  const held: CustomProperty[] = [];
  for (const { id, value } of given) {
    const field = ID.test(id) ? lore.field(id) : null;
    const fit = field === undefined ? { value: value ?? null } : field === null ? { reason: 'there is no such field' } : coerced(field, value);
    if ('value' in fit) held.push({ id, value: fit.value });
    else drop('custom_properties', `${id.slice(0, 60)}: ${fit.reason}`);
  }
  if (held.length > 0 || given.length === 0) keep({ custom_properties: held });
}

/** Zendesk's tags are lower case and hold no blanks. */
function zendeskTags(tags: readonly string[]): readonly string[] {
  return [...new Set(tags.map((tag) => clean(tag).trim().toLowerCase().replace(/[\s,]+/g, '_')))].filter((tag) => tag !== '');
}

/** Persons by the ids that this desk knows them by; null to take somebody away. Only asked for fields that are held. */
export interface Resolved {
  readonly assigneeId: string | null;
  readonly requesterId?: string | null;
}

/** The first comment's words: the description, or what stands in for it. */
export function firstWords(fields: TicketFields, held: TicketFields): string {
  return hasWords(fields.description ?? '') ? clean(fields.description ?? '') : escapeHtml(held.subject?.trim() || '-');
}

/** The fields of a create or of an update: only what is held. The external id is never touched by an update: a human's stays, and ours is there. */
export function toPatch(held: TicketFields, { assigneeId, requesterId = null }: Resolved, lore: Lore = NO_LORE): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  if (held.subject != null) body.subject = held.subject;
  if (held.status != null) {
    const custom = lore.statusId(held.status);
    if (custom === undefined) body.status = STATUS_WRITTEN[held.status];
    else body.custom_status_id = wireId(custom);
  }
  if (held.priority != null) body.priority = held.priority;
  if (held.ticket_type !== undefined) body.type = held.ticket_type;
  if (held.tags !== undefined) body.tags = held.tags;
  if (held.due_at !== undefined) body.due_at = held.due_at;
  if (held.assignee !== undefined) body.assignee_id = assigneeId === null ? null : wireId(assigneeId);
  if (held.group !== undefined) body.group_id = held.group === null ? null : wireId(held.group);
  if (held.company !== undefined) body.organization_id = held.company === null ? null : wireId(held.company);
  if (held.custom_properties !== undefined && held.custom_properties.length > 0) {
    body.custom_fields = held.custom_properties.map(({ id, value }) => ({ id: wireId(id), value }));
  }
  if (held.requester?.email != null) {
    // A person who is new to the desk needs a name.
    body.requester = { name: held.requester.name ?? held.requester.email.replace(/@.*$/, ''), email: held.requester.email };
  } else if (held.requester != null && requesterId !== null) body.requester_id = wireId(requesterId);
  return body;
}

/** Looks a person up by id; undefined if this answer does not tell who it is. */
export type Who = (id: string) => Person | undefined;

/** The first comment as far as it is known: a ticket's own JSON shows its words as plain text, and not whether they are public. */
export interface First {
  readonly public: boolean;
  readonly content: string;
  readonly attachments: readonly Attachment[];
}

export interface Seeing {
  readonly who: Who;
  readonly lore?: Lore;
  /** Absent where it is not known. */
  readonly first?: First;
}

export function fromTicket(raw: ZendeskTicket, { who, lore = NO_LORE, first }: Seeing): Ticket {
  const status = raw.status == null || !Object.hasOwn(STATUS_READ, raw.status) ? undefined : STATUS_READ[raw.status];
  const priority = raw.priority ?? null;
  const person = (id: Id | null | undefined): Person | null | undefined => (id == null ? null : who(String(id)));
  const persons = (ids: readonly Id[] | null | undefined): readonly Person[] | undefined => {
    const found = ids?.map((id) => who(String(id)));
    return found?.every((one) => one !== undefined) === true ? found : undefined;
  };
  const requester = person(raw.requester_id);
  const assignee = person(raw.assignee_id);
  const copied = persons(raw.email_cc_ids);
  const followers = persons(raw.follower_ids);
  return {
    id: String(raw.id),
    key: keyIn(raw.external_id),
    ...externalIdIn(raw.external_id),
    is_deleted: raw.status === 'deleted',
    created_at: isoTime(raw.created_at),
    modified_at: isoTime(raw.updated_at),
    subject: raw.subject == null ? null : clean(raw.subject),
    // The description is the first comment, if that is public: a private one is not for other desks.
    ...described(raw, first),
    ...(status !== undefined && { status }),
    ...((priority === null || PRIORITIES.includes(priority)) && { priority: priority as Priority | null }),
    ticket_type: raw.type ?? null,
    tags: raw.tags ?? [],
    public: raw.is_public ?? true,
    // Absent where there can be none, so that a change of type is not taken for a date that somebody took away.
    ...(raw.type === 'task' && { due_at: isoSeconds(raw.due_at) }),
    ...(requester !== undefined && { requester }),
    ...(assignee !== undefined && { assignee }),
    ...(copied !== undefined && { email_ccs: copied }),
    ...(followers !== undefined && { followers }),
    group: raw.group_id == null ? null : String(raw.group_id),
    company: raw.organization_id == null ? null : String(raw.organization_id),
    submitter: raw.submitter_id == null ? null : String(raw.submitter_id),
    custom_properties: (raw.custom_fields ?? []).map(({ id, value }) => ({ id: String(id), value: readCustom(lore.field(String(id)) ?? undefined, value) })),
  };
}

/** A single comment on a ticket with something public is that public one, so its plain words may be told where nothing better is known. */
function described(raw: ZendeskTicket, first: First | undefined): Pick<Ticket, 'description' | 'attachments'> {
  if (raw.is_public === false) return {};
  if (first !== undefined) return first.public ? { description: first.content, attachments: first.attachments } : {};
  if (raw.comment_count !== 1 || raw.description == null) return {};
  return { description: tidy(asMeant(textToHtml(raw.description.replace(/\n{3,}/g, '\n\n').trim()))) };
}

export function fromUser(raw: ZendeskUser): Person {
  return { user_id: raw.id === null ? null : String(raw.id), email: raw.email?.trim() || null, name: raw.name?.trim() || null };
}

export interface Reading {
  readonly who: Who;
  /** The desk's address. */
  readonly base: string;
  /** Wins over the mark that the comment itself may show. */
  readonly key?: string | undefined;
  /** Files that are there, whether or not they are listed. */
  readonly files?: readonly Attachment[];
}

export function fromComment(raw: ZendeskComment, { who, base, key, files }: Reading): Comment {
  return {
    id: String(raw.id),
    ...readText(raw, base, files),
    author: raw.author_id == null ? null : (who(String(raw.author_id)) ?? { user_id: String(raw.author_id), email: null, name: null }),
    public: raw.public === true,
    created_at: isoTime(raw.created_at),
    modified_at: null,
    key: key ?? keyIn(raw.metadata?.custom?.deskmesh_key),
  };
}

