/** The part of a mirror in mesh.yaml that is about what travels and which way it wins: what is wrong with it, and what it comes to. */
import { FIELD_NAMES, type LinkField } from '../core/model.ts';
import type { PairTerms } from '../core/pairing.ts';
import { USUAL_TERMS, type OnDelete, type Terms } from '../core/rules.ts';
import type { DraftTerms } from '../ports/store.ts';
import type { MeshFault, MeshFile, Path } from './mesh-file.ts';
import { fieldsIn, isFields, textsIn, type Fields } from './mesh-parts.ts';
import { didYouMean } from './mesh-shape.ts';
import { whereFaults } from './mesh-where.ts';

/** As the schema lets it be written. */
export interface WrittenTerms {
  readonly where?: Fields;
  readonly targets?: Readonly<Record<string, { readonly where?: Fields }>>;
  readonly unmatched?: Terms['unmatched'];
  readonly fields?: { readonly ignore?: readonly string[]; readonly owner?: Readonly<Record<string, string>> };
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

/** What is known of a mirror before its terms are judged. */
export interface Around {
  /** The accounts that it connects. */
  readonly members: readonly string[];
  /** The accounts that it writes to. */
  readonly targets: readonly string[];
  /** The names of all custom fields that any mirror has. */
  readonly customs: readonly string[];
}

const RULED: readonly string[] = [...FIELD_NAMES, 'group'];

/** A field as the rules name it: a custom one by its name in the mesh. */
function ruledField(name: string): LinkField {
  return RULED.includes(name) ? (name as LinkField) : `custom:${name}`;
}

/** The terms on which changes go to `target`. */
export function termsOf(written: WrittenTerms, target: string): DraftTerms {
  const { where, targets = {}, unmatched = 'keep', fields = {}, comments = 'all', author_line = null, attachments = true, on_delete = 'delete', closed = 'park' } = written;
  const wheres = [where, targets[target]?.where].filter((one) => one !== undefined);
  return {
    ...USUAL_TERMS,
    ignore: [...new Set(fields.ignore ?? [])].map(ruledField),
    owner: Object.fromEntries(Object.entries(fields.owner ?? {}).map(([name, account]) => [ruledField(name), account])),
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

/** What is wrong within one mirror. */
export function termFaults(file: MeshFile, path: Path, mirror: Fields, { members, targets, customs }: Around): readonly MeshFault[] {
  const faults: MeshFault[] = [...whereFaults(file, [...path, 'where'], mirror['where'], customs)];
  for (const [account, target] of fieldsIn(mirror['targets'])) {
    const place = [...path, 'targets', account];
    if (!targets.includes(account)) faults.push(file.faultAt(place, `This mirror writes to no account ${account}, only to ${targets.join(', ')}.${didYouMean(account, targets)}`));
    if (isFields(target)) faults.push(...whereFaults(file, [...place, 'where'], target['where'], customs));
  }
  faults.push(...pairFaults(file, [...path, 'pair'], mirror));
  const known = [...RULED, ...customs];
  const unknown = (place: Path, name: string): MeshFault =>
    file.faultAt(place, `There is no such field here: known are ${known.join(', ')}. A custom field is named under custom_fields first.${didYouMean(name, known)}`);
  const ignored = textsIn(isFields(mirror['fields']) ? mirror['fields']['ignore'] : undefined);
  for (const [at, name] of ignored.entries()) if (!known.includes(name)) faults.push(unknown([...path, 'fields', 'ignore', at], name));
  for (const [field, account] of ownersIn(mirror)) {
    const place = [...path, 'fields', 'owner', field];
    if (!known.includes(field)) faults.push(unknown(place, field));
    if (!members.includes(account)) faults.push(file.faultAt(place, `This mirror connects no account ${account}, only ${members.join(', ')}.${didYouMean(account, members)}`));
    if (ignored.includes(field)) faults.push(file.faultAt(place, 'This field is left alone by the same mirror: remove it from one of the two.'));
  }
  return [...faults, ...widening(file, path, mirror, targets)];
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

/** What a mirror has to say that shows private comments to customers, word for word, with the accounts that it means. */
function consent(targets: readonly string[]): string {
  return `private comments become public on ${targets.join(' and ')}`;
}

/** The one rule that would make private comments public is taken only from somebody who says that this is meant. */
function widening(file: MeshFile, path: Path, mirror: Fields, targets: readonly string[]): readonly MeshFault[] {
  const said = mirror['private_comments'];
  const place = [...path, 'private_comments'];
  if (mirror['comments'] !== 'all_as_public') {
    return said === undefined ? [] : [file.faultAt(place, 'This goes with comments: all_as_public only: remove it, and private comments stay private.')];
  }
  if (said === consent(targets)) return [];
  const example = `comments: all_as_public, and below it private_comments: "${consent(targets)}"`;
  return [
    file.faultAt(
      said === undefined ? [...path, 'comments'] : place,
      `This rule shows private comments to customers, for good: what was read cannot be taken back. If that is meant, say it in these words: ${example}. If it is not, say comments: all, under which they stay private.`,
    ),
  ];
}

export function ownersIn(mirror: unknown): [string, string][] {
  const fields = isFields(mirror) ? mirror['fields'] : undefined;
  return fieldsIn(isFields(fields) ? fields['owner'] : undefined).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
}
