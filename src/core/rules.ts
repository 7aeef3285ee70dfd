/** Which account's changes may reach which other account, and under what terms: mirrors as a graph, closed over paths. */
import type { FieldName } from './model.ts';

/** A mirror between accounts, by their ids. All-ways mirrors are one edge for each ordered pair. */
export interface MirrorEdge {
  readonly mirror: string;
  readonly from: number;
  readonly to: number;
  readonly terms: Terms;
}

/** The terms under which changes travel. */
export interface Terms {
  readonly ignore: readonly FieldName[];
  readonly comments: 'all' | 'public' | 'none';
  readonly on_delete: 'delete' | 'ignore';
}

export interface Rules {
  /** The terms from one account to another, or null if nothing may travel that way. An account reaches itself. */
  terms(from: number, to: number): Terms | null;
  /** The accounts that a ticket of `origin` is mirrored to. */
  reached(origin: number): readonly number[];
  /** Whether any mirror writes to this account. */
  inbound(account: number): boolean;
}

const FREE: Terms = { ignore: [], comments: 'all', on_delete: 'delete' };
const COMMENT_ORDER = { none: 0, public: 1, all: 2 } as const;

/** Along a path the narrower terms hold. */
function narrower(a: Terms, b: Terms): Terms {
  return {
    ignore: [...new Set([...a.ignore, ...b.ignore])],
    comments: COMMENT_ORDER[a.comments] <= COMMENT_ORDER[b.comments] ? a.comments : b.comments,
    on_delete: a.on_delete === 'delete' && b.on_delete === 'delete' ? 'delete' : 'ignore',
  };
}

/** Between two paths the wider terms hold: each mirror allows on its own what it allows. */
function wider(a: Terms, b: Terms): Terms {
  return {
    ignore: a.ignore.filter((field) => b.ignore.includes(field)),
    comments: COMMENT_ORDER[a.comments] >= COMMENT_ORDER[b.comments] ? a.comments : b.comments,
    on_delete: a.on_delete === 'delete' || b.on_delete === 'delete' ? 'delete' : 'ignore',
  };
}

function equal(a: Terms, b: Terms): boolean {
  return a.comments === b.comments && a.on_delete === b.on_delete && a.ignore.length === b.ignore.length;
}

/** Closes the mirrors' edges over paths. Terms only ever widen, so the search for them ends. */
export function rulesOf(edges: readonly MirrorEdge[]): Rules {
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
  return {
    terms: (from, to) => (from === to ? FREE : (table.get(from)?.get(to) ?? null)),
    inbound: (account) => edges.some((edge) => edge.to === account),
    reached: (origin) => [...(table.get(origin)?.keys() ?? [])],
  };
}
