/** What a backfill will cost, before it begins. Pure. */
import type { MirrorEdge } from '../core/rules.ts';
import type { Backfill } from '../ports/backfill.ts';

export interface Estimate {
  readonly tickets: number;
  /** By account: the calls it will get at the least, without comments, and the calls a minute that it allows, if it told. */
  readonly calls: readonly { readonly account_id: number; readonly calls: number; readonly budget: number | null }[];
  /** How long that takes; null where no desk told its budget and nobody set a pace. */
  readonly ms: number | null;
}

/** A ticket is read with its comments where it is, and made (or read) where it goes. */
const CALLS_AT_HOME = 2;
const CALLS_ABROAD = 2;
/** The share of a desk's calls that history may have. */
const SHARE = 0.5;
const MINUTE_MS = 60_000;

/** `wanted`: tickets to be brought, by account. */
export function estimateOf({ accounts, sources, lists, per_minute: pace }: Backfill, wanted: ReadonlyMap<number, number>, edges: readonly MirrorEdge[]): Estimate {
  const calls = [...new Set([...accounts, ...edges.map(({ to }) => to)])].map((id) => {
    const home = sources.includes(id) ? (wanted.get(id) ?? 0) * CALLS_AT_HOME : 0;
    const abroad = edges.filter(({ to }) => to === id).reduce((sum, { from }) => sum + (wanted.get(from) ?? 0) * CALLS_ABROAD, 0);
    return { account_id: id, calls: home + abroad, budget: lists.find((list) => list.account_id === id)?.budget ?? null };
  });
  const tickets = [...wanted.values()].reduce((sum, count) => sum + count, 0);
  const times = [
    ...calls.flatMap(({ calls: count, budget }) => (budget === null ? [] : [(count / (budget * SHARE)) * MINUTE_MS])),
    ...(pace === null ? [] : [(tickets / pace) * MINUTE_MS]),
  ];
  return { tickets, calls, ms: times.length === 0 ? null : Math.max(...times) };
}
