/**
 * What a ticket write asks for, checked against the account's form; every problem is reported at once and unknown keys
 * are problems. Source: developers.freshdesk.com "Tickets". The account's form asks for requester, subject, status,
 * priority and description, as a new account's does, and for what the switches add; tags have at most 32 characters.
 */
import type { Json } from '../kit/desk.ts';
import { sanitiseHtml } from '../kit/html.ts';
import { EMAIL } from '../kit/json.ts';
import { PRIORITY_LABELS, SOURCE_LABELS, STATUS_LABELS, TICKET_TYPES } from './catalog.ts';
import { absent, readCustom, unfilled } from './custom.ts';
import { badEmail, blank, invalidField, nobody, notA, notOneOf, validationFailed, type Problem } from './errors.ts';
import type { Input } from './form.ts';
import type { Fields, Store, Ticket } from './model.ts';
import { readRequester, REQUESTER_KEYS, type NewContact } from './requester.ts';
import { readDueDates } from './sla.ts';

export interface WriteRequest {
  readonly patch: Partial<Fields>;
  /** A contact whom the write brings into being. */
  readonly newRequester: NewContact | null;
}

/** How strict the account is. */
export type Rules = {
  /** Names of custom fields, or a ticket's own keys, that a new ticket must bring, and that a closed one must have. */
  readonly required_fields: readonly string[];
  readonly required_for_closure: readonly string[];
  /** The feature without which `company_id` cannot be set. */
  readonly multiple_companies: boolean;
};

const UPDATE_KEYS: ReadonlySet<string> = new Set([
  ...REQUESTER_KEYS, 'name', 'subject', 'type', 'status', 'priority', 'description', 'responder_id', 'attachments', 'custom_fields', 'due_by',
  'email_config_id', 'fr_due_by', 'group_id', 'parent_id', 'related_ticket_ids', 'product_id', 'source', 'tags', 'company_id', 'internal_agent_id',
  'internal_group_id', 'lookup_parameter',
]);
const CREATE_KEYS: ReadonlySet<string> = new Set([...UPDATE_KEYS, 'cc_emails']);
const OUTBOUND = 10;
const ENDED: ReadonlySet<number> = new Set([4, 5]);

const numbers = (labels: Readonly<Record<number, string>>): number[] => Object.keys(labels).map(Number);

/** The server wraps what is plain text; images that are written into the text itself are taken out. */
export const storedHtml = (text: string): string => {
  const html = sanitiseHtml(text).replace(/<img\b[^>]*?\ssrc\s*=\s*["']?data:[^>]*>/gi, '');
  return /^\s*</.test(html) ? html : `<div>${html}</div>`;
};

/** `before` is null for a create. */
export function readWrite({ fields: input, problems: found }: Input, before: Ticket | null, store: Store, rules: Rules, now: number): WriteRequest {
  const problems: Problem[] = [...found];
  const patch: Partial<Fields> = {};
  const permitted = before ? UPDATE_KEYS : CREATE_KEYS;
  for (const key of Object.keys(input)) if (!permitted.has(key)) problems.push(invalidField(key));

  const text = (key: 'subject' | 'description', max: number): void => {
    const value = input[key];
    if (value === undefined) {
      if (!before) problems.push(notA(key, 'String', 'missing_field'));
    } else if (typeof value !== 'string') problems.push(notA(key, 'String'));
    else if (value.trim() === '') problems.push(blank(key));
    else if (value.length > max) problems.push({ field: key, message: `Has ${value.length} characters, it can have maximum of ${max} characters`, code: 'invalid_value' });
    else if (before?.source === OUTBOUND) problems.push({ ...invalidField(key), code: 'incompatible_field' });
    else patch[key] = key === 'description' ? storedHtml(value) : value;
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

  const reference = (key: 'responder_id' | 'group_id' | 'company_id', known: (id: number) => boolean, who: string): void => {
    const value = input[key];
    if (value === undefined) return;
    if (value === null) patch[key] = null;
    else if (typeof value !== 'number' || !Number.isInteger(value) || value < 1) problems.push(notA(key, 'Positive Integer'));
    else if (!known(value)) problems.push(nobody(key, who));
    else patch[key] = value;
  };
  reference('responder_id', (id) => store.people.get(id)?.agent != null, 'agent');
  reference('group_id', (id) => store.groups.has(id), 'group');
  if (input['company_id'] !== undefined && !rules.multiple_companies) {
    problems.push({ field: 'company_id', message: 'The field cannot be set: the Multiple Companies feature is off', code: 'inaccessible_field' });
  } else reference('company_id', (id) => store.companies.has(id), 'company');

  const tags = input['tags'];
  if (tags !== undefined) {
    if (!Array.isArray(tags)) problems.push(notA('tags', 'Array'));
    else if (!tags.every((tag) => typeof tag === 'string')) problems.push(notA('tags', 'String'));
    else if (tags.some((tag) => tag.includes(','))) problems.push({ field: 'tags', message: "It should not contain ','", code: 'invalid_value' });
    else if (tags.some((tag) => tag.length > 32)) problems.push({ field: 'tags', message: 'It can have maximum of 32 characters', code: 'invalid_value' });
    else patch.tags = [...new Set(tags.map((tag) => tag.trim()).filter((tag) => tag !== ''))];
  }

  const typeAfter = patch.type === undefined ? (before?.type ?? null) : patch.type;
  const customBefore = before?.custom_fields ?? {};
  if (input['custom_fields'] !== undefined) patch.custom_fields = readCustom(input['custom_fields'], customBefore, typeAfter, problems);

  const ccs = input['cc_emails'];
  if (ccs !== undefined && !before) {
    if (!Array.isArray(ccs)) problems.push(notA('cc_emails', 'Array'));
    else if (!ccs.every((cc) => typeof cc === 'string' && EMAIL.test(cc))) problems.push(badEmail('cc_emails'));
    else patch.cc_emails = ccs.map(String);
  }

  readDueDates(input, before, patch.status ?? before?.status ?? 2, now, patch, problems);
  const newRequester = readRequester(input, before === null, store, patch, problems);

  const customAfter = patch.custom_fields ?? customBefore;
  const after: Json = { ...before, ...patch };
  if (!before) problems.push(...unfilled(rules.required_fields, after, customAfter, typeAfter).map(absent));
  const ends = patch.status !== undefined && ENDED.has(patch.status) && (before === null || !ENDED.has(before.status));
  if (ends) problems.push(...unfilled(rules.required_for_closure, after, customAfter, typeAfter).map(absent));

  if (problems.length > 0) throw validationFailed(problems);
  clearAbsentAgent(patch, before, store);
  return { patch, newRequester };
}

/** An agent who is not in the ticket's group is dropped, and the answer is a success all the same (seen on live accounts). */
function clearAbsentAgent(patch: Partial<Fields>, before: Ticket | null, store: Store): void {
  const group = patch.group_id === undefined ? (before?.group_id ?? null) : patch.group_id;
  const agent = patch.responder_id === undefined ? (before?.responder_id ?? null) : patch.responder_id;
  if (group === null || agent === null || (patch.group_id === undefined && patch.responder_id === undefined)) return;
  if (store.groups.get(group)?.agent_ids.includes(agent) !== true) patch.responder_id = null;
}
