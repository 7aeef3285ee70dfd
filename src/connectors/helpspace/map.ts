/**
 * Unified ↔ HelpSpace, pure. No priority, type, due date, followers or body of a ticket: its first message is the description,
 * and carries our mark. Seed 003; https://documentation.helpspace.com/api-tickets, api-message
 */
import type { Comment, CommentDraft, CustomProperty, Person, Status, Ticket, TicketFields, Warning } from '../../core/model.ts';
import { leaveOut, wireId } from '../kit/hold.ts';
import { tidy } from '../kit/html.ts';
import { takeMark, takeTags, withMark } from '../kit/mark.ts';
import { clean } from '../kit/text.ts';
import { isoTime } from '../kit/time.ts';
import { coerced } from './custom.ts';
import type { Known } from './directory.ts';
import { filesOf } from './files.ts';
import type { Settings } from './settings.ts';
import { isDeleted, type HelpspaceContact, type HelpspaceMessage, type HelpspacePerson, type HelpspaceTicket } from './shapes.ts';

/** What the mapping needs besides the ticket: the account's settings, and what its desk is known to have. */
export interface Words {
  readonly settings: Pick<Settings, 'create_tags' | 'custom_fields' | 'status_words' | 'status_meanings' | 'public_types'>;
  readonly known: Known;
}

const STATUS_READ: Readonly<Record<string, Status>> = {
  unassigned: 'open',
  open: 'open',
  // The vendor's page writes the first, a client the second.
  escaleted: 'open',
  escalated: 'open',
  waiting: 'pending',
  closed: 'closed',
  spam: 'closed',
};
const MOST_NAMED = 10;

/** What HelpSpace would show of `fields`, and what it cannot hold. Reading back a write of the same fields gives exactly `held`. */
export function hold(fields: TicketFields, words: Words): { readonly held: TicketFields; readonly warnings: readonly Warning[] } {
  const { held, warnings, keep, drop } = leaveOut();
  if (fields.subject !== undefined) {
    const subject = clean(fields.subject ?? '').trim();
    if (subject === '') drop('subject', 'HelpSpace needs a subject');
    else keep({ subject });
  }
  if (fields.description !== undefined) keep({ description: tidy(fields.description ?? '') });
  if (fields.status === null) drop('status', 'every ticket here has one');
  else if (fields.status !== undefined) {
    const status = readStatus(words.settings.status_words[fields.status], words);
    keep({ status });
    if (status !== fields.status) drop('status', `HelpSpace has no ${fields.status}: it shows ${status}`);
  }
  if (fields.tags !== undefined) keep({ tags: tagsHere(fields.tags, words, drop) });
  if (fields.requester !== undefined) holdRequester(fields.requester, { keep, drop });
  if (fields.assignee !== undefined) holdAssignee(fields.assignee, words, { keep, drop });
  if (fields.group !== undefined) {
    const group = fields.group === null ? null : teamHere(fields.group, words);
    if (group === undefined) drop('group', 'no team here has this id or name');
    else keep({ group });
  }
  if (fields.custom_properties !== undefined) keep({ custom_properties: propertiesHere(fields.custom_properties, words, drop) });
  for (const field of ['priority', 'ticket_type', 'due_at', 'company'] as const) {
    if (fields[field] != null) drop(field, 'HelpSpace’s tickets have none');
  }
  if (fields.public === false) drop('public', 'HelpSpace has no private tickets');
  if ((fields.followers ?? []).length > 0) drop('followers', 'HelpSpace’s tickets have none');
  if ((fields.email_ccs ?? []).length > 0) drop('email_ccs', 'HelpSpace has copies for each message, not for a ticket');
  return { held: held(), warnings };
}

type Holding = Pick<ReturnType<typeof leaveOut>, 'keep' | 'drop'>;

/** By e-mail, or by HelpSpace's own id where there is no e-mail. */
function holdRequester(person: Person | null, { keep, drop }: Holding): void {
  if (person === null) {
    drop('requester', 'every ticket here has a requester');
    return;
  }
  const email = addressOf(person);
  const name = nameOf(person);
  if (email !== null) keep({ requester: { user_id: null, email, name } });
  else if (person.user_id !== null && !person.email) keep({ requester: { user_id: person.user_id, email: null, name } });
  else drop('requester', 'without an e-mail address nobody is known on another desk');
}

function holdAssignee(person: Person | null, { known }: Words, { keep, drop }: Holding): void {
  if (person === null) {
    keep({ assignee: null });
    return;
  }
  const email = addressOf(person);
  if (email === null && (person.user_id === null || person.email)) {
    drop('assignee', 'without an e-mail address nobody is known on another desk');
    return;
  }
  if (known.agents === null) {
    keep({ assignee: { user_id: email === null ? person.user_id : null, email, name: nameOf(person) } });
    return;
  }
  const wanted = email?.toLowerCase();
  const agent = known.agents.find((one) => (wanted === undefined ? one.user_id === person.user_id : one.email?.toLowerCase() === wanted));
  if (agent === undefined) drop('assignee', `no agent here is known to be ${email ?? person.user_id ?? ''}`);
  else keep({ assignee: agent });
}

function addressOf({ email }: Person): string | null {
  const address = email === null ? '' : clean(email).trim();
  return /^[^\s@"\\]+@[^\s@"\\]+$/.test(address) ? address : null;
}

function nameOf({ name }: Person): string | null {
  return name === null ? null : clean(name).trim() || null;
}

/** The desk's own spelling of those that exist. What exists is asked before every write; until then any might. */
function tagsHere(tags: readonly string[], { settings, known }: Words, drop: Holding['drop']): readonly string[] {
  const wanted = takeTags([...new Set(tags.map((tag) => clean(tag).trim()))]).tags.filter((tag) => tag !== '');
  const here: string[] = [];
  const unknown: string[] = [];
  const seen = new Set<string>();
  for (const tag of wanted) {
    const lower = tag.toLowerCase();
    const name = known.tags === null ? tag : known.tags.get(lower);
    if (name === undefined && !settings.create_tags) unknown.push(tag);
    else if (name === null) unknown.push(tag);
    else if (!seen.has(lower)) here.push(name ?? tag);
    if (name !== undefined || settings.create_tags) seen.add(lower);
  }
  if (unknown.length > 0) {
    const more = unknown.length > MOST_NAMED ? ` and ${unknown.length - MOST_NAMED} more` : '';
    drop('tags', `HelpSpace takes only tags that exist: ${unknown.slice(0, MOST_NAMED).join(', ')}${more}`);
  }
  return here;
}

/** The id of the team with this id or name; undefined if there is none. */
function teamHere(group: string, { known }: Words): string | undefined {
  if (known.teams === null) return group;
  const wanted = group.trim().toLowerCase();
  return (known.teams.find(({ id }) => id === group.trim()) ?? known.teams.find(({ name }) => name.toLowerCase() === wanted))?.id;
}

function propertiesHere(properties: readonly CustomProperty[], { settings }: Words, drop: Holding['drop']): readonly CustomProperty[] {
  return properties.flatMap(({ id, value }) => {
    const field = Object.hasOwn(settings.custom_fields, id) ? settings.custom_fields[id] : undefined;
    const found = field === undefined ? { reason: 'the setting custom_fields does not name it' } : coerced(value, field);
    if ('value' in found) return [{ id, value: found.value }];
    drop('custom_properties', `${id}: ${found.reason}`);
    return [];
  });
}

/** The body of an update: only what changes. `custom` is the ticket's present map: whether a part of one is merged is not documented. */
export function toPatch(held: TicketFields, words: Words, custom: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  if (held.subject != null) body.subject = held.subject;
  if (held.status != null) body.status = words.settings.status_words[held.status];
  if (held.requester?.email != null) body.from_contact = contactOf(held.requester);
  if (held.assignee !== undefined) body.assignee = held.assignee?.user_id == null ? null : { id: wireId(held.assignee.user_id) };
  if (held.group !== undefined) body.team = held.group === null ? null : { id: wireId(held.group) };
  if (held.tags !== undefined) body.tags = held.tags;
  if (held.custom_properties !== undefined && held.custom_properties.length > 0) {
    body.custom_fields = { ...custom, ...Object.fromEntries(held.custom_properties.map(({ id, value }) => [id, value])) };
  }
  return body;
}

/** A name counts only for a contact that is made by this call. */
export function contactOf({ email, name }: Person): Record<string, unknown> {
  return { email, ...(name !== null && { name }) };
}

/** The body of a create, all but its channel and message. It unassigns nobody. */
export function toNewTicket(held: TicketFields, words: Words, requester: Person): Record<string, unknown> {
  const body: Record<string, unknown> = { subject: '(no subject)', ...toPatch(held, words, {}), from_contact: contactOf(requester) };
  for (const field of ['assignee', 'team']) if (body[field] === null) delete body[field];
  // By its name, as in the vendor's example of a create; by id only an update is documented.
  const team = words.known.teams?.find(({ id }) => id === held.group);
  if (team !== undefined) body.team = { name: team.name };
  return body;
}

/** What a ticket's first message tells; `undefined` where messages were not read, null where none is the description. */
export type First = HelpspaceMessage | null | undefined;

export function fromTicket(raw: HelpspaceTicket, words: Words, first: First, base: string): Ticket {
  const status = raw.status == null ? undefined : readStatus(raw.status, words);
  const said = first == null ? null : readBody(first, { base, ticketId: String(raw.id) });
  return {
    id: String(raw.id),
    key: said?.key ?? null,
    is_deleted: isDeleted(raw),
    created_at: isoTime(raw.created_at),
    modified_at: isoTime(raw.updated_at),
    ...(raw.subject !== undefined && { subject: raw.subject === null ? null : clean(raw.subject) }),
    ...(first !== undefined && { description: said?.content ?? null, attachments: said?.attachments ?? [], email_ccs: (first?.cc ?? []).flatMap(ccOf) }),
    ...(status !== undefined && { status }),
    ...(raw.tags !== undefined && { tags: tagsOf(raw) }),
    public: true,
    ...(raw.from_contact !== undefined && { requester: fromContact(raw.from_contact) }),
    ...(raw.assignee !== undefined && { assignee: raw.assignee === null ? null : fromPerson(raw.assignee) }),
    ...(raw.team !== undefined && { group: raw.team === null ? null : String(raw.team.id) }),
    ...(raw.creator !== undefined && { submitter: raw.creator === null ? null : String(raw.creator.id) }),
    custom_properties: Object.entries(customMap(raw)).map(([id, value]) => ({ id, value: value ?? null })),
  };
}

/** The custom fields as a map; an empty one comes as a list. */
export function customMap({ custom_fields: fields }: Pick<HelpspaceTicket, 'custom_fields'>): Readonly<Record<string, unknown>> {
  return fields == null || Array.isArray(fields) ? {} : (fields as Readonly<Record<string, unknown>>);
}

function tagsOf({ tags }: HelpspaceTicket): readonly string[] {
  return (tags ?? []).flatMap((tag) => {
    const name = clean((typeof tag === 'string' ? tag : tag.name) ?? '').trim();
    return name === '' ? [] : [name];
  });
}

function readStatus(status: string | number, { settings }: Pick<Words, 'settings'>): Status {
  const word = String(status);
  if (Object.hasOwn(settings.status_meanings, word)) return settings.status_meanings[word] ?? 'open';
  if (Object.hasOwn(STATUS_READ, word)) return STATUS_READ[word] ?? 'open';
  // A word or number that the account writes for a status means it; one that nobody knows is open, lest it be lost.
  const written = Object.entries(settings.status_words).find(([, own]) => String(own) === word);
  return (written?.[0] as Status | undefined) ?? 'open';
}

/** The words that are known to read as this status. */
export function wordsOf(status: Status, words: Pick<Words, 'settings'>): readonly string[] {
  const { status_words: written, status_meanings: meanings } = words.settings;
  const all = new Set([...Object.keys(STATUS_READ), ...Object.keys(meanings), ...Object.values(written).map(String)]);
  return [...all].filter((word) => readStatus(word, words) === status);
}

export function fromPerson(raw: HelpspacePerson): Person {
  return { user_id: String(raw.id), email: raw.email?.trim() || null, name: raw.name?.trim() || null };
}

function fromContact(raw: HelpspaceContact | readonly unknown[] | null | undefined): Person | null {
  if (raw == null || Array.isArray(raw)) return null;
  const { user_id: user, id, name, value, email } = raw as HelpspaceContact;
  const address = [value, email].map((text) => text?.trim() ?? '').find((text) => text.includes('@')) ?? null;
  const known = user ?? id ?? null;
  const called = name?.trim() || null;
  return known === null && address === null && called === null ? null : { user_id: known === null ? null : String(known), email: address, name: called };
}

function ccOf(raw: string | HelpspaceContact): readonly Person[] {
  const person = typeof raw === 'string' ? { user_id: null, email: raw.trim() || null, name: null } : fromContact(raw);
  return person?.email == null ? [] : [person];
}

export function forecastComment(draft: CommentDraft): CommentDraft {
  return { content: tidy(draft.content), public: draft.public };
}

/** A text as it is written, with our mark as its last line. Tidied before, so that nothing left open in it swallows the mark. */
export function marked(html: string, key: string): string {
  return withMark(tidy(html), key);
}

function readBody(raw: HelpspaceMessage, of: { readonly base: string; readonly ticketId: string }): Pick<Comment, 'content' | 'key' | 'attachments'> {
  const { body, attachments } = filesOf(raw, of);
  const { content, key } = takeMark(tidy(body));
  return { content: key === null ? content : tidy(content), key, attachments };
}

/** Public are the types that the account says; what is unknown is taken for private. */
export function fromMessage(raw: HelpspaceMessage, words: Words, of: { readonly base: string; readonly ticketId: string }): Comment {
  return {
    id: String(raw.id),
    ...readBody(raw, of),
    author: fromContact(raw.from_contact),
    public: isPublic(raw, words),
    created_at: isoTime(raw.created_at),
    modified_at: null,
  };
}

export function isPublic(raw: Pick<HelpspaceMessage, 'type'>, { settings }: Words): boolean {
  return raw.type != null && raw.type !== 'internal' && settings.public_types.includes(raw.type);
}
