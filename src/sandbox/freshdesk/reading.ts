/**
 * What a ticket write asks for, checked against the account's form; every problem is reported at once and unknown keys
 * are problems. Source: developers.freshdesk.com "Tickets". The account's form asks for requester, subject, status,
 * priority and description, as a new account's does; tags have at most 32 characters and no comma.
 */
import { isoSeconds } from '../kit/clock.ts';
import type { Json } from '../kit/desk.ts';
import { sanitiseHtml } from '../kit/html.ts';
import { EMAIL, instant, isJson } from '../kit/json.ts';
import { blank, invalidField, nobody, notA, notOneOf, validationFailed, type Problem } from './errors.ts';
import { CUSTOM_FIELDS, GROUP, PRIORITY_LABELS, SOURCE_LABELS, STATUS_LABELS, TICKET_TYPES, type CustomField, type Fields, type Store, type Ticket } from './model.ts';

export interface WriteRequest {
  readonly patch: Partial<Fields>;
  /** A contact whom the write brings into being. */
  readonly newRequester: { readonly name: string; readonly email: string | null; readonly phone: string | null; readonly externalId: string | null } | null;
}

const REQUESTER_KEYS = ['requester_id', 'phone', 'email', 'twitter_id', 'facebook_id', 'unique_external_id'];
const UPDATE_KEYS: ReadonlySet<string> = new Set([
  ...REQUESTER_KEYS, 'name', 'subject', 'type', 'status', 'priority', 'description', 'responder_id', 'attachments', 'custom_fields', 'due_by',
  'email_config_id', 'fr_due_by', 'group_id', 'parent_id', 'related_ticket_ids', 'product_id', 'source', 'tags', 'internal_agent_id',
  'internal_group_id', 'lookup_parameter',
]);
const CREATE_KEYS: ReadonlySet<string> = new Set([...UPDATE_KEYS, 'cc_emails']);

const numbers = (labels: Readonly<Record<number, string>>): number[] => Object.keys(labels).map(Number);

/** The server wraps what is plain text. */
export const wrapHtml = (text: string): string => (/^\s*</.test(text) ? text : `<div>${text}</div>`);

function customProblem(field: CustomField, value: unknown): Problem | null {
  const name = `custom_fields.${field.name}`;
  if (value === null) return null;
  switch (field.type) {
    case 'custom_checkbox':
      return typeof value === 'boolean' ? null : notA(name, 'Boolean');
    case 'custom_number':
      return Number.isInteger(value) ? null : notA(name, 'Integer');
    case 'custom_date':
      return typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value)
        ? null
        : { field: name, message: "It should be in the 'yyyy-mm-dd' format", code: 'invalid_value' };
    case 'custom_dropdown':
      return typeof value === 'string' && field.choices?.includes(value) ? null : notOneOf(name, field.choices ?? []);
    default:
      return typeof value === 'string' ? null : notA(name, 'String');
  }
}

/** `before` is null for a create. */
export function readWrite(body: unknown, before: Ticket | null, store: Store, now: number): WriteRequest {
  const problems: Problem[] = [];
  const patch: Partial<Fields> = {};
  if (!isJson(body)) throw validationFailed([notA('request', 'JSON object')]);
  const input: Json = body;
  const permitted = before ? UPDATE_KEYS : CREATE_KEYS;
  for (const key of Object.keys(input)) if (!permitted.has(key)) problems.push(invalidField(key));

  const text = (key: 'subject' | 'description', max: number): void => {
    const value = input[key];
    if (value === undefined) {
      if (!before) problems.push(notA(key, 'String', 'missing_field'));
    } else if (typeof value !== 'string') problems.push(notA(key, 'String'));
    else if (value.trim() === '') problems.push(blank(key));
    else if (value.length > max) problems.push({ field: key, message: `Has ${value.length} characters, it can have maximum of ${max} characters`, code: 'invalid_value' });
    else if (before?.source === 10) problems.push({ ...invalidField(key), code: 'incompatible_field' });
    else patch[key] = key === 'description' ? wrapHtml(sanitiseHtml(value)) : value;
  };
  text('subject', 255);
  text('description', Number.MAX_SAFE_INTEGER);

  const choice = (key: 'status' | 'priority' | 'source', labels: Readonly<Record<number, string>>, required: boolean): void => {
    const value = input[key];
    if (value === undefined) {
      if (required && !before) problems.push(notOneOf(key, numbers(labels), 'missing_field'));
    } else if (typeof value !== 'number' || labels[value] === undefined) problems.push(notOneOf(key, numbers(labels)));
    else patch[key] = value;
  };
  choice('status', STATUS_LABELS, true);
  choice('priority', PRIORITY_LABELS, true);
  choice('source', SOURCE_LABELS, false);

  const type = input['type'];
  if (type === null || (typeof type === 'string' && TICKET_TYPES.includes(type))) patch.type = type;
  else if (type !== undefined) problems.push(notOneOf('type', TICKET_TYPES));

  const reference = (key: 'responder_id' | 'group_id', known: (id: number) => boolean, who: string): void => {
    const value = input[key];
    if (value === undefined) return;
    if (value === null) patch[key] = null;
    else if (typeof value !== 'number' || !Number.isInteger(value) || value < 1) problems.push(notA(key, 'Positive Integer'));
    else if (!known(value)) problems.push(nobody(key, who));
    else patch[key] = value;
  };
  reference('responder_id', (id) => store.people.get(id)?.agent === true, 'agent');
  reference('group_id', (id) => id === GROUP.id, 'group');

  const tags = input['tags'];
  if (tags !== undefined) {
    if (!Array.isArray(tags)) problems.push(notA('tags', 'Array'));
    else if (!tags.every((tag) => typeof tag === 'string')) problems.push(notA('tags', 'String'));
    else if (tags.some((tag) => tag.includes(','))) problems.push({ field: 'tags', message: "It should not contain ','", code: 'invalid_value' });
    else if (tags.some((tag) => tag.length > 32)) problems.push({ field: 'tags', message: 'It can have maximum of 32 characters', code: 'invalid_value' });
    else patch.tags = [...new Set(tags.map((tag) => tag.trim()).filter((tag) => tag !== ''))];
  }

  const custom = input['custom_fields'];
  if (custom !== undefined) {
    if (!isJson(custom)) problems.push(notA('custom_fields', 'key/value pair'));
    else {
      const merged: Json = { ...before?.custom_fields };
      for (const [name, value] of Object.entries(custom)) {
        const field = CUSTOM_FIELDS.find((known) => known.name === name);
        const problem = field ? customProblem(field, value) : invalidField(`custom_fields.${name}`);
        if (problem) problems.push(problem);
        merged[name] = value;
      }
      patch.custom_fields = merged;
    }
  }

  const ccs = input['cc_emails'];
  if (ccs !== undefined && !before) {
    if (!Array.isArray(ccs)) problems.push(notA('cc_emails', 'Array'));
    else if (!ccs.every((cc) => typeof cc === 'string' && EMAIL.test(cc))) problems.push({ field: 'cc_emails', message: "It should be in the 'valid email address' format", code: 'invalid_value' });
    else patch.cc_emails = ccs.map(String);
  }

  readDueDates(input, before, now, patch, problems);
  const newRequester = readRequester(input, before, store, patch, problems);
  if (problems.length > 0) throw validationFailed(problems);
  return { patch, newRequester };
}

/** Both dates or none, later than the creation, the first response not after the solution. (Not documented: pieced together.) */
function readDueDates(input: Json, before: Ticket | null, now: number, patch: Partial<Fields>, problems: Problem[]): void {
  const keys = ['due_by', 'fr_due_by'] as const;
  const given = keys.filter((key) => input[key] !== undefined);
  if (given.length === 0) return;
  const [due, first] = keys.map((key) => instant(input[key]));
  for (const key of given) {
    if (instant(input[key]) === null) problems.push({ field: key, message: "It should be in the 'combined date and time ISO8601' format", code: 'invalid_value' });
  }
  const absent = keys.find((key) => input[key] === undefined);
  if (absent) problems.push({ field: absent, message: 'It should be present when the other due date is set', code: 'missing_field' });
  if (due === null || due === undefined || first === null || first === undefined) return;
  const created = before ? (instant(before.created_at) ?? 0) : now;
  if (due <= created) problems.push({ field: 'due_by', message: 'It should be greater than created_at', code: 'invalid_value' });
  if (first <= created) problems.push({ field: 'fr_due_by', message: 'It should be greater than created_at', code: 'invalid_value' });
  if (first > due) problems.push({ field: 'fr_due_by', message: 'It should be less than or equal to due_by', code: 'invalid_value' });
  patch.due_by = isoSeconds(due);
  patch.fr_due_by = isoSeconds(first);
}

/** An unknown mailbox or phone number becomes a contact. */
function readRequester(input: Json, before: Ticket | null, store: Store, patch: Partial<Fields>, problems: Problem[]): WriteRequest['newRequester'] {
  const { requester_id: id, email, phone, name, unique_external_id: external } = input;
  if (id !== undefined && id !== null) {
    if (typeof id !== 'number') problems.push(notA('requester_id', 'Positive Integer'));
    else if (!store.people.has(id)) problems.push(nobody('requester_id'));
    else patch.requester_id = id;
    return null;
  }
  if (email !== undefined && email !== null && (typeof email !== 'string' || !EMAIL.test(email))) {
    problems.push({ field: 'email', message: "It should be in the 'valid email address' format", code: 'invalid_value' });
    return null;
  }
  const mailbox = typeof email === 'string' ? email : null;
  const number = typeof phone === 'string' && phone !== '' ? phone : null;
  const externalId = typeof external === 'string' && external !== '' ? external : null;
  if (mailbox === null && number === null && externalId === null) {
    if (!before) problems.push({ field: 'requester_id', message: `Please fill at least 1 of ${REQUESTER_KEYS.join(', ')} fields`, code: 'missing_field' });
    return null;
  }
  const known =
    (mailbox === null ? undefined : store.byEmail.get(mailbox.toLowerCase())) ??
    (mailbox !== null ? undefined : [...store.people.values()].find((person) => (number !== null && person.phone === number) || (externalId !== null && person.unique_external_id === externalId)));
  if (known) {
    patch.requester_id = known.id;
    return null;
  }
  const called = typeof name === 'string' && name.trim() !== '' ? name : null;
  if (mailbox === null && number !== null && called === null) problems.push(notA('name', 'String', 'missing_field'));
  return { name: called ?? mailbox?.split('@')[0] ?? externalId ?? '', email: mailbox, phone: number, externalId };
}
