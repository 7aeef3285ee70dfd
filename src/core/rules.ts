/** Which account's changes may reach which other account, and under what terms: mirrors as a graph, closed over paths. */
import { isCustom, type Values } from './lens.ts';
import type { LinkField } from './model.ts';
import type { PairTerms } from './pairing.ts';

/** A mirror between accounts, by their ids. All-ways mirrors are one edge for each ordered pair. */
export interface MirrorEdge {
  readonly mirror: string;
  readonly from: number;
  readonly to: number;
  readonly terms: Terms;
}

/** The terms under which changes travel. */
export interface Terms {
  readonly ignore: readonly LinkField[];
  /** The one account whose changes of a field count; the others are set back to it. */
  readonly owner: Readonly<Partial<Record<LinkField, number>>>;
  readonly comments: CommentTerms;
  /** The largest file that goes along, in bytes; 0 for none, null for as large as the desk takes. */
  readonly files: number | null;
  /** The line above a mirrored comment; null for the usual one. */
  readonly author_line: string | null;
  readonly on_delete: OnDelete;
  /** What becomes of changes to a ticket that its desk closed for good: they wait, or go into a new ticket that follows it. */
  readonly closed: 'park' | 'follow_up';
  /** JSON Schema over the unified ticket: only tickets that fit it travel; null for all. */
  readonly where: Readonly<Record<string, unknown>> | null;
  /** What becomes of a ticket that is mirrored already and fits `where` no longer. */
  readonly unmatched: 'keep' | 'freeze';
  /** By what tickets are recognised that are on both sides already; null: every ticket is one of its own. */
  readonly pair?: PairTerms | null;
}

/** Which comments travel. `all_as_public` is the only rule that widens: it is taken only from who says so in so many words. */
export type CommentTerms = 'all' | 'public' | 'none' | 'all_as_public';

/** What the deletion of a ticket does to its replicas. */
export type OnDelete = 'delete' | 'close' | 'ignore';

export const USUAL_TERMS: Terms = {
  ignore: [], owner: {}, comments: 'all', files: null, author_line: null, on_delete: 'delete', closed: 'park', where: null, unmatched: 'keep',
};

/** The ticket that rules are asked about. */
export interface RuledTicket {
  readonly values: Values;
  /** The accounts that it is on, or will be. */
  readonly accounts: readonly number[];
}

/** The rules for one ticket. */
export interface TicketRules {
  /** The terms from one account to another, or null if nothing may travel that way. An account reaches itself. */
  terms(from: number, to: number): Terms | null;
  /** The accounts that a ticket of `origin` is mirrored to. */
  reached(origin: number): readonly number[];
  /** Whether any mirror writes to this account. */
  inbound(account: number): boolean;
  /** The account that a field belongs to, among those that are connected with this one; null if it belongs to nobody. */
  owner(field: LinkField, account: number): number | null;
}

/** All mirrors. */
export interface Rules extends TicketRules {
  /** Whether any mirror is for some tickets only: without that, the rules for every ticket are these. */
  readonly conditional: boolean;
  /** Whether any mirror goes on from closed tickets in new ones. */
  readonly followsUp: boolean;
  of(ticket: RuledTicket): TicketRules;
  /** The rules for a ticket that fits every condition. */
  readonly all: TicketRules;
}

/** Makes a test of a JSON Schema. Throws for one that is none. */
export type CompileWhere = (schema: Readonly<Record<string, unknown>>) => (ticket: unknown) => boolean;

/** So many different answers to all `where`s are kept worked out. */
const MOST_CASES = 1_000;

const DELETE_ORDER = { ignore: 0, close: 1, delete: 2 } as const;
const COMMENT_ORDER = { none: 0, public: 1, all: 2, all_as_public: 3 } as const;

/** Along a path the narrower terms hold. */
function narrower(a: Terms, b: Terms): Terms {
  return {
    ...USUAL_TERMS,
    ignore: [...new Set([...a.ignore, ...b.ignore])],
    comments: COMMENT_ORDER[a.comments] <= COMMENT_ORDER[b.comments] ? a.comments : b.comments,
    files: a.files === null || b.files === null ? (a.files ?? b.files) : Math.min(a.files, b.files),
    author_line: a.author_line ?? b.author_line,
    on_delete: DELETE_ORDER[a.on_delete] <= DELETE_ORDER[b.on_delete] ? a.on_delete : b.on_delete,
    closed: a.closed === 'follow_up' && b.closed === 'follow_up' ? 'follow_up' : 'park',
  };
}

/** Between two paths the wider terms hold: each mirror allows on its own what it allows. */
function wider(a: Terms, b: Terms): Terms {
  return {
    ...USUAL_TERMS,
    ignore: a.ignore.filter((field) => b.ignore.includes(field)),
    comments: COMMENT_ORDER[a.comments] >= COMMENT_ORDER[b.comments] ? a.comments : b.comments,
    files: a.files === null || b.files === null ? null : Math.max(a.files, b.files),
    author_line: a.author_line ?? b.author_line,
    on_delete: DELETE_ORDER[a.on_delete] >= DELETE_ORDER[b.on_delete] ? a.on_delete : b.on_delete,
    closed: a.closed === 'follow_up' || b.closed === 'follow_up' ? 'follow_up' : 'park',
  };
}

function equal(a: Terms, b: Terms): boolean {
  return (
    a.comments === b.comments && a.on_delete === b.on_delete && a.ignore.length === b.ignore.length && a.files === b.files && a.author_line === b.author_line && a.closed === b.closed
  );
}

/** Closes edges over paths. Terms only ever widen, so the search for them ends. */
function closed(edges: readonly MirrorEdge[]): TicketRules {
  const table = new Map<number, Map<number, Terms>>();
  const widen = (from: number, to: number, terms: Terms): boolean => {
    const row = table.get(from) ?? new Map<number, Terms>();
    table.set(from, row);
    const known = row.get(to);
    const next = known === undefined ? terms : wider(known, terms);
    if (known !== undefined && equal(known, next)) return false;
    row.set(to, next);
    return true;
  };
  for (const edge of edges) widen(edge.from, edge.to, edge.terms);
  for (let moved = true; moved; ) {
    moved = false;
    for (const [from, row] of [...table]) {
      for (const [via, first] of [...row]) {
        for (const edge of edges) {
          if (edge.from !== via || edge.to === from) continue;
          moved = widen(from, edge.to, narrower(first, edge.terms)) || moved;
        }
      }
    }
  }
  const owners = ownersOf(edges);
  return {
    terms: (from, to) => (from === to ? USUAL_TERMS : (table.get(from)?.get(to) ?? null)),
    inbound: (account) => edges.some((edge) => edge.to === account),
    reached: (origin) => [...(table.get(origin)?.keys() ?? [])],
    owner: (field, account) => owners.get(account)?.[field] ?? null,
  };
}

/** Who owns what, for every account of a connected group. */
function ownersOf(edges: readonly MirrorEdge[]): ReadonlyMap<number, Terms['owner']> {
  const groups = new Map<number, Set<number>>();
  for (const { from, to } of edges) {
    const joined = new Set([from, to, ...(groups.get(from) ?? []), ...(groups.get(to) ?? [])]);
    for (const member of joined) groups.set(member, joined);
  }
  const owners = new Map<Set<number>, Terms['owner']>();
  for (const { from, terms } of edges) {
    const group = groups.get(from);
    if (group !== undefined) owners.set(group, { ...terms.owner, ...owners.get(group) });
  }
  return new Map([...groups].map(([account, group]) => [account, owners.get(group) ?? {}]));
}

const EVERY: CompileWhere = () => () => true;

/** `compile` is needed where an edge has a `where`. */
export function rulesOf(edges: readonly MirrorEdge[], compile: CompileWhere = EVERY): Rules {
  const all = closed(edges);
  const conditional = edges.some(({ terms }) => terms.where !== null);
  const followsUp = edges.some(({ terms }) => terms.closed === 'follow_up');
  if (!conditional) return { ...all, conditional, followsUp, of: () => all, all };
  const tests = new Map<string, (ticket: unknown) => boolean>();
  const guarded = edges.map((edge) => ({ edge, test: testOf(edge.terms.where) }));
  const cases = new Map<string, TicketRules>();

  function testOf(where: Terms['where']): ((ticket: unknown) => boolean) | null {
    if (where === null) return null;
    const key = JSON.stringify(where);
    const known = tests.get(key) ?? compile(where);
    tests.set(key, known);
    return known;
  }

  return {
    ...all,
    conditional,
    followsUp,
    all,
    of({ values, accounts }) {
      const ticket = unified(values);
      const there = new Set(accounts);
      const kept = ({ from, to, terms }: MirrorEdge): boolean => terms.unmatched === 'keep' && there.has(from) && there.has(to);
      const active = guarded.filter(({ edge, test }) => test === null || kept(edge) || test(ticket)).map(({ edge }) => edge);
      const key = active.length === edges.length ? 'all' : active.map((edge) => edges.indexOf(edge)).join(' ');
      const known = cases.get(key);
      if (known !== undefined) return known;
      if (cases.size >= MOST_CASES) cases.clear();
      const made = closed(active);
      cases.set(key, made);
      return made;
    },
  };
}

/** The ticket as `where` sees it: the unified fields in the mesh's words, custom ones by their names there. */
function unified(values: Values): Readonly<Record<string, unknown>> {
  const plain: Record<string, unknown> = {};
  const custom: { id: string; value: unknown }[] = [];
  for (const [name, value] of Object.entries(values)) {
    const field = name as LinkField;
    if (isCustom(field)) custom.push({ id: field.slice('custom:'.length), value });
    else plain[field] = value;
  }
  return { ...plain, custom_properties: custom };
}
