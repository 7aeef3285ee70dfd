/** How many deliveries each subscription may have under way, so that none keeps the others waiting. Pure. */

/** Calls that one endpoint may have to answer at the same time. */
const MOST_EACH = 16;
/** One that fails shows with a single call whether it is back. */
const MOST_FAILING = 1;
/** Of its places, so many are for deliveries that were tried before: a stream of new ones must not hold them up for ever. */
const RETRY_SHARE = 0.25;

export interface Standing {
  readonly id: string;
  /** Its last attempts failed. */
  readonly failing: boolean;
  /** Deliveries of it that are under way. */
  readonly busy: number;
}

export interface Share {
  readonly id: string;
  /** Deliveries that may begin now. */
  readonly free: number;
  /** How many of these may be new ones; the rest is for those that were tried before. */
  readonly fresh: number;
}

/**
 * One place at a time goes round, to those with the fewest under way first, until `width` is full. What fails has at most half of all
 * places together. `chance` is in [0, 1).
 */
export function sharesOf(standing: readonly Standing[], width: number, busy: { readonly all: number; readonly failing: number }, chance: number): readonly Share[] {
  const given = new Map<string, number>();
  let room = width - busy.all;
  let failing = Math.floor(width / 2) - busy.failing;
  const turns = standing.toSorted((a, b) => a.busy - b.busy);
  for (let more = true; more && room > 0; ) {
    more = false;
    for (const one of turns) {
      const has = given.get(one.id) ?? 0;
      if (room <= 0) break;
      if (one.busy + has >= (one.failing ? MOST_FAILING : MOST_EACH) || (one.failing && failing <= 0)) continue;
      given.set(one.id, has + 1);
      room -= 1;
      if (one.failing) failing -= 1;
      more = true;
    }
  }
  return [...given].map(([id, free]) => ({ id, free, fresh: freshOf(free, chance) }));
}

function freshOf(free: number, chance: number): number {
  const kept = free * RETRY_SHARE;
  // With too few places for a share, now and then all of them are for retries.
  return kept >= 1 ? free - Math.floor(kept) : chance < RETRY_SHARE ? 0 : free;
}
