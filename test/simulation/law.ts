/**
 * What the mirrors promise, worked out anew from the rules of a run and from what people really did; nothing of it is taken from
 * Deskmesh. A change travels along edges; each edge lets some things through and not others. Where rules changed in mid-flight, or a
 * ticket fits a condition only for a time, there is what must arrive and what merely may.
 */
import type { FieldName } from '../../src/core/model.ts';
import type { History } from './history.ts';
import type { Edge, Mesh, Where } from './setting.ts';

/** For how long after a change of the rules somebody may still act by the old ones: a process that stood still, a lane in the middle of its work. */
const STALE_MS = 120_000;
/** So soon after a change of the rules a process that is well may not have read them. */
const HEARD_MS = 5_000;

export type Allows = (edge: Edge) => boolean;
export const ticket: Allows = () => true;
export const field = (name: FieldName): Allows => (edge) => !edge.ignore.includes(name);
export const comment = (isPublic: boolean): Allows => (edge) => edge.comments === 'all' || (isPublic && edge.comments === 'public');
export const deletion = (level: 'delete' | 'close'): Allows => (edge) => edge.on_delete === 'delete' || edge.on_delete === level;

export interface Law {
  /** A thing done on `from` at `at` certainly belongs on `to`. */
  must(allows: Allows, from: number, to: number, at: number): boolean;
  /** It may come there. */
  may(allows: Allows, from: number, to: number, at: number): boolean;
  /** Each reaches the other, all the time. */
  mutual(allows: Allows, a: number, b: number): boolean;
  /** The account that a field belonged to all the time; null if to none, 'unsettled' where that changed. */
  owner(name: FieldName, account: number): number | null | 'unsettled';
  /** Whether the ticket does not fit what the edges to this account ask, as far as the desks show now. */
  cutOff(account: number): boolean;
}

/** How a ticket stands to a condition, over all that it ever showed. */
type Fit = 'always' | 'never' | 'sometimes';

export interface Ground {
  readonly history: History;
  readonly token: string;
  readonly origin: number;
  /**
   * What each desk shows of the condition's field at the end, in the mesh's words; several values for tags. Of a ticket that is gone: what
   * it showed at last, unless somebody changed that elsewhere afterwards.
   */
  shownNow(name: Where['field']): readonly { readonly account: number; readonly values: readonly string[] }[];
  /** The accounts on which the ticket ever was. */
  readonly everOn: ReadonlySet<number>;
}

export function lawOf(ground: Ground): Law {
  const { history } = ground;
  const fits = new Map<string, Fit>();
  const ends = new Map<string, boolean>();

  function fitOf(where: Where): Fit {
    const key = JSON.stringify(where);
    const known = fits.get(key) ?? fitOver(ground, where);
    fits.set(key, known);
    return known;
  }

  /** Every desk shows that it fits, among them one that has a say whether it does: its own, or one whose changes come there in any case. */
  function fitsNow(where: Where): boolean {
    const key = JSON.stringify(where);
    const known = ends.get(key);
    if (known !== undefined) return known;
    const shown = ground.shownNow(where.field);
    const now = history.rules.at(-1)?.mesh ?? [];
    const comes: Allows = (edge) => edge.where === null || keeps(edge) || fitOf(edge.where) === 'always';
    const heard = shown.some(({ account }) => reaches(now, account, ground.origin, comes));
    const fit = heard && shown.every(({ values }) => values.some((value) => where.among.includes(value)));
    ends.set(key, fit);
    return fit;
  }

  const keeps = ({ unmatched, from, to }: Edge): boolean => unmatched === 'keep' && ground.everOn.has(from) && ground.everOn.has(to);
  const possible = (edge: Edge): boolean => edge.where === null || fitOf(edge.where) !== 'never' || keeps(edge);

  function certain(edge: Edge): boolean {
    const { where, unmatched, from } = edge;
    if (where === null || fitOf(where) === 'always' || keeps(edge)) return true;
    // What was done on the side that was cut off gives way.
    return fitsNow(where) && fitOf(where) === 'sometimes' && (unmatched === 'keep' || from === ground.origin);
  }

  /** The rules that somebody may have gone by from `at` on. */
  function since(at: number, staleMs: number): readonly Mesh[] {
    return history.rules.filter((_, i) => {
      const next = history.rules[i + 1];
      return next === undefined || next.at + staleMs > at;
    }).map(({ mesh }) => mesh);
  }

  const must: Law['must'] = (allows, from, to, at) => since(at, HEARD_MS).every((mesh) => reaches(mesh, from, to, (edge) => certain(edge) && allows(edge)));
  const may: Law['may'] = (allows, from, to, at) => since(at, STALE_MS).some((mesh) => reaches(mesh, from, to, (edge) => possible(edge) && allows(edge)));
  return {
    must,
    may,
    mutual: (allows, a, b) => must(allows, a, b, 0) && must(allows, b, a, 0),
    owner(name, account) {
      const owners = new Set(history.rules.map(({ mesh }) => ownerIn(mesh, name, account)));
      const [only = null] = owners;
      const conditional = history.rules.some(({ mesh }) => mesh.some((edge) => edge.where !== null && edge.owner[name] !== undefined));
      return owners.size === 1 && !conditional ? only : 'unsettled';
    },
    cutOff(account) {
      const now = history.rules.at(-1)?.mesh ?? [];
      return account !== ground.origin && !reaches(now, ground.origin, account, (edge) => edge.where === null || fitsNow(edge.where));
    },
  };
}

function fitOver({ history, token }: Ground, where: Where): Fit {
  const born = history.of(token, 'life')[0]?.at;
  if (where.field === 'tags') {
    const edits = where.among.flatMap((tag) => history.of(token, `tag:${tag}`));
    if (edits.length === 0) return 'never';
    return edits.every(({ value }) => value === true) && edits.some(({ at }) => at === born) ? 'always' : 'sometimes';
  }
  const edits = history.of(token, where.field);
  const values = edits.map(({ value }) => where.among.includes(String(value)));
  if (values.length === 0 || values.every((fit) => !fit)) return 'never';
  // What its own desk does not know at all it did not have from the beginning.
  return values.every((fit) => fit) && edits.some(({ at }) => at === born) ? 'always' : 'sometimes';
}

export function reaches(mesh: Mesh, from: number, to: number, allows: Allows): boolean {
  if (from === to) return true;
  const seen = new Set([from]);
  const open = [from];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const edge of mesh) {
      if (edge.from !== at || seen.has(edge.to) || !allows(edge)) continue;
      if (edge.to === to) return true;
      seen.add(edge.to);
      open.push(edge.to);
    }
  }
  return false;
}

/** A field belongs to one account for all that are connected, whichever way. */
function ownerIn(mesh: Mesh, name: FieldName, account: number): number | null {
  const both = mesh.flatMap((edge) => [edge, { ...edge, from: edge.to, to: edge.from }]);
  return mesh.find((edge) => edge.owner[name] !== undefined && reaches(both, account, edge.from, ticket))?.owner[name] ?? null;
}
