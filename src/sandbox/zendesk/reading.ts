/**
 * What a ticket write asks for, read and checked before anything changes.
 * Source: developer.zendesk.com "Tickets" (properties) with the corrections of recorded answers.
 */
import { isoSeconds } from '../kit/clock.ts';
import type { Json } from '../kit/desk.ts';
import { idNumber, instant, isJson, printed } from '../kit/json.ts';
import { readCommentDraft, readMetadata, type CommentDraft } from './comments.ts';
import { demandSolvable, readCustom, withFieldTags, withTagFields } from './custom-fields.ts';
import { invalidAttribute, recordInvalid } from './errors.ts';
import {
  PRIORITIES, STATUSES, TYPES,
  type Fields, type Priority, type Status, type Ticket, type TicketType, type Via,
} from './model.ts';
import { readAssignment, readCopied, readOrganization, readRequester, type NewPerson } from './participants.ts';
import type { People } from './people.ts';
import type { Store } from './store.ts';
import type { Uploads } from './uploads.ts';

export interface WriteRequest {
  readonly patch: Partial<Fields>;
  /** Somebody whom the write brings into being. */
  readonly newRequester: NewPerson | null;
  /** The list of copied people as it will be; undefined if it stays. */
  readonly copied: readonly (number | NewPerson)[] | undefined;
  readonly submitterId: number | null;
  readonly comment: CommentDraft | null;
  readonly metadata: object;
  /** The closed ticket that this one goes on with. */
  readonly followUpOf: Ticket | null;
  readonly recipient: string | null;
  /** Header that tells which keys were dropped; null when none were. */
  readonly warning: string | null;
}

/** What a write is read against. */
export interface Reading {
  readonly store: Store;
  readonly people: People;
  readonly uploads: Uploads;
  /** Whether CCs and followers are switched on; without them `email_ccs` and `followers` are ignored. */
  readonly copies: () => boolean;
}

const PERMITTED: ReadonlySet<string> = new Set([
  'subject', 'raw_subject', 'description', 'comment', 'status', 'custom_status_id', 'priority', 'type', 'due_at', 'problem_id', 'tags',
  'custom_fields', 'fields', 'requester_id', 'requester', 'submitter_id', 'assignee_id', 'assignee_email', 'group_id', 'organization_id',
  'email_ccs', 'followers', 'collaborators', 'collaborator_ids', 'additional_collaborators', 'external_id', 'metadata', 'recipient',
  'via_followup_source_id', 'via_id', 'brand_id', 'ticket_form_id', 'macro_ids', 'sharing_agreement_ids', 'safe_update', 'updated_stamp',
]);
/** Taken by the bulk calls only. */
const BULK_ONLY: readonly string[] = ['additional_tags', 'remove_tags'];

/** Lower case, no blanks inside: "Two Words" are two tags. */
export const normaliseTags = (value: unknown): string[] => {
  const words = Array.isArray(value) ? value.map(printed) : typeof value === 'string' ? [value] : [];
  return [...new Set(words.flatMap((word) => word.toLowerCase().split(/[\s,]+/)).filter((word) => word !== ''))];
};

function chosen<T extends string>(input: Json, key: string, known: readonly string[], title: string): T | undefined {
  const value = input[key];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && known.includes(value.toLowerCase())) return value.toLowerCase() as T;
  throw recordInvalid(key, { description: `${title}: ${printed(value)} is not valid`, error: 'InvalidValue' });
}

function textOrNull(input: Json, key: string, where: string): string | null | undefined {
  const value = input[key];
  if (value === undefined || value === null || typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  throw invalidAttribute(`ticket.${key}`, 'a string', where);
}

/** A category stands for its default status; a status of the account's own brings its category along. */
function readStatus(input: Json, before: Ticket | null, store: Store): Partial<Fields> {
  const given = input['custom_status_id'];
  if (given !== undefined && given !== null) {
    const custom = store.statuses.get(idNumber(given));
    if (!custom?.active) throw recordInvalid('custom_status_id', { description: 'Custom status: is invalid', error: 'InvalidValue' });
    if (custom.category === 'new' && before && before.status !== 'new') return {};
    return { status: custom.category, custom_status_id: custom.id };
  }
  const status = chosen<Status>(input, 'status', STATUSES, 'Status');
  // A ticket that somebody has touched never gets back to new.
  if (status === undefined || status === before?.status || (status === 'new' && before && before.status !== 'new')) return {};
  return { status, custom_status_id: status === 'closed' && before ? before.custom_status_id : store.statusOf(status) };
}

function readWords(input: Json, before: Ticket | null, where: string): Partial<Fields> {
  const words: Partial<Fields> = {};
  const subject = textOrNull(input, 'subject', where) ?? textOrNull(input, 'raw_subject', where);
  if (subject !== undefined) words.subject = subject;
  const externalId = textOrNull(input, 'external_id', where);
  if (externalId !== undefined) words.external_id = externalId === '' ? null : externalId;
  if (input['priority'] === null || input['priority'] === '') {
    if (before?.priority) throw recordInvalid('priority', { description: 'Priority: cannot be reset', error: 'InvalidValue' });
  } else {
    const priority = chosen<Priority>(input, 'priority', PRIORITIES, 'Priority');
    if (priority !== undefined) words.priority = priority;
  }
  if (input['type'] === null || input['type'] === '') words.type = null;
  else {
    const type = chosen<TicketType>(input, 'type', TYPES, 'Type');
    if (type !== undefined) words.type = type;
  }
  return words;
}

/** A due date belongs to tasks, a problem to incidents: on any other type neither is kept, and both go when the type goes. */
function readTyped(input: Json, type: TicketType | null, where: string, store: Store): Partial<Fields> {
  const typed: Partial<Fields> = {};
  const due = input['due_at'];
  const dueMs = due === undefined || due === null || due === '' ? null : instant(due);
  if (dueMs === null && typeof due === 'string' && due !== '') throw invalidAttribute('ticket.due_at', 'a valid date', where);
  if (type !== 'task') typed.due_at = null;
  else if (due !== undefined) typed.due_at = dueMs === null ? null : isoSeconds(dueMs);
  const problem = input['problem_id'];
  if (type !== 'incident') typed.problem_id = null;
  else if (problem === null) typed.problem_id = null;
  else if (problem !== undefined && store.tickets.get(idNumber(problem))?.type === 'problem') typed.problem_id = idNumber(problem);
  return typed;
}

/** Tags of the account's dropdowns and the dropdowns themselves follow each other, whichever was written. */
function readTags(input: Json, before: Ticket | null, source: Ticket | null, store: Store): Partial<Fields> {
  const known = before ?? source;
  const old = known?.custom ?? NO_FIELDS;
  const custom = readCustom(input, old, store) ?? (before || !source ? undefined : new Map(old));
  const replaced = input['tags'] === undefined ? undefined : normaliseTags(input['tags']);
  const added = normaliseTags(input['additional_tags']);
  const removed = normaliseTags(input['remove_tags']);
  const start = known?.tags ?? [];
  const tags = replaced ?? (added.length + removed.length > 0 || (!before && source) ? [...new Set([...start, ...added])].filter((tag) => !removed.includes(tag)) : undefined);
  if (custom) return { custom, tags: withFieldTags(tags ?? start, old, custom, store) };
  if (!tags) return {};
  const followed = withTagFields(old, tags, store);
  return followed === old ? { tags } : { tags, custom: followed };
}

const NO_FIELDS: ReadonlyMap<number, unknown> = new Map();

function readSource(input: Json, before: Ticket | null, store: Store): Ticket | null {
  const id = input['via_followup_source_id'];
  if (before || id === undefined || id === null) return null;
  const source = store.tickets.get(idNumber(id));
  if (source?.status !== 'closed') throw recordInvalid('base', { description: 'Via followup source: is invalid', error: 'InvalidValue' });
  return source;
}

export const viaFollowUp = (source: Ticket): Via => ({ channel: 'api', source: { from: { ticket_id: source.id, subject: source.subject }, to: {}, rel: 'follow_up' } });

/** A header takes printable ASCII only. */
function warningOf(input: Json, action: string, odd: readonly string[]): string | null {
  const bulk = action.endsWith('_many');
  const dropped = Object.keys(input)
    .filter((key) => !PERMITTED.has(key) && !(bulk && (BULK_ONLY.includes(key) || key === 'id')))
    .map((key) => `"ticket.${key.replace(/[^\x20-\x7e]/g, '?')}"`);
  if (dropped.length + odd.length === 0) return null;
  return `{:allowed_parameters=>{:controller=>"tickets", :action=>"${action}", :unpermitted_keys=>[${dropped.join(', ')}], :invalid_values=>[${odd.join(', ')}]}}`;
}

/** `before` is null for a create. `action` is the vendor's name of it: `create`, `update`, `create_many` or `update_many`. */
export function readWrite(input: Json, before: Ticket | null, action: string, reading: Reading): WriteRequest {
  const { store, uploads } = reading;
  const where = `api/v2/tickets/${action}`;
  const given = action.endsWith('_many') ? input : Object.fromEntries(Object.entries(input).filter(([key]) => !BULK_ONLY.includes(key)));
  const followUpOf = readSource(given, before, store);
  const words = readWords(given, before, where);
  const type = words.type === undefined ? (before?.type ?? null) : words.type;
  const patch: Partial<Fields> = {
    ...words,
    ...readStatus(given, before, store),
    ...readTyped(given, type, where, store),
    ...readTags(given, before, followUpOf, store),
  };
  Object.assign(patch, readAssignment(given, before, reading));
  if (patch.assignee_id != null && (patch.status ?? before?.status ?? 'new') === 'new') Object.assign(patch, { status: 'open', custom_status_id: store.statusOf('open') });
  if (patch.status === 'solved' && before?.status !== 'solved') demandSolvable(patch.custom ?? before?.custom ?? NO_FIELDS, store);

  const requester = readRequester(given, before, reading);
  if (requester.id !== undefined) patch.requester_id = requester.id;
  Object.assign(patch, readOrganization(given, before, requester, reading));
  const { copied, followers } = readCopied(given, before, reading);
  if (followers !== undefined) patch.follower_ids = followers;
  for (const key of ['brand_id', 'ticket_form_id'] as const) if (Number.isSafeInteger(idNumber(given[key]))) patch[key] = idNumber(given[key]);

  let comment: CommentDraft | null = null;
  const odd: string[] = [];
  if (isJson(given['comment'])) comment = readCommentDraft(given['comment'], store, uploads);
  else if (given['comment'] !== undefined && given['comment'] !== null) odd.push('"ticket.comment"');
  // The description is the first comment; after creation the key is ignored.
  if (!before && !comment && typeof given['description'] === 'string') comment = readCommentDraft({ body: given['description'] }, store, uploads);
  if (comment && before && before.comments.length >= 5_000) {
    throw recordInvalid('base', { description: 'Ticket has reached the maximum of 5000 comments', error: 'InvalidValue' });
  }

  const submitter = idNumber(given['submitter_id']);
  return {
    patch,
    newRequester: requester.create ?? null,
    copied,
    submitterId: !before && !followUpOf && store.users.has(submitter) ? submitter : null,
    comment,
    metadata: readMetadata(given['metadata']),
    followUpOf,
    recipient: typeof given['recipient'] === 'string' ? given['recipient'] : null,
    warning: warningOf(input, action, odd),
  };
}
