/**
 * Unified ↔ Freshdesk, pure. Numbers for status and priority, a list of types per account, tags as the only place for our
 * mark. https://developers.freshdesk.com/api/#ticket_attributes
 */
import type { CustomProperty, Person, Priority, Status, Ticket, TicketFields, Warning } from '../../core/model.ts';
import { leaveOut, wireId } from '../kit/hold.ts';
import { escapeHtml } from '../kit/html.ts';
import { imagesAsText } from '../kit/images.ts';
import { takeTags } from '../kit/mark.ts';
import { clean } from '../kit/text.ts';
import { isoSeconds, isoTime } from '../kit/time.ts';
import type { Form } from './form.ts';
import { holdProperties } from './properties.ts';
import type { Settings } from './settings.ts';
import type { FreshdeskAgent, FreshdeskPerson, FreshdeskTicket } from './shapes.ts';
import { filesOf, heldHtml, readHtml } from './texts.ts';

/** What of the account the mapping needs: its settings, and its form once it was read. */
export interface Words extends Pick<Settings, 'statuses' | 'types' | 'requesters' | 'read_due_dates'> {
  readonly form: Form | null;
}

const STATUS_WRITTEN: Readonly<Record<Status, number>> = { open: 2, pending: 3, resolved: 4, closed: 5 };
const STATUS_READ: Readonly<Record<string, Status>> = { 2: 'open', 3: 'pending', 4: 'resolved', 5: 'closed' };
const PRIORITY_WRITTEN: Readonly<Record<Priority, number>> = { low: 1, normal: 2, high: 3, urgent: 4 };
const PRIORITY_READ: Readonly<Record<string, Priority>> = { 1: 'low', 2: 'normal', 3: 'high', 4: 'urgent' };
/** Words that other desks write in lower case; Freshdesk's own spelling is a matter of its list. */
const SHARED_TYPES: readonly string[] = ['question', 'incident', 'problem', 'task'];
const LONGEST_TAG = 32;
const LONGEST_SUBJECT = 255;
const ADDRESS = /^[^\s@"\\<>,;]+@[^\s@"\\<>,;]+$/;

/** What Freshdesk would show of `fields`, and what it cannot hold. Reading back a write of the same fields gives exactly `held`. */
export function hold(fields: TicketFields, words: Words): { readonly held: TicketFields; readonly warnings: readonly Warning[] } {
  const { held, warnings, keep, drop } = leaveOut();
  if (fields.subject !== undefined) {
    const subject = clean(fields.subject ?? '').trim();
    if (subject === '') drop('subject', 'Freshdesk needs a subject');
    else {
      keep({ subject: shortened(subject) });
      if (subject.length > LONGEST_SUBJECT) drop('subject', `cut to the ${LONGEST_SUBJECT} characters that a subject may have here`);
    }
  }
  if (fields.description !== undefined) {
    const description = heldHtml(fields.description ?? '');
    if (description === '') drop('description', 'Freshdesk needs a description');
    else keep({ description });
  }
  if (fields.status != null) keep({ status: fields.status });
  if (fields.priority != null) keep({ priority: fields.priority });
  if (fields.ticket_type !== undefined) {
    const type = fields.ticket_type === null ? null : typeHere(fields.ticket_type, words);
    if (type === undefined) drop('ticket_type', `the types here are ${typesHere(words).join(', ')}`);
    else keep({ ticket_type: type === null ? null : readType(type) });
  }
  if (fields.tags !== undefined) {
    const own = takeTags([...new Set(fields.tags.map((tag) => clean(tag).trim()))]).tags.filter((tag) => tag !== '');
    const tags = own.filter((tag) => [...tag].length <= LONGEST_TAG && !tag.includes(','));
    if (tags.length < own.length) drop('tags', `Freshdesk's tags are at most ${LONGEST_TAG} characters long and have no comma`);
    keep({ tags });
  }
  if (fields.due_at !== undefined && fields.due_at !== null) {
    const due = isoSeconds(fields.due_at);
    if (due === null) drop('due_at', 'this is not a time');
    else keep({ due_at: due });
  }
  if (fields.requester != null) {
    const requester = personHere(fields.requester);
    if (requester === null) drop('requester', NOBODY);
    else if (words.requesters === 'default') drop('requester', 'every ticket here has the requester that this account’s settings name');
    else keep({ requester });
  }
  if (fields.assignee !== undefined) {
    const assignee = fields.assignee === null ? null : personHere(fields.assignee);
    if (fields.assignee !== null && assignee === null) drop('assignee', NOBODY);
    else keep({ assignee });
  }
  if (fields.email_ccs !== undefined) {
    const known = new Map(fields.email_ccs.flatMap(({ email }) => (email !== null && ADDRESS.test(email.trim()) ? [[email.trim().toLowerCase(), email.trim()] as const] : [])));
    if (known.size < fields.email_ccs.length) drop('email_ccs', 'somebody without an e-mail address, or twice, cannot get a copy');
    keep({ email_ccs: [...known.values()].map((email) => ({ user_id: null, email, name: null })) });
  }
  if (fields.group !== undefined) {
    const group = fields.group === null || fields.group.trim() === '' ? null : groupHere(fields.group, words.form);
    if (group === undefined) drop('group', words.form === null ? 'the groups of this account are not known yet' : `there is no group here that is called ${fields.group ?? ''}`);
    else keep({ group });
  }
  // A company's name takes a call to be found; only its number is known to be shown.
  if (fields.company !== undefined && (fields.company === null || /^\s*\d{1,19}\s*$/.test(fields.company))) keep({ company: fields.company === null ? null : fields.company.trim() });
  if (fields.custom_properties !== undefined) {
    const properties = holdProperties(fields.custom_properties, words.form);
    for (const reason of properties.dropped) drop('custom_properties', reason);
    if (properties.held.length > 0) keep({ custom_properties: properties.held });
  }
  return { held: held(), warnings };
}

const NOBODY = 'without an e-mail address nobody is known on another desk';

/** By e-mail, never by the number of the desk that somebody comes from; without an e-mail the number is of this desk. */
function personHere({ user_id: id, email, name }: Person): Person | null {
  const address = email === null ? '' : clean(email).trim();
  if (address === '') return id !== null && /^\d{1,19}$/.test(id) ? { user_id: id, email: null, name: null } : null;
  if (!ADDRESS.test(address)) return null;
  const called = name === null ? '' : clean(name).trim();
  return { user_id: null, email: address, name: called === '' ? null : called };
}

/** Never in the middle of a character. */
function shortened(subject: string): string {
  return subject.length <= LONGEST_SUBJECT ? subject : clean(subject.slice(0, LONGEST_SUBJECT).replace(/[\ud800-\udbff]$/, '')).trim();
}

function typesHere(words: Words): readonly string[] {
  return words.form === null || words.form.types.length === 0 ? words.types : words.form.types;
}

/** The account's own spelling of a type; undefined if it has none such. */
function typeHere(type: string, words: Words): string | undefined {
  const wanted = type.trim().toLowerCase();
  return typesHere(words).find((known) => known.toLowerCase() === wanted);
}

function readType(type: string): string {
  const lower = type.toLowerCase();
  return SHARED_TYPES.includes(lower) ? lower : clean(type);
}

/** A group's number, given by number or by name; undefined if there is none such. */
function groupHere(group: string, form: Form | null): string | undefined {
  const wanted = group.trim().toLowerCase();
  const named = form?.groups.get(wanted);
  if (named !== undefined || !/^\d{1,19}$/.test(wanted)) return named;
  // Administrators' form tells no numbers of groups, so there any may be right.
  return form === null || form.groups.size === 0 || [...form.groups.values()].includes(wanted) ? wanted : undefined;
}

export interface Writing {
  readonly fields: TicketFields;
  /** `hold(fields)`, less what the client had to leave out. */
  readonly held: TicketFields;
  /** The agent that the assignee's e-mail stands for; null to unassign. Only asked if `held.assignee` is there. */
  readonly assigneeId: string | null;
  /** Our marks on the ticket: written with the tags, which are replaced as a whole. */
  readonly marks: readonly string[];
  /** Custom fields by name, as they are to be written; absent where there are none (an empty object is refused). */
  readonly custom?: Readonly<Record<string, unknown>>;
}

export type Body = Readonly<Record<string, unknown>>;

/** The body of a create, without a requester. Status, priority, subject and description are always sent: forms ask for them. */
export function toNewTicket(writing: Writing, words: Words): Body {
  const { held, marks } = writing;
  const subject = held.subject ?? '(no subject)';
  const body: Record<string, unknown> = {
    status: STATUS_WRITTEN.open,
    priority: PRIORITY_WRITTEN.low,
    description: escapeHtml(subject),
    ...toPatch(writing, words),
    subject,
    tags: [...(held.tags ?? []), ...marks],
  };
  if (held.email_ccs !== undefined && held.email_ccs.length > 0) body.cc_emails = held.email_ccs.map(({ email }) => email);
  for (const key of ['responder_id', 'type', 'group_id', 'company_id']) if (body[key] === null) delete body[key];
  return body;
}

/** The body of an update: only what changes, since whole objects are refused. */
export function toPatch({ fields, held, assigneeId, marks, custom }: Writing, words: Words): Body {
  const body: Record<string, unknown> = {};
  if (held.subject != null) body.subject = held.subject;
  if (held.description != null) body.description = clean(imagesAsText(fields.description ?? ''));
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
  if (held.group !== undefined) body.group_id = held.group === null ? null : wireId(held.group);
  if (held.company !== undefined) body.company_id = held.company === null ? null : wireId(held.company);
  if (custom !== undefined && Object.keys(custom).length > 0) body.custom_fields = custom;
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
  const description = raw.description == null ? null : readHtml(raw.description);
  return {
    id: String(raw.id),
    key: marks[0] ?? null,
    is_deleted: raw.deleted === true || raw.spam === true,
    created_at: isoTime(raw.created_at),
    modified_at: isoTime(raw.updated_at),
    subject: raw.subject == null ? null : clean(raw.subject),
    // Absent from a list that was not asked for it: not read, which is not empty.
    ...(raw.description !== undefined && { description: description?.content ?? null }),
    ...(status !== undefined && { status }),
    ...(priority !== undefined && { priority }),
    ticket_type: raw.type == null ? null : readType(raw.type),
    tags,
    public: true,
    ...(words.read_due_dates && { due_at: isoSeconds(raw.due_by) }),
    ...(cast.requester !== undefined && { requester: cast.requester }),
    ...(cast.assignee !== undefined && { assignee: cast.assignee }),
    group: raw.group_id == null ? null : String(raw.group_id),
    company: raw.company_id == null ? null : String(raw.company_id),
    email_ccs: copies([...(raw.cc_emails ?? []), ...(raw.ticket_cc_emails ?? [])]),
    custom_properties: Object.entries(raw.custom_fields ?? {}).map(([id, value]): CustomProperty => ({ id, value })),
    // Lists show no files, so there they are not told.
    ...(raw.attachments != null && { attachments: filesOf(raw.attachments, description?.images ?? []) }),
  };
}

/** What a status of this account means; one of its own that nobody explained counts as pending. */
export function readStatus(status: number, words: Words): Status {
  const name = String(status);
  if (Object.hasOwn(STATUS_READ, name)) return STATUS_READ[name] ?? 'pending';
  return Object.hasOwn(words.statuses, name) ? (words.statuses[name] ?? 'pending') : 'pending';
}

/** Whether the account may have a status of its own that reads like this one: writing the shared one would turn it into another. */
export function hasTwins(status: Status, words: Words): boolean {
  const numbers = words.form === null ? [...Object.keys(words.statuses).map(Number), 6] : [...words.form.statuses.keys()];
  return numbers.some((number) => number > 5 && readStatus(number, words) === status);
}

/** Addresses, with a name before them or without, each once. */
function copies(given: readonly unknown[]): readonly Person[] {
  const found = new Map<string, Person>();
  for (const one of given) {
    const person = typeof one === 'string' ? mailbox(one) : null;
    if (person?.email != null && !found.has(person.email.toLowerCase())) found.set(person.email.toLowerCase(), person);
  }
  return [...found.values()];
}

/** `"Carla" <carla@customer.example>`, or the bare address; null if it is none. */
export function mailbox(text: string): Person | null {
  const [, called = '', address = text.trim()] = /^\s*"?([^"<]*?)"?\s*<([^<>\s]+)>\s*$/.exec(text.slice(0, 1_000)) ?? [];
  return ADDRESS.test(address) ? { user_id: null, email: address, name: called.trim() === '' ? null : clean(called).trim() } : null;
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
