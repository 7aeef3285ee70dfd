/** The part of a mirror in mesh.yaml that is about one account's words and ids: what is wrong with it, and what it comes to. */
import { lensesTogether, NO_LENS_TERMS, type LensTerms } from '../core/lens.ts';
import type { MappedField } from '../core/model.ts';
import type { MeshFault, MeshFile, Path } from './mesh-file.ts';
import { fieldsIn, isFields, type Fields } from './mesh-parts.ts';
import { didYouMean } from './mesh-shape.ts';

/** As the schema lets it be written. */
export interface WrittenLenses {
  readonly custom_fields?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly values?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>>;
  readonly constants?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly defaults?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Fields that have a closed list of words in every desk's reading. */
export const WORDS: Readonly<Record<string, readonly string[]>> = {
  status: ['open', 'pending', 'resolved', 'closed'],
  priority: ['low', 'normal', 'high', 'urgent'],
};
export const MAPPED: readonly string[] = ['status', 'priority', 'ticket_type', 'assignee', 'group'];
const SET: readonly string[] = ['subject', 'description', 'status', 'priority', 'ticket_type', 'tags', 'due_at', 'group', 'company', 'public'];

const DUE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

export function lensesOf(mirror: WrittenLenses): Readonly<Record<string, LensTerms>> {
  const { custom_fields: customs = {}, values = {}, constants = {}, defaults = {} } = mirror;
  const all: Record<string, LensTerms> = {};
  const add = (account: string, terms: Partial<LensTerms>): void => {
    all[account] = lensesTogether(all[account] ?? NO_LENS_TERMS, { ...NO_LENS_TERMS, ...terms });
  };
  for (const [name, ids] of Object.entries(customs)) for (const [account, id] of Object.entries(ids)) add(account, { custom: { [name]: id } });
  for (const [account, maps] of Object.entries(values)) {
    add(account, { values: Object.fromEntries(Object.entries(maps).map(([field, map]) => [mappedField(field), map])) });
  }
  for (const [account, constant] of Object.entries(constants)) add(account, { constants: constant });
  for (const [account, given] of Object.entries(defaults)) add(account, { defaults: given });
  return all;
}

function mappedField(name: string): MappedField {
  return MAPPED.includes(name) ? (name as MappedField) : `custom:${name}`;
}

/** What is wrong within one mirror. `members` are the accounts that it connects. */
export function lensFaults(file: MeshFile, path: Path, mirror: Fields, members: readonly string[]): readonly MeshFault[] {
  const customs = fieldsIn(mirror['custom_fields']);
  const names = customs.map(([name]) => name);
  const faults: MeshFault[] = [];
  const member = (place: Path, account: string): void => {
    if (members.includes(account)) return;
    faults.push(file.faultAt(place, `This mirror connects no account ${account}, only ${members.join(', ')}.${didYouMean(account, members)}`));
  };
  for (const [name, ids] of customs) {
    const place = [...path, 'custom_fields', name];
    if (MAPPED.includes(name) || SET.includes(name)) faults.push(file.faultAt(place, 'This is the name of a field that every ticket has: choose another for the custom field.'));
    for (const [account] of fieldsIn(ids)) member([...place, account], account);
  }
  for (const part of ['values', 'constants', 'defaults'] as const) {
    for (const [account, fields] of fieldsIn(mirror[part])) {
      member([...path, part, account], account);
      const known = [...(part === 'values' ? MAPPED : SET), ...names];
      for (const [field, content] of fieldsIn(fields)) {
        const place = [...path, part, account, field];
        if (!known.includes(field)) {
          faults.push(file.faultAt(place, `There is no such field here: known are ${known.join(', ')}. A custom field is named under custom_fields first.${didYouMean(field, known)}`));
        } else if (part === 'values') faults.push(...wordFaults(file, place, field, content));
        else {
          const wrong = wrongWithPreset(field, content);
          if (wrong !== null) faults.push(file.faultAt(place, wrong));
        }
      }
    }
  }
  return faults;
}

/** What a constant or default of one of the ticket's own fields must be; custom ones are their desks' business. */
function wrongWithPreset(field: string, content: unknown): string | null {
  const words = WORDS[field];
  if (words !== undefined) return words.includes(String(content)) ? null : `This must be one of ${words.join(', ')}.${didYouMean(String(content), words)}`;
  if (!SET.includes(field)) return null;
  switch (field) {
    case 'tags':
      return Array.isArray(content) && content.every((tag) => typeof tag === 'string') ? null : 'This must be a list of texts. For instance: [from-vendor].';
    case 'public':
      return typeof content === 'boolean' ? null : 'This must be true or false.';
    case 'due_at':
      return typeof content === 'string' && DUE.test(content) && !Number.isNaN(Date.parse(content)) ? null : 'This must be a moment in UTC. For instance: "2026-01-31T08:00:00Z".';
    default:
      return typeof content === 'string' ? null : 'This must be a text: put it in quotes.';
  }
}

function wordFaults(file: MeshFile, path: Path, field: string, map: unknown): readonly MeshFault[] {
  const words = WORDS[field];
  if (words === undefined) return [];
  return fieldsIn(map).flatMap(([word, to]) => {
    const wrong = [word, String(to)].find((one) => !words.includes(one));
    return wrong === undefined ? [] : [file.faultAt([...path, word], `${wrong} is no ${field}: the words are ${words.join(', ')}.${didYouMean(wrong, words)}`)];
  });
}

/** Two mirrors that say different things about one account's words. */
export function lensContradictions(file: MeshFile, mirrors: readonly { readonly path: Path; readonly value: unknown }[]): readonly MeshFault[] {
  const said = new Map<string, unknown>();
  return mirrors.flatMap(({ path, value }) => {
    if (!isFields(value)) return [];
    return statements(value).flatMap(({ place, what, content }) => {
      const before = said.get(what);
      if (before === undefined) said.set(what, content);
      return before === undefined || before === content
        ? []
        : [file.faultAt([...path, ...place], `Another mirror says ${String(before)} here, and an account has one set of words: make both say the same.`)];
    });
  });
}

function statements(mirror: Fields): readonly { readonly place: Path; readonly what: string; readonly content: unknown }[] {
  const customs = fieldsIn(mirror['custom_fields']).flatMap(([name, ids]) =>
    fieldsIn(ids).map(([account, id]) => ({ place: ['custom_fields', name, account], what: JSON.stringify(['custom', account, name]), content: id })),
  );
  const values = fieldsIn(mirror['values']).flatMap(([account, fields]) =>
    fieldsIn(fields).flatMap(([field, map]) =>
      fieldsIn(map).map(([word, to]) => ({ place: ['values', account, field, word], what: JSON.stringify(['value', account, field, word]), content: to })),
    ),
  );
  const set = (['constants', 'defaults'] as const).flatMap((part) =>
    fieldsIn(mirror[part]).flatMap(([account, fields]) =>
      fieldsIn(fields).map(([field, content]) => ({ place: [part, account, field], what: JSON.stringify([part, account, field]), content: JSON.stringify(content) })),
    ),
  );
  return [...customs, ...values, ...set];
}
