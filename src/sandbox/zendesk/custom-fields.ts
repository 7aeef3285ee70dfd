/**
 * Custom fields of a ticket: what each type takes, and how the options of dropdowns and the ticket's tags follow each other.
 * Source: developer.zendesk.com "Ticket fields" ("Setting custom field values"); what a value of the wrong kind is answered
 * with is recorded for dropdowns (dropped without a word) and required fields only, the rest is likely.
 */
import type { Json } from '../kit/desk.ts';
import { idNumber, isJson, printed } from '../kit/json.ts';
import { recordInvalid } from './errors.ts';
import type { TicketField } from './model.ts';
import { isCustom, type Store } from './store.ts';

type Values = ReadonlyMap<number, unknown>;

const TYPE_NAMES: Readonly<Record<string, string>> = {
  text: 'FieldText', textarea: 'FieldTextarea', checkbox: 'FieldCheckbox', integer: 'FieldInteger', decimal: 'FieldDecimal', date: 'FieldDate',
  regexp: 'FieldRegexp', tagger: 'FieldTagger', multiselect: 'FieldMultiselect', description: 'FieldDescription',
};
const fieldType = (field: TicketField): string => TYPE_NAMES[field.type] ?? 'FieldText';

const invalid = (field: TicketField): Error =>
  recordInvalid('base', { description: `${field.title}: is invalid`, error: 'InvalidValue', ticket_field_id: field.id, ticket_field_type: fieldType(field) });

/** Undefined where the vendor drops the value without a word. */
function taken(field: TicketField, given: unknown): unknown {
  if (given === null || given === '') return field.type === 'checkbox' ? false : field.type === 'multiselect' ? [] : null;
  switch (field.type) {
    case 'checkbox':
      return given === true || given === 1 || /^(true|1|yes)$/i.test(printed(given));
    case 'integer':
      if (!/^-?\d{1,15}$/.test(printed(given))) throw invalid(field);
      return Number(given);
    case 'decimal':
      if (!/^-?\d+(\.\d+)?$/.test(printed(given))) throw invalid(field);
      return Number(given);
    case 'date': {
      const day = /^(\d{4}-\d{2}-\d{2})(?:$|T)/.exec(printed(given))?.[1];
      if (day === undefined || Number.isNaN(Date.parse(day))) throw invalid(field);
      return day;
    }
    case 'tagger':
      return field.options?.some(({ value }) => value === given) === true ? given : undefined;
    case 'multiselect': {
      const wanted = (Array.isArray(given) ? given : [given]).map(printed);
      return (field.options ?? []).map(({ value }) => value).filter((value) => wanted.includes(value));
    }
    case 'regexp':
      if (field.regexp !== null && !matches(field.regexp, printed(given))) throw invalid(field);
      return printed(given);
    default:
      return printed(given);
  }
}

/** The vendor's expressions are Ruby's: `\A` and `\z` are the ends of the text. */
function matches(expression: string, text: string): boolean {
  try {
    return new RegExp(expression.replace(/\\A/g, '^').replace(/\\[zZ]/g, '$')).test(text.slice(0, 1_000));
  } catch {
    return true;
  }
}

/** Only the listed fields change; ids that are unknown here are dropped without an error. */
export function readCustom(input: Json, before: Values, store: Store): Values | undefined {
  const value = input['custom_fields'] ?? input['fields'];
  const pairs: readonly (readonly [unknown, unknown])[] = Array.isArray(value)
    ? value.filter(isJson).map((item) => [item['id'], item['value']] as const)
    : isJson(value)
      ? Object.entries(value)
      : [];
  if (pairs.length === 0) return undefined;
  const custom = new Map(before);
  for (const [id, given] of pairs) {
    const field = store.fields.get(idNumber(id));
    if (!field || !isCustom(field) || given === undefined) continue;
    const kept = taken(field, given);
    if (kept !== undefined) custom.set(field.id, kept);
  }
  return custom;
}

/** The tags that a field's value stands for. */
function tagsOf(field: TicketField, value: unknown): readonly string[] {
  if (field.type === 'tagger') return typeof value === 'string' ? [value] : [];
  if (field.type === 'multiselect') return Array.isArray(value) ? value.map(printed) : [];
  if (field.type === 'checkbox') return value === true && field.tag !== null ? [field.tag] : [];
  return [];
}

/** Fields that were written bring their tags along, and take those of their old values away. */
export function withFieldTags(tags: readonly string[], before: Values, after: Values, store: Store): readonly string[] {
  let result = tags;
  for (const field of store.fields.values()) {
    const [old, now] = [tagsOf(field, before.get(field.id)), tagsOf(field, after.get(field.id))];
    if (old.length === 0 && now.length === 0) continue;
    result = [...result.filter((tag) => now.includes(tag) || !old.includes(tag)), ...now.filter((tag) => !result.includes(tag))];
  }
  return result;
}

/** Tags that were written set the fields whose options they are, and empty those whose options they no longer are. */
export function withTagFields(custom: Values, tags: readonly string[], store: Store): Values {
  let result: Map<number, unknown> | null = null;
  const set = (field: TicketField, value: unknown): void => void (result ??= new Map(custom)).set(field.id, value);
  for (const field of store.fields.values()) {
    const value = custom.get(field.id);
    if (field.type === 'tagger') {
      const found = field.options?.find((option) => tags.includes(option.value))?.value ?? null;
      if (typeof value === 'string' ? !tags.includes(value) : found !== null) set(field, found);
    } else if (field.type === 'multiselect') {
      const found = (field.options ?? []).map((option) => option.value).filter((option) => tags.includes(option));
      if (found.length !== (Array.isArray(value) ? value.length : 0)) set(field, found);
    } else if (field.type === 'checkbox' && field.tag !== null && (value === true) !== tags.includes(field.tag)) set(field, tags.includes(field.tag));
  }
  return result ?? custom;
}

/** Refuses to solve a ticket while a field that is needed for that is empty. */
export function demandSolvable(values: Values, store: Store): void {
  for (const field of store.fields.values()) {
    if (!field.required || !field.active || !isCustom(field)) continue;
    const value = values.get(field.id);
    if (value !== undefined && value !== null && value !== false && !(Array.isArray(value) && value.length === 0)) continue;
    throw recordInvalid('base', {
      description: `${field.title}: is required when solving a ticket`, error: null, ticket_field_id: field.id, ticket_field_type: fieldType(field),
    });
  }
}

/** As a ticket shows it: every active custom field, with what it is when nothing was ever entered. */
export function showCustom(values: Values, store: Store): readonly { readonly id: number; readonly value: unknown }[] {
  const shown: { id: number; value: unknown }[] = [];
  for (const field of store.fields.values()) {
    if (!isCustom(field) || !field.active) continue;
    shown.push({ id: field.id, value: values.get(field.id) ?? (field.type === 'checkbox' ? false : field.type === 'multiselect' ? [] : null) });
  }
  return shown;
}
