/** The automations in mesh.yaml: what is wrong with one, and what it comes to. */
import { typesOf, type Action, type Automation, type Given } from '../core/automation.ts';
import { AUTOMATION_FIELDS, wrongWithField, wrongWithText } from '../core/automation-fields.ts';
import { fieldNamed } from '../core/automate.ts';
import type { MeshFault, MeshFile, Path } from './mesh-file.ts';
import { didYouMean } from './mesh-shape.ts';
import { wrongWith } from './mesh-where.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Item {
  readonly path: Path;
  readonly value: unknown;
}

/** As the schema lets it be written. */
export interface WrittenAutomation {
  readonly name: string;
  readonly when: { readonly events: readonly string[]; readonly accounts?: readonly string[]; readonly where?: Fields };
  readonly then: readonly WrittenAction[];
}

interface WrittenAction {
  readonly create_ticket?: { readonly account: string; readonly fields: Given };
  readonly update_ticket?: { readonly fields: Given };
  readonly create_comment?: { readonly content: string; readonly public?: boolean };
  readonly notify?: string;
}

export function automationOf({ name, when, then }: WrittenAutomation): Automation {
  return { name, when: { events: [...new Set(when.events)], accounts: when.accounts ?? null, where: when.where ?? null }, then: then.flatMap(actionOf) };
}

function actionOf({ create_ticket, update_ticket, create_comment, notify }: WrittenAction): readonly Action[] {
  if (create_ticket !== undefined) return [{ kind: 'create_ticket', account: create_ticket.account, fields: create_ticket.fields }];
  if (update_ticket !== undefined) return [{ kind: 'update_ticket', fields: update_ticket.fields }];
  if (create_comment !== undefined) return [{ kind: 'create_comment', content: create_comment.content, public: create_comment.public ?? false }];
  return notify === undefined ? [] : [{ kind: 'notify', subscription: notify }];
}

/** What the rest of the file has, by name. */
interface Known {
  readonly accounts: readonly string[];
  readonly subscriptions: readonly string[];
  /** The accounts of each custom field. */
  readonly customs: ReadonlyMap<string, ReadonlySet<string>>;
  /** The accounts whose groups are named in the mesh's words. */
  readonly grouped: ReadonlySet<string>;
}

/** What is wrong with automations besides their shape. */
export function automationsFaults(
  file: MeshFile,
  automations: readonly Item[],
  lists: { readonly accounts: readonly Item[]; readonly mirrors: readonly Item[]; readonly subscriptions: readonly Item[] },
): readonly MeshFault[] {
  const known: Known = { accounts: namesIn(lists.accounts), subscriptions: namesIn(lists.subscriptions), ...fieldsOfMirrors(lists.mirrors) };
  return automations.flatMap(({ path, value }) => (isFields(value) ? automationFaults(file, path, value, known) : []));
}

function automationFaults(file: MeshFile, path: Path, automation: Fields, known: Known): readonly MeshFault[] {
  const when = isFields(automation['when']) ? automation['when'] : {};
  const types = texts(when['events']).flatMap(typesOf);
  const accounts = listOf(when['accounts']);
  const here = accounts.length === 0 ? known.accounts : accounts.filter((name) => typeof name === 'string');
  const where = isFields(when['where']) ? wrongWith(when['where']) : null;
  return [
    ...accounts.flatMap((name, at) => nameFaults(file, [...path, 'when', 'accounts', at], name, 'account', known.accounts)),
    ...(where === null ? [] : [file.faultAt([...path, 'when', 'where'], `This is no JSON Schema: ${where}. For instance: { properties: { ticket: { properties: { priority: { const: urgent } } } } }.`)]),
    ...listOf(automation['then']).flatMap((action, at) => (isFields(action) ? actionFaults(file, [...path, 'then', at], action, { known, types, here }) : [])),
  ];
}

interface Around {
  readonly known: Known;
  readonly types: readonly string[];
  /** The accounts whose events it runs for. */
  readonly here: readonly string[];
}

function actionFaults(file: MeshFile, path: Path, action: Fields, around: Around): readonly MeshFault[] {
  const { known, types, here } = around;
  return Object.entries(action).flatMap(([kind, content]) => {
    const place = [...path, kind];
    if (kind === 'notify') return nameFaults(file, place, content, 'subscription', known.subscriptions);
    if (!isFields(content)) return [];
    if (kind === 'create_ticket') {
      const account = content['account'];
      const on = typeof account === 'string' ? [account] : [];
      return [...nameFaults(file, [...place, 'account'], account, 'account', known.accounts), ...fieldsFaults(file, [...place, 'fields'], content['fields'], 'create', { ...around, here: on })];
    }
    if (kind === 'update_ticket') return fieldsFaults(file, [...place, 'fields'], content['fields'], 'update', { known, types, here });
    if (kind !== 'create_comment' || typeof content['content'] !== 'string' || file.isUnfilled([...place, 'content'])) return [];
    return wrongWithText(content['content'], types, 'html').map(({ message }) => file.faultAt([...place, 'content'], message));
  });
}

/** A new ticket needs words: some desks make none without. */
const NEEDED: readonly string[] = ['subject', 'description'];

function fieldsFaults(file: MeshFile, path: Path, fields: unknown, use: 'create' | 'update', { known, types, here }: Around): readonly MeshFault[] {
  if (!isFields(fields)) return [];
  const missing = use === 'update' ? [] : NEEDED.filter((name) => !Object.hasOwn(fields, name)).map((name) => file.faultAt([...path, name], `This is missing: a new ticket needs a ${name}.`));
  const faults = Object.entries(fields).flatMap(([name, given]) => {
    const place = [...path, name];
    if (file.isUnfilled(place)) return [];
    const lost = fieldFault(name, here, known);
    if (lost !== null) return [file.faultAt(place, lost)];
    return wrongWithField(fieldNamed(name), given, use, types).map((wrong) => file.faultAt([...place, ...wrong.path], wrong.message));
  });
  return [...missing, ...faults];
}

/** Why a field can be written on none of these accounts; null if it can on one. */
function fieldFault(name: string, here: readonly string[], { customs, grouped }: Known): string | null {
  const all = [...AUTOMATION_FIELDS, ...customs.keys()];
  if (!all.includes(name)) return `There is no such field: known are ${all.join(', ')}. A custom field is named under custom_fields of a mirror.${didYouMean(name, all)}`;
  const at = name === 'group' ? grouped : customs.get(name);
  if (at === undefined || AUTOMATION_FIELDS.includes(name) !== (name === 'group') || here.length === 0 || here.some((account) => at.has(account))) return null;
  const how = name === 'group' ? 'values of a mirror name its groups' : 'custom_fields of a mirror name it there';
  return `${here.join(', ')} ${here.length === 1 ? 'has' : 'have'} no ${name} in the mesh: it can be written once ${how}.`;
}

function nameFaults(file: MeshFile, path: Path, name: unknown, what: string, known: readonly string[]): readonly MeshFault[] {
  if (typeof name !== 'string' || known.includes(name) || file.isUnfilled(path)) return [];
  const meant = file.isFilledIn(path) ? '' : didYouMean(name, known);
  return [file.faultAt(path, `There is no ${what} of this name: known are ${known.join(', ') || 'none'}.${meant}`)];
}

/** Custom fields and groups, as far as mirrors name them for accounts. */
function fieldsOfMirrors(mirrors: readonly Item[]): Pick<Known, 'customs' | 'grouped'> {
  const customs = new Map<string, Set<string>>();
  const grouped = new Set<string>();
  for (const { value } of mirrors) {
    if (!isFields(value)) continue;
    for (const [name, ids] of entriesOf(value['custom_fields'])) customs.set(name, new Set([...(customs.get(name) ?? []), ...entriesOf(ids).map(([account]) => account)]));
    for (const [account, maps] of entriesOf(value['values'])) if (isFields(maps) && Object.hasOwn(maps, 'group')) grouped.add(account);
  }
  return { customs, grouped };
}

function namesIn(items: readonly Item[]): readonly string[] {
  return items.flatMap(({ value }) => (isFields(value) && typeof value['name'] === 'string' ? [value['name']] : []));
}

function texts(list: unknown): readonly string[] {
  return listOf(list).filter((item) => typeof item === 'string');
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function entriesOf(value: unknown): [string, unknown][] {
  return isFields(value) ? Object.entries(value) : [];
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
