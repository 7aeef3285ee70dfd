/**
 * The account's ticket form, read from the desk: what its statuses, types, groups and custom fields are called and take.
 * Any agent may read it (`/ticket_fields`); administrators have another form of it (`/admin/ticket_fields`), which is asked
 * where the first is not allowed. https://developers.freshdesk.com/api/#ticket-fields
 */
import { DeskFailure } from '../../ports/connector.ts';
import type { Http } from '../kit/http.ts';
import { manyFields, type FreshdeskField } from './shapes.ts';

export type Kind = 'text' | 'whole' | 'decimal' | 'flag' | 'date' | 'choice' | 'choices' | 'other';

/** The values of a dependent field, level by level. */
export type Tree = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

export interface Field {
  readonly name: string;
  readonly kind: Kind;
  /** For a choice: what may be chosen, on this level at all. */
  readonly choices: readonly string[] | null;
  /** For a level of a dependent field: the names of all levels from the top down to this one. */
  readonly chain: readonly string[];
  readonly required: boolean;
}

export interface Form {
  /** Labels by number. */
  readonly statuses: ReadonlyMap<number, string>;
  readonly types: readonly string[];
  /** Ids by name in lower case. */
  readonly groups: ReadonlyMap<string, string>;
  /** Custom fields by name. */
  readonly fields: ReadonlyMap<string, Field>;
  /** The keys of a ticket's own fields that a new one must bring. */
  readonly required: ReadonlySet<string>;
}

export interface Forms {
  /** Null before it was read. */
  known(): Form | null;
  learn(): Promise<void>;
}

export function openForms(http: Http): Forms {
  let form: Form | null = null;
  return {
    known: () => form,
    async learn() {
      form = formOf(manyFields(await read(http)));
    },
  };
}

async function read(http: Http): Promise<Awaited<ReturnType<Http['get']>>> {
  try {
    return await http.get('/ticket_fields');
  } catch (error) {
    if (!(error instanceof DeskFailure) || error.status !== 403) throw error;
    return http.get('/admin/ticket_fields');
  }
}

/** The form's names for what the ticket API calls otherwise. */
const KEYS: Readonly<Record<string, string>> = { ticket_type: 'type', group: 'group_id', agent: 'responder_id', company: 'company_id', product: 'product_id' };
/** Asked for by every form, and always written. */
const ALWAYS: ReadonlySet<string> = new Set(['requester', 'subject', 'description', 'status', 'priority']);

export function formOf(all: readonly FreshdeskField[]): Form {
  const named = (type: string): FreshdeskField | undefined => all.find((field) => field.type === type);
  const custom = all.filter((field) => field.default !== true && !field.type.startsWith('default_'));
  return {
    statuses: statusesOf(named('default_status')?.choices),
    types: valuesOf(named('default_ticket_type')?.choices),
    groups: groupsOf(named('default_group')?.choices),
    fields: new Map(custom.flatMap(fieldsOf).map((field) => [field.name, field])),
    required: new Set(
      all.filter(({ name, type, required_for_agents: required }) => required === true && type.startsWith('default_') && !ALWAYS.has(name)).map(({ name }) => KEYS[name] ?? name),
    ),
  };
}

function fieldsOf(field: FreshdeskField): readonly Field[] {
  const required = field.required_for_agents === true;
  const levels = [...(field.nested_ticket_fields ?? field.dependent_fields ?? [])].sort((a, b) => (a.level ?? 0) - (b.level ?? 0)).map(({ name }) => name);
  if (field.type !== 'nested_field' && levels.length === 0) {
    const kind = kindOf(field.type);
    const choices = kind === 'choice' || kind === 'choices' ? valuesOf(field.choices) : [];
    return [{ name: field.name, kind, choices: choices.length === 0 ? null : choices, chain: [field.name], required }];
  }
  const tree = treeOf(field.choices);
  const middle = [...tree.values()];
  const values = [[...tree.keys()], middle.flatMap((next) => [...next.keys()]), middle.flatMap((next) => [...next.values()].flat())];
  const names = [field.name, ...levels];
  return names.map((name, level) => ({
    name, kind: 'choice', choices: tree.size === 0 ? null : [...new Set(values[level] ?? [])], chain: names.slice(0, level + 1), required: required && level === 0,
  }));
}

function kindOf(type: string): Kind {
  if (/checkbox/.test(type)) return 'flag';
  if (/decimal/.test(type)) return 'decimal';
  if (/multi/.test(type)) return 'choices';
  if (/dropdown/.test(type)) return 'choice';
  if (/^custom_number$/.test(type)) return 'whole';
  if (/^custom_date$/.test(type)) return 'date';
  return /text|paragraph|url|phone/.test(type) ? 'text' : 'other';
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A list of choices: texts, texts in lists of their own, administrators' objects, or the names of an object. */
function valuesOf(choices: unknown): readonly string[] {
  if (isObject(choices)) return Object.keys(choices);
  if (!Array.isArray(choices)) return [];
  return choices.flatMap((choice: unknown) => {
    const value: unknown = Array.isArray(choice) ? choice[0] : isObject(choice) ? choice.value : choice;
    return typeof value === 'string' ? [value] : [];
  });
}

/** `{"2": ["Open", "Being Processed"]}`, or administrators' objects. */
function statusesOf(choices: unknown): ReadonlyMap<number, string> {
  const rows: readonly (readonly [unknown, unknown])[] = Array.isArray(choices)
    ? choices.map((choice: unknown) => (isObject(choice) ? [choice.id, choice.value] : [null, null]))
    : isObject(choices)
      ? Object.entries(choices).map(([number, labels]) => [number, Array.isArray(labels) ? labels[0] : labels])
      : [];
  return new Map(rows.flatMap(([number, label]) => (Number.isSafeInteger(Number(number)) && typeof label === 'string' ? [[Number(number), label] as const] : [])));
}

/** `{"Support": 1070000441221}`; administrators' form tells no ids of groups. */
function groupsOf(choices: unknown): ReadonlyMap<string, string> {
  if (!isObject(choices)) return new Map();
  const ids = Object.entries(choices).filter(([, id]) => typeof id === 'number' || typeof id === 'string');
  return new Map(ids.map(([name, id]) => [name.toLowerCase(), String(id)]));
}

/** Agents' form nests objects, the last level a list or empty; administrators' form nests lists of `{value, choices}`. */
function treeOf(choices: unknown): Tree {
  const next = (value: unknown): readonly (readonly [string, unknown])[] =>
    Array.isArray(value)
      ? value.flatMap((choice: unknown) => (typeof choice === 'string' ? [[choice, []] as const] : isObject(choice) && typeof choice.value === 'string' ? [[choice.value, choice.choices] as const] : []))
      : isObject(value)
        ? Object.entries(value)
        : [];
  return new Map(next(choices).map(([top, below]) => [top, new Map(next(below).map(([middle, last]) => [middle, next(last).map(([value]) => value)]))]));
}
