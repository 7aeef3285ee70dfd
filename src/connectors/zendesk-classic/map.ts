/**
 * Unified ↔ classic Zendesk, pure. The fixed numbers of status, type and priority are the vendor's own table. There is no due
 * date, no cc and no private description: `public: false` is refused where a ticket is made.
 */
import type { Attachment, CommentDraft, Person, Priority, Status, Ticket, TicketFields, Warning } from '../../core/model.ts';
import { textToHtml } from '../kit/html.ts';
import { externalIdIn, keyIn, takeTags } from '../kit/mark.ts';
import { clean } from '../kit/text.ts';
import { isoTime } from '../kit/time.ts';
import { leaveOut } from '../kit/hold.ts';
import { xmlText, type XmlNode } from '../kit/xml.ts';
import { heldValues, readValue, type Fields } from './fields.ts';
import { idOf, numberOf, type ClassicAttachment, type ClassicTicket } from './shapes.ts';
import { lineOf, LOST_CHARACTERS, losesCharacters, losesWords, plainOf, readMarked, readText, writtenText } from './text.ts';

const STATUS_READ: Readonly<Record<string, Status>> = { 0: 'open', 1: 'open', 2: 'pending', 3: 'resolved', 4: 'closed' };
const STATUS_WRITTEN: Readonly<Record<Status, string>> = { open: '1', pending: '2', resolved: '3', closed: '4' };
const PRIORITIES: readonly (Priority | null)[] = [null, 'low', 'normal', 'high', 'urgent'];
const TYPES: readonly (string | null)[] = [null, 'question', 'incident', 'problem', 'task'];

/** What of this account the mapping needs. */
export interface Words {
  readonly mark: 'tag' | 'external-id' | 'text';
  readonly custom: Fields;
  /** The group of this id or name; undefined if there is none, null while groups are not known. */
  group(named: string): string | undefined | null;
}

/** Whom the desk can know: by e-mail, or by its own number where there is no e-mail. */
function whom(person: Person): Person | null {
  const email = person.email === null ? '' : clean(person.email).trim();
  const name = person.name === null ? '' : lineOf(person.name);
  if (/^[^\s@"\\<>]+@[^\s@"\\<>]+$/.test(email) && xmlText(email) === email) return { user_id: null, email, name: name === '' ? null : name };
  const id = email === '' ? idOf(person.user_id) : null;
  return id === null ? null : { user_id: id, email: null, name: null };
}

/** What an agent would see of `fields`, and what this desk cannot hold. Reading back a write of the same fields gives exactly `held`. */
export function hold(fields: TicketFields, words: Words): { readonly held: TicketFields; readonly warnings: readonly Warning[] } {
  const { held, warnings, keep, drop } = leaveOut();
  const lost: Warning[] = [];
  if (fields.subject !== undefined) {
    keep({ subject: fields.subject === null ? null : lineOf(fields.subject) || null });
    if (losesCharacters(fields.subject ?? '')) lost.push({ field: 'subject', reason: LOST_CHARACTERS });
  }
  if (fields.description !== undefined) {
    const plain = plainOf(fields.description ?? '');
    if (plain === '') drop('description', 'a ticket here needs one; the subject stands in for an empty one');
    else keep({ description: textToHtml(plain) });
    if (losesWords(fields.description ?? '')) lost.push({ field: 'description', reason: LOST_CHARACTERS });
  }
  if (fields.status === null) drop('status', 'every ticket here has one');
  else if (fields.status !== undefined) keep({ status: fields.status });
  if (fields.priority !== undefined) keep({ priority: fields.priority });
  if (fields.ticket_type !== undefined) {
    if (TYPES.includes(fields.ticket_type)) keep({ ticket_type: fields.ticket_type });
    else drop('ticket_type', `classic Zendesk knows only ${TYPES.slice(1).join(', ')}`);
  }
  if (fields.tags !== undefined) keep({ tags: takeTags(classicTags(fields.tags)).tags });
  if (fields.due_at != null) drop('due_at', 'this API has no due dates');
  if (fields.requester === null) drop('requester', 'every ticket here has one');
  for (const field of ['requester', 'assignee'] as const) {
    const person = fields[field];
    if (person === undefined || (field === 'requester' && person === null)) continue;
    const known = person === null ? null : whom(person);
    if (person !== null && known === null) drop(field, 'without an e-mail address nobody is known on another desk');
    else keep({ [field]: known });
  }
  if (fields.group !== undefined) {
    const id = fields.group === null ? null : words.group(fields.group);
    if (id === undefined) drop('group', `there is no active group ${lineOf(fields.group ?? '').slice(0, 60)} here`);
    else if (id !== null) keep({ group: id });
    else drop('group', fields.group === null ? 'a ticket is not taken out of its group here' : 'the groups of this desk are not known yet');
  }
  if (fields.custom_properties !== undefined) {
    const { entries, warnings: left } = heldValues(fields.custom_properties, words.custom);
    lost.push(...left);
    keep({ custom_properties: entries.map(({ id, value }) => ({ id, value: readValue(value, id, words.custom) })) });
  }
  return { held: held(), warnings: [...warnings, ...lost] };
}

/** Tags are parted by blanks, so none can hold one; Zendesk keeps them in lower case. */
function classicTags(tags: readonly string[]): readonly string[] {
  return [...new Set(tags.map((tag) => lineOf(tag).toLowerCase().replace(/\s+/g, '_')))].filter((tag) => tag !== '');
}

export function forecastComment(draft: CommentDraft): CommentDraft {
  return { content: textToHtml(plainOf(draft.content)), public: draft.public };
}

/** Whom and what the names in `held` stand for here, as far as it was asked for. */
export interface Resolved {
  readonly assigneeId: string | null;
  readonly requesterId: string | null;
}

const element = (name: string, content: string): XmlNode => ({ name, content });
/** Rails reads it as "nothing" where an empty text might be a text. */
const nothing = (name: string): XmlNode => ({ name, attributes: { nil: 'true' }, content: '' });

/** What a create and an update have in common. `fields` are needed for what `held` shows in the desk's words. */
export function toElements(fields: TicketFields, held: TicketFields, { assigneeId }: Pick<Resolved, 'assigneeId'>, words: Words): XmlNode[] {
  const out: XmlNode[] = [];
  if (held.subject !== undefined) out.push(element('subject', held.subject ?? ''));
  if (held.status != null) out.push(element('status-id', STATUS_WRITTEN[held.status]));
  if (held.priority !== undefined) out.push(element('priority-id', String(Math.max(0, PRIORITIES.indexOf(held.priority)))));
  if (held.ticket_type !== undefined) out.push(element('ticket-type-id', String(Math.max(0, TYPES.indexOf(held.ticket_type)))));
  if (held.assignee !== undefined) out.push(assigneeId === null ? nothing('assignee-id') : element('assignee-id', assigneeId));
  if (held.group != null) out.push(element('group-id', held.group));
  const { entries } = heldValues(held.custom_properties === undefined ? [] : (fields.custom_properties ?? []), words.custom);
  if (entries.length > 0) {
    out.push({
      name: 'ticket-field-entries',
      attributes: { type: 'array' },
      content: entries.map(({ id, value }) => ({ name: 'ticket-field-entry', content: [element('ticket-field-id', id), element('value', value ?? '')] })),
    });
  }
  return out;
}

/** The first text of a new ticket. */
export function firstText(fields: TicketFields, held: TicketFields, key: string | null): string {
  const plain = held.description === undefined ? held.subject || '-' : plainOf(fields.description ?? '');
  return writtenText(plain, key);
}

/** The new ticket that `tickets.xml` takes. https://www.zendesk.com/support/api/tickets (2011), seed 002 */
export function toNewTicket(fields: TicketFields, held: TicketFields, resolved: Resolved, words: Words, key: string, upload: string | null): XmlNode {
  const { subject, assignee, status, ...rest } = held;
  const content: XmlNode[] = [];
  if (subject != null) content.push(element('subject', subject));
  content.push(element('description', firstText(fields, held, words.mark === 'text' ? key : null)));
  if (resolved.requesterId !== null) content.push(element('requester-id', resolved.requesterId));
  else if (held.requester?.email != null) {
    // Somebody who is new to the desk needs a name; of somebody who is not, the desk keeps its own.
    content.push(element('requester-name', held.requester.name ?? held.requester.email.replace(/@.*$/, '')), element('requester-email', held.requester.email));
  }
  const set = [...(held.tags ?? []), ...(words.mark === 'tag' ? [key] : [])];
  if (set.length > 0) content.push(element('set-tags', set.join(' ')));
  if (words.mark === 'external-id') content.push(element('external-id', key));
  content.push(...toElements(fields, { ...rest, ...(status != null && { status }), ...(assignee != null && { assignee }) }, resolved, words));
  if (upload !== null) content.push(element('uploads', upload));
  return { name: 'ticket', content };
}

/** The comment of `tickets.xml` or `requests.xml`; what an end user says is public anyway. */
export function toComment(text: string, visible: boolean | null, upload: string | null): XmlNode {
  const content: XmlNode[] = visible === null ? [] : [element('is-public', String(visible))];
  content.push(element('value', text));
  if (upload !== null) content.push(element('uploads', upload));
  return { name: 'comment', content };
}

/** Who has this id; undefined if this answer does not tell. */
export type Who = (id: string) => Person | undefined;

export function fromTicket(raw: ClassicTicket, who: Who, words: Words): Ticket {
  const status = raw.status_id == null || !Object.hasOwn(STATUS_READ, raw.status_id) ? undefined : STATUS_READ[raw.status_id];
  const priority = raw.priority_id === undefined ? undefined : PRIORITIES[Number(raw.priority_id ?? 0)];
  const type = raw.ticket_type_id === undefined ? undefined : TYPES[Number(raw.ticket_type_id ?? 0)];
  const person = (id: string | null | undefined): Person | null | undefined => (id === undefined ? undefined : idOf(id) === null ? null : who(id ?? ''));
  const requester = person(raw.requester_id);
  const assignee = person(raw.assignee_id);
  const { tags, marks } = takeTags(tagsOf(raw));
  const said = words.mark === 'text' ? readMarked(raw.description ?? '') : { html: readText(raw.description ?? ''), key: null };
  const [first] = raw.comments ?? [];
  return {
    id: numberOf(raw),
    key: words.mark === 'tag' ? (marks[0] ?? null) : words.mark === 'external-id' ? keyIn(raw.external_id) : said.key,
    ...externalIdIn(raw.external_id),
    is_deleted: false,
    created_at: isoTime(raw.created_at),
    modified_at: modifiedAt(raw),
    ...(raw.subject !== undefined && { subject: lineOf(raw.subject ?? '') || null }),
    // The description is the first comment. Where that is private, or not told, it is not for other desks.
    ...(first !== undefined && first.is_public !== 'false' && { description: said.html, attachments: filesOf(first.attachments) }),
    ...(status !== undefined && { status }),
    ...(priority !== undefined && { priority }),
    ...(type !== undefined && { ticket_type: type }),
    ...(raw.current_tags !== undefined && { tags }),
    ...(first !== undefined && { public: (raw.comments ?? []).some((comment) => comment.is_public !== 'false') }),
    ...(requester !== undefined && { requester }),
    ...(assignee !== undefined && { assignee }),
    ...(raw.group_id !== undefined && { group: idOf(raw.group_id) }),
    ...(raw.organization_id !== undefined && { company: idOf(raw.organization_id) }),
    ...(raw.submitter_id !== undefined && { submitter: idOf(raw.submitter_id) }),
    ...(raw.ticket_field_entries !== undefined && {
      custom_properties: (raw.ticket_field_entries ?? []).map(({ ticket_field_id: id, value }) => ({ id, value: readValue(value, id, words.custom) })),
    }),
  };
}

/** A ticket's tags as they stand, our marks among them. */
export function tagsOf(raw: ClassicTicket): readonly string[] {
  return (raw.current_tags ?? '').split(/\s+/).filter((tag) => tag !== '');
}

/** Requests tell no time of change: the newest comment's stands in for it. */
export function modifiedAt(raw: ClassicTicket): string | null {
  const told = isoTime(raw.updated_at);
  if (told !== null) return told;
  const times = [raw.created_at, ...(raw.comments ?? []).map((comment) => comment.created_at)].flatMap((time) => isoTime(time) ?? []);
  return times.sort((a, b) => Date.parse(a) - Date.parse(b)).at(-1) ?? null;
}

export function filesOf(raw: readonly ClassicAttachment[] | null | undefined): readonly Attachment[] {
  return (raw ?? []).flatMap(({ id, filename, content_type: type, size, url }) =>
    url == null
      ? []
      : [{ id: id ?? url, filename: filename ?? id ?? 'file', content_type: type ?? null, url, thumb_url: null, size: /^\d{1,15}$/.test(size ?? '') ? Number(size) : null, inline: false }],
  );
}
