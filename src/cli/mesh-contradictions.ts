/** What mirrors in mesh.yaml say against each other, or against themselves: each may be right alone, and together nobody can obey them. */
import { isDeepStrictEqual } from 'node:util';
import type { MeshFault, MeshFile, Path } from './mesh-file.ts';
import { fieldsIn, isFields, textsIn, type Fields } from './mesh-parts.ts';
import { ownersIn } from './mesh-terms.ts';

/** One mirror of the file, whatever is wrong with it otherwise. */
export interface Said {
  readonly path: Path;
  readonly value: Fields;
  /** The accounts that it connects, and each way that changes go. */
  readonly members: readonly string[];
  readonly ways: readonly (readonly [from: string, to: string])[];
}

export function contradictions(file: MeshFile, mirrors: readonly Said[]): readonly MeshFault[] {
  return [...owners(file, mirrors), ...silentOwners(file, mirrors), ...sameWay(file, mirrors), ...presets(file, mirrors), ...constantCycles(file, mirrors)];
}

function nameOf({ value, path }: Said): string {
  return typeof value['name'] === 'string' ? value['name'] : `mirrors[${String(path.at(-1))}]`;
}

/** Mirrors that share an account are one group, and in a group a field has one owner. */
function owners(file: MeshFile, mirrors: readonly Said[]): readonly MeshFault[] {
  const root = grouped(mirrors);
  const known = new Map<string, string>();
  return mirrors.flatMap(({ path, value, members }) =>
    ownersIn(value).flatMap(([field, account]) => {
      const key = JSON.stringify([root(members[0] ?? ''), field]);
      const first = known.get(key) ?? account;
      known.set(key, first);
      if (first === account) return [];
      return [file.faultAt([...path, 'fields', 'owner', field], `In another mirror that is connected with this one the field belongs to ${first}: a field has one owner. Name ${first} here, too, or leave it out.`)];
    }),
  );
}

function grouped(mirrors: readonly Said[]): (name: string) => string {
  const groupOf = new Map<string, string>();
  const root = (name: string): string => {
    const up = groupOf.get(name) ?? name;
    return up === name ? name : root(up);
  };
  for (const { members } of mirrors) for (const member of members) groupOf.set(root(member), root(members[0] ?? member));
  return root;
}

/** Whose changes go nowhere cannot be the one whose changes count. */
function silentOwners(file: MeshFile, mirrors: readonly Said[]): readonly MeshFault[] {
  const heard = new Set(mirrors.flatMap(({ ways }) => ways.map(([from]) => from)));
  return mirrors.flatMap(({ path, value, members, ways }) =>
    ownersIn(value).flatMap(([field, account]) => {
      const source = ways[0]?.[0];
      if (!members.includes(account) || heard.has(account) || source === undefined) return [];
      return [file.faultAt([...path, 'fields', 'owner', field], `No mirror carries changes from ${account}, so nobody's change of this field would ever count. For instance: owner: { ${field}: ${source} }, or a mirror with accounts: [${members.join(', ')}].`)];
    }),
  );
}

/** Two conditions that exclude each other. */
const APART = 'where: { properties: { priority: { const: urgent } } } in one, and where: { not: { properties: { priority: { const: urgent } } } } in the other';

const WAY_TERMS = ['comments', 'on_delete', 'closed', 'author_line', 'attachments'] as const;
const USUAL: Readonly<Record<(typeof WAY_TERMS)[number], unknown>> = { comments: 'all', on_delete: 'delete', closed: 'park', author_line: undefined, attachments: true };

/** Two mirrors of one way are for the same tickets unless both have conditions, and different ones: then they must say the same. */
function sameWay(file: MeshFile, mirrors: readonly Said[]): readonly MeshFault[] {
  const told = new Set<string>();
  return mirrors.flatMap((mirror, at) =>
    mirrors.slice(0, at).flatMap((earlier) =>
      mirror.ways.flatMap(([from, to]) => {
        if (!earlier.ways.some(([a, b]) => a === from && b === to) || !overlap(whereOf(earlier, to), whereOf(mirror, to))) return [];
        const faults = WAY_TERMS.flatMap((term) => {
          const [was, is] = [earlier.value[term] ?? USUAL[term], mirror.value[term] ?? USUAL[term]];
          return isDeepStrictEqual(was, is) ? [] : [[[...mirror.path, term], `says ${shown(term, was)}`] as const];
        });
        const ignored = textsIn(isFields(mirror.value['fields']) ? mirror.value['fields']['ignore'] : undefined);
        const ignoredThere = textsIn(isFields(earlier.value['fields']) ? earlier.value['fields']['ignore'] : undefined);
        const differs = !isDeepStrictEqual([...new Set(ignored)].sort(), [...new Set(ignoredThere)].sort());
        const all = [...faults, ...(differs ? [[[...mirror.path, 'fields', 'ignore'], `says ${shown('ignore', ignoredThere)}`] as const] : [])];
        return all.flatMap(([place, says]) => {
          const key = JSON.stringify([place, nameOf(earlier)]);
          if (told.has(key)) return [];
          told.add(key);
          return [
            file.faultAt(place, `The mirror ${nameOf(earlier)} carries the same tickets from ${from} to ${to} and ${says}: they would have two rules. Say the same in both, or let each be for tickets of its own: ${APART}.`),
          ];
        });
      }),
    ),
  );
}

function whereOf({ value }: Said, to: string): readonly unknown[] {
  const targets = isFields(value['targets']) ? value['targets'] : {};
  const target = targets[to];
  return [value['where'], isFields(target) ? target['where'] : undefined].filter((one) => one !== undefined);
}

/** Whether two conditions are certainly for some of the same tickets. */
function overlap(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === 0 || b.length === 0 || isDeepStrictEqual(a, b);
}

function shown(term: string, value: unknown): string {
  return value === undefined ? `nothing of ${term}` : `${term}: ${JSON.stringify(value)}`;
}

interface Preset {
  readonly place: Path;
  readonly account: string;
  readonly field: string;
  readonly value: unknown;
  readonly mirror: Said;
}

function presetsOf(part: 'constants' | 'defaults', mirrors: readonly Said[]): readonly Preset[] {
  return mirrors.flatMap((mirror) =>
    fieldsIn(mirror.value[part]).flatMap(([account, fields]) =>
      fieldsIn(fields).map(([field, value]) => ({ place: [...mirror.path, part, account, field], account, field, value, mirror })),
    ),
  );
}

/** A constant leaves no room for a default beside it, nor for an owner of the field. */
function presets(file: MeshFile, mirrors: readonly Said[]): readonly MeshFault[] {
  const root = grouped(mirrors);
  const constants = presetsOf('constants', mirrors);
  const owned = mirrors.flatMap(({ value, members }) => ownersIn(value).map(([field, account]) => ({ field, account, group: root(members[0] ?? '') })));
  const beside = presetsOf('defaults', mirrors)
    .filter(({ account, field }) => constants.some((one) => one.account === account && one.field === field))
    .map(({ place, account }) => file.faultAt(place, `${account} has a constant for this field, so the default would never be used: remove one of the two.`));
  const against = constants.flatMap(({ place, account, field }) => {
    const owner = owned.find((one) => one.field === field && one.group === root(account));
    return owner === undefined ? [] : [file.faultAt(place, `This field belongs to ${owner.account} (fields.owner), and a constant would say something else on every new ticket: remove one of the two. For instance: fields: { ignore: [${field}] } beside the constant, so that each desk keeps its own.`)];
  });
  return [...beside, ...against];
}

/**
 * Two accounts that write a field to each other and have different constants for it would never show the same: each new ticket
 * begins as its desk's constant says, and no change of anybody's made it so.
 */
function constantCycles(file: MeshFile, mirrors: readonly Said[]): readonly MeshFault[] {
  const constants = presetsOf('constants', mirrors);
  const faults: MeshFault[] = [];
  for (const [at, one] of constants.entries()) {
    for (const other of constants.slice(0, at)) {
      if (other.field !== one.field || other.account === one.account) continue;
      if (!carried(one.field, one.account, mirrors) || !carried(one.field, other.account, mirrors)) continue;
      if (isDeepStrictEqual(inMesh(one, mirrors), inMesh(other, mirrors))) continue;
      if (!reaches(one.field, one.account, other.account, mirrors) || !reaches(one.field, other.account, one.account, mirrors)) continue;
      faults.push(
        file.faultAt(one.place, `${other.account} has the constant ${JSON.stringify(other.value)} for this field, and changes of it go both ways between the two: their tickets would never be alike, or be set back in turn. Let each desk keep its own with fields: { ignore: [${one.field}] } in the mirrors between them, or give both the same constant.`),
      );
    }
  }
  return faults;
}

/** Whether a field of this account is kept alike with others at all: a group only where it has words, a company never. */
function carried(field: string, account: string, mirrors: readonly Said[]): boolean {
  if (field === 'company' || field === 'public') return false;
  return field !== 'group' || mirrors.some(({ value }) => isFields(value['values']) && isFields(value['values'][account]) && value['values'][account]['group'] !== undefined);
}

/** A constant is in its account's words; the mesh's word for it, where a map has one. */
function inMesh({ account, field, value }: Preset, mirrors: readonly Said[]): unknown {
  for (const mirror of mirrors) {
    const maps = isFields(mirror.value['values']) ? mirror.value['values'][account] : undefined;
    const word = fieldsIn(isFields(maps) ? maps[field] : undefined).find(([, to]) => to === String(value))?.[0];
    if (word !== undefined) return word;
  }
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}

function reaches(field: string, from: string, to: string, mirrors: readonly Said[]): boolean {
  const ways = mirrors.filter(({ value }) => !textsIn(isFields(value['fields']) ? value['fields']['ignore'] : undefined).includes(field)).flatMap(({ ways: all }) => all);
  const seen = new Set([from]);
  for (const account of seen) for (const [a, b] of ways) if (a === account) seen.add(b);
  return seen.has(to);
}
