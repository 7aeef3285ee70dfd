/**
 * How one account sees the link's fields: its own ids for custom fields and groups, its own words for values. Links hold the
 * mesh's words; what goes to a desk passes through `write`, what comes from it through `read`. Pure.
 */
import { FIELD_NAMES, type LinkField, type MappedField, type Person, type TicketFields } from './model.ts';

/** A link's values, or a ticket's in the mesh's words. */
export type Values = Readonly<Partial<Record<LinkField, unknown>>>;

/** What `mesh.yaml` says about the words of one account. */
export interface LensTerms {
  /** The account's id for each custom field, by the field's name in the mesh. */
  readonly custom: Readonly<Record<string, string>>;
  /** By field: the mesh's word → the account's. */
  readonly values: Readonly<Partial<Record<MappedField, Readonly<Record<string, string>>>>>;
  /** Written with every new ticket there, whatever the link says; by field or custom field id. */
  readonly constants: Readonly<Record<string, unknown>>;
  /** Written with a new ticket there where the link has no value. */
  readonly defaults: Readonly<Record<string, unknown>>;
}

export interface Lens {
  /** The fields that are carried to and from this account. */
  readonly names: readonly LinkField[];
  /** A ticket's fields in the mesh's words; only what is carried. */
  read(fields: TicketFields): Values;
  /** Values in this account's words. A word that a map does not know stays as it is; a group without one is left out. */
  write(values: Values): TicketFields;
  /** The same for a new ticket, with constants and defaults. */
  writeNew(values: Values): TicketFields;
  /** What a new ticket there has of its own: its constants, and the defaults that nothing stands against. Null if it has none. */
  readonly presets: TicketFields | null;
}

/** Terms of one account from several mirrors; `apply` has refused those that contradict each other. */
export function lensesTogether(a: LensTerms, b: LensTerms): LensTerms {
  const values: { [field in MappedField]?: Readonly<Record<string, string>> } = { ...a.values };
  for (const [field, map] of Object.entries(b.values)) values[field as MappedField] = { ...values[field as MappedField], ...map };
  return { custom: { ...a.custom, ...b.custom }, values, constants: { ...a.constants, ...b.constants }, defaults: { ...a.defaults, ...b.defaults } };
}

export const NO_LENS_TERMS: LensTerms = { custom: {}, values: {}, constants: {}, defaults: {} };

export function lensOf(terms: LensTerms): Lens {
  const customs = Object.entries(terms.custom).map(([name, id]) => ({ field: `custom:${name}` as const, id }));
  const maps = new Map(Object.entries(terms.values).map(([field, map]) => [field, mapOf(field, map ?? {})]));
  const grouped = maps.has('group');
  const names: readonly LinkField[] = [...FIELD_NAMES, ...(grouped ? (['group'] as const) : []), ...customs.map(({ field }) => field)];
  const plain = customs.length === 0 && maps.size === 0;

  function read(fields: TicketFields): Values {
    if (plain) return fields as Values;
    const values: Partial<Record<LinkField, unknown>> = {};
    for (const field of FIELD_NAMES) if (fields[field] !== undefined) values[field] = back(field, fields[field]);
    if (grouped && fields.group !== undefined) {
      const word = fields.group === null ? null : maps.get('group')?.known(fields.group);
      if (word !== undefined) values.group = word;
    }
    const told = fields.custom_properties;
    if (told !== undefined) {
      for (const { field, id } of customs) {
        const found = told.find((property) => property.id === id);
        if (found !== undefined) values[field] = back(field, found.value ?? null);
      }
    }
    return values;
  }

  function back(field: LinkField, value: unknown): unknown {
    return translated(field, value, (map, word) => map.back(word));
  }

  function translated(field: LinkField, value: unknown, by: (map: WordMap, word: string) => string): unknown {
    const map = maps.get(field);
    if (map === undefined || value === null) return value;
    if (field === 'assignee') {
      const person = value as Person;
      const email = person.email === null ? null : by(map, person.email.toLowerCase());
      return email === null || email === person.email?.toLowerCase() ? person : { user_id: null, email, name: person.name };
    }
    if (Array.isArray(value)) return value.map((part: unknown) => (typeof part === 'string' ? by(map, part) : part));
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? spared(value, by(map, String(value))) : value;
  }

  function write(values: Values): TicketFields {
    if (plain) return values as TicketFields;
    const fields: Record<string, unknown> = {};
    const properties: { id: string; value: unknown }[] = [];
    for (const [name, value] of Object.entries(values)) {
      const field = name as LinkField;
      const custom = customs.find((one) => one.field === field);
      const there = translated(field, value, (map, word) => map.to(word));
      if (custom !== undefined) properties.push({ id: custom.id, value: there });
      else if (field === 'group') {
        const known = value === null ? null : maps.get('group')?.exact(String(value));
        if (known !== undefined) fields.group = known;
      } else if (!isCustom(field)) fields[field] = there;
    }
    if (properties.length > 0) fields.custom_properties = properties;
    return fields as TicketFields;
  }

  function writeNew(values: Values): TicketFields {
    const { constants, defaults } = terms;
    const fields: Record<string, unknown> = { ...write(values) };
    const properties = new Map((write(values).custom_properties ?? []).map(({ id, value }) => [id, value]));
    const put = (name: string, value: unknown, over: boolean): void => {
      if (BUILT_IN.has(name)) {
        if (over || fields[name] == null) fields[name] = value;
        return;
      }
      const id = terms.custom[name] ?? name;
      if (over || properties.get(id) == null) properties.set(id, value);
    };
    for (const [name, value] of Object.entries(defaults)) put(name, value, false);
    for (const [name, value] of Object.entries(constants)) put(name, value, true);
    if (properties.size > 0) fields.custom_properties = [...properties].map(([id, value]) => ({ id, value }));
    return fields as TicketFields;
  }

  const presets = Object.keys(terms.constants).length === 0 && Object.keys(terms.defaults).length === 0 ? null : writeNew({});
  return { names, read, write, writeNew, presets };
}

/** The ids of the custom fields that have a value on this account's ticket and no name in the mesh, so that they are not carried. */
export function unnamedIn({ custom_properties: told = [] }: TicketFields, lens: Lens): readonly string[] {
  const says = (value: unknown): boolean => value != null && value !== '' && value !== false && !(Array.isArray(value) && value.length === 0);
  return told
    .filter((property) => says(property.value) && PLAIN_ID.test(property.id) && !Object.keys(lens.read({ custom_properties: [property] })).some((name) => name.startsWith('custom:')))
    .map(({ id }) => id)
    .slice(0, MOST_TOLD);
}

/** What an id can be told as. */
const PLAIN_ID = /^[\x21-\x7e]{1,100}$/;
const MOST_TOLD = 50;

/** Fields that constants and defaults may name besides custom ones. */
const BUILT_IN: ReadonlySet<string> = new Set([...FIELD_NAMES, 'group', 'company', 'public']);

export function isCustom(field: LinkField): field is `custom:${string}` {
  return field.startsWith('custom:');
}

/** A number or a truth value stays one where no map changes it. */
function spared(value: string | number | boolean, word: string): unknown {
  return word === String(value) ? value : word;
}

interface WordMap {
  to(word: string): string;
  back(word: string): string;
  /** Only what the map names. */
  exact(word: string): string | undefined;
  known(word: string): string | undefined;
}

/** Words of which there is a closed list: one that the map leaves alone is itself, even if another is mapped to it. */
const CLOSED: ReadonlySet<string> = new Set(['status', 'priority']);

function mapOf(field: string, entries: Readonly<Record<string, string>>): WordMap {
  const folded = field === 'assignee' ? (word: string): string => word.toLowerCase() : (word: string): string => word;
  const there = new Map(Object.entries(entries).map(([word, to]) => [folded(word), to]));
  const here = new Map<string, string>();
  for (const [word, to] of Object.entries(entries)) if (!here.has(folded(to))) here.set(folded(to), word);
  return {
    to: (word) => there.get(folded(word)) ?? word,
    back: (word) => (CLOSED.has(field) && !there.has(word) ? word : (here.get(folded(word)) ?? word)),
    exact: (word) => there.get(word),
    known: (word) => here.get(word),
  };
}
