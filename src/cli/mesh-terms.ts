/** The part of a mirror in mesh.yaml that is about what travels and which way it wins: what is wrong with it, and what it comes to. */
import { compileWhere } from '../contracts/where.ts';
import type { LinkField } from '../core/model.ts';
import type { PairTerms } from '../core/pairing.ts';
import { USUAL_TERMS, type OnDelete, type Terms } from '../core/rules.ts';
import type { DraftTerms } from '../ports/store.ts';
import type { MeshFault, MeshFile, Path } from './mesh-file.ts';
import { didYouMean } from './mesh-shape.ts';

type Fields = Readonly<Record<string, unknown>>;

/** As the schema lets it be written. */
export interface WrittenTerms {
  readonly where?: Fields;
  readonly targets?: Readonly<Record<string, { readonly where?: Fields }>>;
  readonly unmatched?: Terms['unmatched'];
  readonly fields?: { readonly ignore?: readonly LinkField[]; readonly owner?: Readonly<Record<string, string>> };
  readonly comments?: Terms['comments'];
  readonly author_line?: string;
  readonly attachments?: boolean | { readonly max_bytes: number };
  readonly on_delete?: OnDelete;
  readonly closed?: Terms['closed'];
  readonly pair?: WrittenPair;
}

interface WrittenPair {
  readonly external_id?: boolean;
  readonly custom_field?: string;
  readonly fields?: readonly LinkField[];
  readonly within_minutes?: number;
}

/** The terms on which changes go to `target`. */
export function termsOf(written: WrittenTerms, target: string): DraftTerms {
  const { where, targets = {}, unmatched = 'keep', fields = {}, comments = 'all', author_line = null, attachments = true, on_delete = 'delete', closed = 'park' } = written;
  const wheres = [where, targets[target]?.where].filter((one) => one !== undefined);
  return {
    ...USUAL_TERMS,
    ignore: [...new Set(fields.ignore ?? [])],
    owner: fields.owner ?? {},
    comments,
    files: attachments === true ? null : attachments === false ? 0 : attachments.max_bytes,
    author_line,
    on_delete,
    closed,
    where: wheres.length > 1 ? { allOf: wheres } : (wheres[0] ?? null),
    unmatched,
    ...(written.pair !== undefined && { pair: pairOf(written.pair) }),
  };
}

function pairOf({ external_id = false, custom_field, fields = [], within_minutes = 60 }: WrittenPair): PairTerms {
  return { external_id, custom_field: custom_field ?? null, fields: [...new Set(fields)], withinMs: within_minutes * 60_000 };
}

/** What is wrong within one mirror. `members` are the accounts that it connects, `targets` those that it writes to. */
export function termFaults(file: MeshFile, path: Path, mirror: Fields, members: readonly string[], targets: readonly string[]): readonly MeshFault[] {
  const faults: MeshFault[] = [];
  const where = (place: Path, schema: unknown): void => {
    const wrong = isFields(schema) ? wrongWith(schema) : null;
    if (wrong !== null) {
      faults.push(file.faultAt(place, `This is no JSON Schema: ${wrong}. For instance: { properties: { tags: { contains: { const: vendor } } } }.`));
    }
  };
  where([...path, 'where'], mirror['where']);
  for (const [account, target] of fieldsIn(mirror['targets'])) {
    const place = [...path, 'targets', account];
    if (!targets.includes(account)) faults.push(file.faultAt(place, `This mirror writes to no account ${account}, only to ${targets.join(', ')}.${didYouMean(account, targets)}`));
    if (isFields(target)) where([...place, 'where'], target['where']);
  }
  faults.push(...pairFaults(file, [...path, 'pair'], mirror));
  for (const [field, account] of ownersIn(mirror)) {
    if (members.includes(account)) continue;
    faults.push(file.faultAt([...path, 'fields', 'owner', field], `This mirror connects no account ${account}, only ${members.join(', ')}.${didYouMean(account, members)}`));
  }
  const ignored = isFields(mirror['fields']) && Array.isArray(mirror['fields']['ignore']) ? (mirror['fields']['ignore'] as unknown[]) : [];
  for (const [field] of ownersIn(mirror)) {
    if (ignored.includes(field)) faults.push(file.faultAt([...path, 'fields', 'owner', field], 'This field is left alone by the same mirror: remove it from one of the two.'));
  }
  return faults;
}

/** A custom field tells only where both sides have it, and something has to tell. */
function pairFaults(file: MeshFile, path: Path, mirror: Fields): readonly MeshFault[] {
  const pair = mirror['pair'];
  if (!isFields(pair)) return [];
  const name = pair['custom_field'];
  const known = fieldsIn(mirror['custom_fields']).map(([field]) => field);
  if (typeof name === 'string' && !known.includes(name)) {
    const named = known.length === 0 ? 'this mirror names none' : `this mirror names ${known.join(', ')}`;
    return [file.faultAt([...path, 'custom_field'], `Custom fields are named under custom_fields first, and ${named}.${didYouMean(name, known)} For instance: custom_fields: { case_number: { support: "360001", vendor: "cf_case" } }.`)];
  }
  if (pair['external_id'] !== true && name === undefined && !Array.isArray(pair['fields'])) {
    return [file.faultAt(path, 'Nothing here tells which tickets are the same: say external_id: true, custom_field: a name, or fields: [subject, requester].')];
  }
  return [];
}

/** Mirrors that share an account are one group, and in a group a field has one owner. */
export function ownerContradictions(file: MeshFile, mirrors: readonly { readonly path: Path; readonly value: unknown; readonly members: readonly string[] }[]): readonly MeshFault[] {
  const groupOf = new Map<string, string>();
  const root = (name: string): string => {
    const up = groupOf.get(name) ?? name;
    return up === name ? name : root(up);
  };
  for (const { members } of mirrors) for (const member of members) groupOf.set(root(member), root(members[0] ?? member));
  const owners = new Map<string, string>();
  return mirrors.flatMap(({ path, value, members }) =>
    ownersIn(value).flatMap(([field, account]) => {
      const key = JSON.stringify([root(members[0] ?? ''), field]);
      const known = owners.get(key) ?? account;
      owners.set(key, known);
      if (known === account) return [];
      return [file.faultAt([...path, 'fields', 'owner', field], `In another mirror that is connected with this one the field belongs to ${known}: a field has one owner. Name ${known} here, too, or leave it out.`)];
    }),
  );
}

function ownersIn(mirror: unknown): [string, string][] {
  const fields = isFields(mirror) ? mirror['fields'] : undefined;
  return fieldsIn(isFields(fields) ? fields['owner'] : undefined).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
}

/** Why this is no JSON Schema; null if it is one. */
export function wrongWith(schema: Fields): string | null {
  try {
    compileWhere(schema);
    return null;
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).slice(0, 200);
  }
}

function fieldsIn(value: unknown): [string, unknown][] {
  return isFields(value) ? Object.entries(value) : [];
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
