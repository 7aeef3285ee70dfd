/**
 * Custom fields: their definitions as the desk has them, and values brought to their types where nothing is lost.
 * Types and attributes are documented; the form of options and of dates is not (?). https://airclou.com/api/helpdesk/ticket-fields
 */
import type { CustomProperty } from '../../core/model.ts';
import { DeskFailure } from '../../ports/connector.ts';
import { ifAllowed } from '../kit/failure.ts';
import type { Http } from '../kit/http.ts';
import { clean } from '../kit/text.ts';
import { pageQuery, placeAfter } from './paging.ts';
import { manyTicketFields, type HelpdeskField } from './shapes.ts';

export interface FieldDefinition {
  readonly id: string;
  readonly key: string | null;
  readonly type: string;
  readonly active: boolean;
  /** Each option's value with the words that stand for it; null where the desk does not list them. */
  readonly options: readonly { readonly value: string; readonly words: readonly string[] }[] | null;
}

/** By id, and by key where no id is like it. */
export type Definitions = ReadonlyMap<string, FieldDefinition>;

/** The system's own fields stand in the same list. */
const SYSTEM = /^system_/;
const MOST_PAGES = 50;

/** Null where this key may not read them. */
export async function readDefinitions(http: Http): Promise<Definitions | null> {
  const found: FieldDefinition[] = [];
  let place: string | null = null;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const answer = await ifAllowed(http.get(`/v1/ticket_fields?${pageQuery(place)}`));
    if (answer === null) return null;
    const page = manyTicketFields(answer);
    found.push(...page.ticketFields.filter(({ id }) => !SYSTEM.test(String(id))).map(definitionOf));
    place = placeAfter(page, place);
    if (place === null) return definitionsOf(found);
  }
  throw new DeskFailure('surprise', `the ticket fields do not end after ${MOST_PAGES} pages`);
}

export function definitionsOf(found: readonly FieldDefinition[]): Definitions {
  const byKey = found.flatMap((field) => (field.key === null ? [] : [[field.key, field] as const]));
  return new Map([...byKey, ...found.map((field) => [field.id, field] as const)]);
}

export function definitionOf({ id, fieldKey, type, active, options }: HelpdeskField): FieldDefinition {
  return { id: String(id), key: fieldKey ?? null, type: type ?? 'text', active: active !== false, options: options == null ? null : options.flatMap(optionOf) };
}

/** An option is a text, or an object that names its value in one of the usual ways. */
function optionOf(option: unknown): readonly { readonly value: string; readonly words: readonly string[] }[] {
  if (typeof option === 'string') return [{ value: option, words: [option] }];
  if (typeof option !== 'object' || option === null) return [];
  const texts = ['value', 'label', 'name', 'title', 'id'].flatMap((name) => {
    const text: unknown = Reflect.get(option, name);
    return typeof text === 'string' && text !== '' ? [text] : [];
  });
  return texts[0] === undefined ? [] : [{ value: texts[0], words: texts }];
}

export interface Held {
  readonly held: readonly CustomProperty[];
  /** What is left out, each with its reason. */
  readonly dropped: readonly string[];
}

/** What of these properties the desk can hold, in its own ids and types. `known` is null while the definitions are not known. */
export function holdProperties(properties: readonly CustomProperty[], known: Definitions | null, descriptionField: string | undefined): Held {
  const held = new Map<string, CustomProperty>();
  const dropped: string[] = [];
  for (const { id, value } of properties) {
    const field = known?.get(id);
    const why = whyNot(id, field, known, descriptionField);
    if (why !== null) {
      dropped.push(`${id}: ${why}`);
      continue;
    }
    const fitted = field === undefined ? asGiven(value) : fit(value, field);
    if (fitted === undefined) dropped.push(`${id}: ${typeof value === 'string' ? 'this text' : 'this value'} does not fit its type, ${field?.type ?? 'which is not known'}`);
    else held.set(field?.id ?? id, { id: field?.id ?? id, value: fitted });
  }
  return { held: [...held.values()], dropped };
}

function whyNot(id: string, field: FieldDefinition | undefined, known: Definitions | null, descriptionField: string | undefined): string | null {
  if (id === descriptionField || (field !== undefined && field.id === descriptionField)) return 'this field holds the description';
  if (SYSTEM.test(id)) return 'a field of the system is written by its own name';
  if (known === null) return null;
  if (field === undefined) return 'the desk has no custom field of this id or key';
  return field.active ? null : 'this field is not active';
}

/** Without a definition a value goes as it is, if it is one that a field can have. */
function asGiven(value: unknown): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value === 'string') return clean(value);
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value.map(clean) : undefined;
}

/** The value as the field's type has it; undefined where something would be lost. Null empties every field. */
export function fit(value: unknown, { type, options }: FieldDefinition): unknown {
  if (value === null) return null;
  switch (type) {
    case 'number':
      return wholeNumber(value);
    case 'decimal':
      return decimal(value);
    case 'checkbox':
      return truth(value);
    case 'date':
      return date(value);
    case 'dropdown':
      return option(Array.isArray(value) && value.length === 1 ? value[0] : value, options);
    case 'multiselect': {
      const chosen = (Array.isArray(value) ? value : [value]).map((one) => option(one, options));
      return chosen.every((one) => one !== undefined) ? [...new Set(chosen)] : undefined;
    }
    // text, textarea, regex (whose pattern is the desk's own to judge by), and what else may come.
    default:
      return text(value);
  }
}

function text(value: unknown): string | undefined {
  if (typeof value === 'string') return clean(value);
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)) ? String(value) : undefined;
}

function wholeNumber(value: unknown): number | undefined {
  const number = decimal(value);
  return number !== undefined && Number.isSafeInteger(number) ? number : undefined;
}

/** A number, or a text that is exactly one: `1e3` and `0x10` are none that a person wrote into a form. */
function decimal(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || !/^-?\d{1,15}(\.\d{1,15})?$/.test(value.trim())) return undefined;
  const number = Number(value.trim());
  return Number(number.toPrecision(15)) === number ? number : undefined;
}

function truth(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (value === 1 || value === 'true' || value === '1') return true;
  return value === 0 || value === 'false' || value === '0' ? false : undefined;
}

/** A day. A time of day other than midnight would be lost. */
function date(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const [, day = '', rest = ''] = /^(\d{4}-\d\d-\d\d)(.*)$/.exec(value.trim()) ?? [];
  if (day === '' || !/^([T ]00:00(:00(\.0+)?)?(Z|\+00:?00)?)?$/.test(rest)) return undefined;
  const time = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== day ? undefined : day;
}

function option(value: unknown, options: FieldDefinition['options']): string | undefined {
  const said = text(value);
  if (said === undefined || options === null) return said;
  const wanted = said.trim().toLowerCase();
  const exact = options.find((one) => one.value === said);
  return (exact ?? options.find(({ words }) => words.some((word) => word.trim().toLowerCase() === wanted)))?.value;
}
