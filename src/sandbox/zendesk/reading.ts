/**
 * What a ticket write asks for, read and checked before anything changes.
 * Source: developer.zendesk.com "Tickets" (properties) with the corrections of recorded answers.
 */
import { isoSeconds } from '../kit/clock.ts';
import type { Json } from '../kit/desk.ts';
import { EMAIL, idNumber, instant, isJson, printed } from '../kit/json.ts';
import { readCommentDraft, readMetadata, type CommentDraft } from './comments.ts';
import { invalidAttribute, recordInvalid } from './errors.ts';
import {
  CUSTOM_FIELDS, CUSTOM_STATUS, GROUP_ID, PRIORITIES, STATUSES, TYPES,
  type Fields, type Priority, type Status, type Store, type Ticket, type TicketType,
} from './model.ts';
import type { People } from './people.ts';

export interface WriteRequest {
  readonly patch: Partial<Fields>;
  /** Somebody whom the write brings into being. */
  readonly newRequester: { readonly name: string; readonly email: string | null } | null;
  readonly submitterId: number | null;
  readonly comment: CommentDraft | null;
  readonly metadata: object;
  /** Header that tells which keys were dropped; null when none were. */
  readonly warning: string | null;
}

const PERMITTED: ReadonlySet<string> = new Set([
  'subject', 'raw_subject', 'description', 'comment', 'status', 'custom_status_id', 'priority', 'type', 'due_at', 'problem_id', 'tags',
  'custom_fields', 'fields', 'requester_id', 'requester', 'submitter_id', 'assignee_id', 'assignee_email', 'group_id', 'organization_id',
  'email_ccs', 'followers', 'collaborators', 'collaborator_ids', 'additional_collaborators', 'external_id', 'metadata', 'recipient',
  'via_followup_source_id', 'via_id', 'brand_id', 'ticket_form_id', 'macro_ids', 'sharing_agreement_ids', 'safe_update', 'updated_stamp',
]);

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

/** Only the listed fields change; unknown ids and options that a dropdown does not have are dropped without an error. */
function readCustom(input: Json, before: ReadonlyMap<number, unknown>): Map<number, unknown> | undefined {
  const value = input['custom_fields'] ?? input['fields'];
  const pairs: readonly (readonly [unknown, unknown])[] = Array.isArray(value)
    ? value.filter(isJson).map((item) => [item['id'], item['value']] as const)
    : isJson(value)
      ? Object.entries(value)
      : [];
  if (pairs.length === 0) return undefined;
  const custom = new Map(before);
  for (const [id, given] of pairs) {
    const field = CUSTOM_FIELDS.find((known) => known.id === idNumber(id));
    if (!field) continue;
    if (field.options && given !== null && !field.options.some((option) => option.value === given)) continue;
    custom.set(field.id, given ?? null);
  }
  return custom;
}

/** The tags of the chosen dropdown options belong to the ticket's tags. */
function withOptionTags(tags: readonly string[], before: ReadonlyMap<number, unknown>, after: ReadonlyMap<number, unknown>): readonly string[] {
  let result = tags;
  for (const { id, options } of CUSTOM_FIELDS) {
    const [old, now] = [before.get(id), after.get(id)];
    if (!options || old === now) continue;
    result = [...result.filter((tag) => tag !== old && tag !== now), ...(typeof now === 'string' ? [now] : [])];
  }
  return result;
}

function readRequester(input: Json, people: People, store: Store): { id?: number; create?: { name: string; email: string | null } } {
  const { requester, requester_id: id } = input;
  if (isJson(requester)) {
    const email = typeof requester['email'] === 'string' ? requester['email'] : null;
    if (email !== null && !EMAIL.test(email)) {
      throw recordInvalid('requester', { description: `Requester: Email:  ${email} is not properly formatted`, error: 'InvalidFormat' });
    }
    const known = email === null ? undefined : people.findByEmail(email);
    if (known) return { id: known.id };
    const name = requester['name'];
    if (typeof name !== 'string' || name.trim() === '') {
      throw recordInvalid('requester', { description: 'Requester: Name:  is too short (minimum is 1 character)', error: 'ValueTooShort' });
    }
    return { create: { name, email } };
  }
  if (id === undefined || id === null) return {};
  if (!store.users.has(idNumber(id))) throw recordInvalid('requester', { description: 'Requester: is invalid', error: 'InvalidValue' });
  return { id: idNumber(id) };
}

function readAssignee(input: Json, people: People): number | null | undefined {
  const email = input['assignee_email'];
  const given = typeof email === 'string' && email !== '' ? (people.findByEmail(email)?.id ?? -1) : input['assignee_id'];
  if (given === undefined || given === null) return given;
  if (given === '' || given === 0) return null;
  const id = idNumber(given);
  if (!people.isAgent(id)) throw recordInvalid('assignee', { description: 'Assignee: is invalid', error: 'InvalidValue' });
  return id;
}

function readStatus(input: Json, before: Ticket | null): Status | undefined {
  const customId = input['custom_status_id'];
  const byCustom = Object.entries(CUSTOM_STATUS).find(([, id]) => id === idNumber(customId))?.[0];
  const status = chosen<Status>(input, 'status', STATUSES, 'Status') ?? (byCustom as Status | undefined);
  // A ticket that somebody has touched never gets back to new.
  return status === 'new' && before && before.status !== 'new' ? undefined : status;
}

const NO_FIELDS: ReadonlyMap<number, unknown> = new Map();

/** `before` is null for a create. `action` is the vendor's name of it: `create` or `update`. */
export function readWrite(input: Json, before: Ticket | null, action: string, people: People, store: Store): WriteRequest {
  const where = `api/v2/tickets/${action}`;
  const patch: Partial<Fields> = {};

  const subject = textOrNull(input, 'subject', where) ?? textOrNull(input, 'raw_subject', where);
  if (subject !== undefined) patch.subject = subject;
  const externalId = textOrNull(input, 'external_id', where);
  if (externalId !== undefined) patch.external_id = externalId === '' ? null : externalId;

  const status = readStatus(input, before);
  if (status !== undefined) patch.status = status;
  if (input['priority'] === null || input['priority'] === '') {
    if (before?.priority) throw recordInvalid('priority', { description: 'Priority: cannot be reset', error: 'InvalidValue' });
  } else {
    const priority = chosen<Priority>(input, 'priority', PRIORITIES, 'Priority');
    if (priority !== undefined) patch.priority = priority;
  }
  if (input['type'] === null || input['type'] === '') patch.type = null;
  else {
    const type = chosen<TicketType>(input, 'type', TYPES, 'Type');
    if (type !== undefined) patch.type = type;
  }

  // A due date belongs to tasks: on any other type it is not kept, and it goes when the type goes.
  const task = (patch.type === undefined ? before?.type : patch.type) === 'task';
  const due = input['due_at'];
  const dueMs = due === undefined || due === null || due === '' ? null : instant(due);
  if (dueMs === null && typeof due === 'string' && due !== '') throw invalidAttribute('ticket.due_at', 'a valid date', where);
  if (!task) patch.due_at = null;
  else if (due !== undefined) patch.due_at = dueMs === null ? null : isoSeconds(dueMs);

  const oldCustom = before?.custom ?? NO_FIELDS;
  const custom = readCustom(input, oldCustom);
  if (input['tags'] !== undefined) patch.tags = normaliseTags(input['tags']);
  if (custom) {
    patch.custom = custom;
    patch.tags = withOptionTags(patch.tags ?? before?.tags ?? [], oldCustom, custom);
  }

  const assignee = readAssignee(input, people);
  if (assignee !== undefined) {
    patch.assignee_id = assignee;
    // Everybody here works in the one group; an assignee brings it along.
    if (assignee !== null && !before?.group_id) patch.group_id = GROUP_ID;
    if (assignee !== null && (patch.status ?? before?.status ?? 'new') === 'new') patch.status = 'open';
  }
  const requester = readRequester(input, people, store);
  if (requester.id !== undefined) patch.requester_id = requester.id;

  // A header takes printable ASCII only.
  const dropped = Object.keys(input).filter((key) => !PERMITTED.has(key)).map((key) => `"ticket.${key.replace(/[^\x20-\x7e]/g, '?')}"`);
  let comment: CommentDraft | null = null;
  const odd: string[] = [];
  if (isJson(input['comment'])) comment = readCommentDraft(input['comment'], store);
  else if (input['comment'] !== undefined && input['comment'] !== null) odd.push('"ticket.comment"');
  // The description is the first comment; after creation the key is ignored.
  if (!before && !comment && typeof input['description'] === 'string') {
    comment = readCommentDraft({ body: input['description'] }, store);
  }

  const submitter = idNumber(input['submitter_id']);
  return {
    patch,
    newRequester: requester.create ?? null,
    submitterId: !before && store.users.has(submitter) ? submitter : null,
    comment,
    metadata: readMetadata(input['metadata']),
    warning:
      dropped.length + odd.length === 0
        ? null
        : `{:allowed_parameters=>{:controller=>"tickets", :action=>"${action}", :unpermitted_keys=>[${dropped.join(', ')}], :invalid_values=>[${odd.join(', ')}]}}`,
  };
}
