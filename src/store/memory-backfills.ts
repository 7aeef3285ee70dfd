/** Backfills in memory: the same promises as the database. */
import { ALONE, isDecision, type Candidate, type Sighting, type TicketPlace } from '../core/pairing.ts';
import type { Link, Replica } from '../core/state.ts';
import type { Backfill, BackfillStore, Doubt } from '../ports/backfill.ts';
import type { World } from '../ports/world.ts';

interface Kept {
  sighting: Sighting;
  state: 'listed' | 'wanted' | 'signalled' | 'settled' | 'skipped' | 'doubtful';
  tries: number;
  doubt: Pick<Doubt, 'because' | 'candidates'> | null;
}

interface Held {
  backfill: Omit<Backfill, 'leased'>;
  lease: string | null;
  until: number;
}

/** What of the lanes a backfill looks at. */
interface Row {
  readonly replica: Replica;
  readonly signalled: number;
  readonly read: number;
  readonly due_at: number | null;
}

export function createMemoryBackfills(
  world: World,
  { rowOf, rowsOf, linkOf }: { readonly rowOf: (accountId: number, ticketId: string) => Row | undefined; readonly rowsOf: (linkId: string) => readonly Row[]; readonly linkOf: (id: string) => Link | undefined },
): BackfillStore {
  const backfills = new Map<string, Held>();
  const sightings = new Map<string, Map<string, Kept>>();

  const nameOf = ({ account_id: account, ticket_id: ticket }: TicketPlace): string => `${account} ${ticket}`;
  const of = (mirror: string): Map<string, Kept> => {
    const known = sightings.get(mirror) ?? new Map<string, Kept>();
    sightings.set(mirror, known);
    return known;
  };
  const leased = (held: Held): boolean => held.lease !== null && held.until > world.now();
  const shown = (held: Held): Backfill => ({ ...held.backfill, leased: leased(held) });
  const linkIdOf = ({ account_id: account, ticket_id: ticket }: TicketPlace): string | null => rowOf(account, ticket)?.replica.link_id ?? null;
  const isDue = ({ sighting, state }: Kept, { since, sources }: Backfill): boolean =>
    (state === 'wanted' || (state === 'listed' && (sighting.created >= since || sighting.created === 0))) && sources.includes(sighting.account_id);
  const ours = (mirror: string, lease: string): Held | null => {
    const held = backfills.get(mirror);
    return held?.lease === lease ? held : null;
  };
  const backfillOf = (mirror: string): Backfill | null => {
    const held = backfills.get(mirror);
    return held === undefined ? null : shown(held);
  };

  return {
    async begin(draft, now) {
      const known = backfills.get(draft.mirror);
      if (known !== undefined && known.backfill.state !== 'done' && known.backfill.since === draft.since) {
        const { per_minute, estimate } = draft;
        const state = known.backfill.state === 'listed' && !estimate ? 'bringing' : known.backfill.state;
        known.backfill = { ...known.backfill, state, per_minute, estimate };
        return shown(known);
      }
      const kept = of(draft.mirror);
      for (const [name, one] of kept) {
        const traits = one.sighting.traits.filter(isDecision);
        if (traits.length === 0) kept.delete(name);
        else kept.set(name, { ...one, sighting: { ...one.sighting, traits }, state: 'listed', tries: 0, doubt: null });
      }
      const lists = draft.accounts.map((id) => ({ account_id: id, page: null, turn: 1, fresh: 0, done: false, problem: null, budget: null }));
      const begun: Held = { backfill: { ...draft, state: 'listing', began: now, ended: null, lists }, lease: null, until: 0 };
      backfills.set(draft.mirror, begun);
      return shown(begun);
    },
    get: async (mirror) => backfillOf(mirror),
    async counts(mirror) {
      const backfill = backfillOf(mirror);
      if (backfill === null) return [];
      const groups = Map.groupBy([...of(mirror).values()].map((one) => ({ ...one, linked: linkIdOf(one.sighting) !== null })), (one) => one.sighting.account_id);
      return [...groups].sort(([a], [b]) => a - b).map(([account_id, all]) => {
        const count = (test: (one: (typeof all)[number]) => boolean): number => all.filter(test).length;
        return {
          account_id,
          seen: all.length,
          waiting: count((one) => isDue(one, backfill) && !one.linked),
          underway: count(({ state }) => state === 'signalled'),
          brought: count(({ state, linked }) => linked && state !== 'skipped' && state !== 'signalled'),
          linked: count(({ state }) => state === 'skipped'),
          gone: count(({ state, linked }) => !linked && state === 'settled'),
          doubtful: count(({ state, linked }) => !linked && state === 'doubtful'),
        };
      });
    },
    async pairs(mirror) {
      const links = [...of(mirror).values()].flatMap(({ sighting, state }) => (state === 'skipped' ? [] : [linkIdOf(sighting)])).filter((id) => id !== null);
      return [...Map.groupBy(links, (id) => id).values()].filter((group) => group.length > 1).length;
    },
    async claim(leaseMs) {
      const held = [...backfills.values()].find((one) => (one.backfill.state === 'listing' || one.backfill.state === 'bringing') && !leased(one));
      if (held === undefined) return null;
      held.lease = world.id();
      held.until = world.now() + leaseMs;
      return { backfill: shown(held), lease: held.lease };
    },
    async renew(mirror, lease, leaseMs) {
      const held = ours(mirror, lease);
      if (held !== null) held.until = world.now() + leaseMs;
      return held !== null;
    },
    async giveBack(mirror, lease) {
      const held = ours(mirror, lease);
      if (held !== null) held.lease = null;
    },
    async saw(mirror, lease, seen, list) {
      const held = ours(mirror, lease);
      if (held === null) return null;
      let fresh = 0;
      for (const one of seen) {
        const known = of(mirror).get(nameOf(one));
        if (known === undefined) fresh += 1;
        const decided = known?.sighting.traits.filter(isDecision) ?? [];
        of(mirror).set(nameOf(one), { state: 'listed', tries: 0, doubt: null, ...known, sighting: { ...one, created: known?.sighting.created ?? one.created, traits: [...one.traits, ...decided] } });
      }
      const lists = held.backfill.lists.map((one) => (one.account_id === list.account_id ? { ...list, fresh: list.fresh + fresh } : one));
      held.backfill = { ...held.backfill, lists };
      return fresh;
    },
    async advance(mirror, lease, state, now) {
      if (state !== 'done') for (const one of of(mirror).values()) if (one.state === 'listed' && linkIdOf(one.sighting) !== null) one.state = 'skipped';
      const held = ours(mirror, lease);
      if (held !== null) held.backfill = { ...held.backfill, state, ended: state === 'done' ? now : null };
    },
    async next(mirror, most) {
      const backfill = backfillOf(mirror);
      if (backfill === null) return { places: [], left: false };
      const picked = [...of(mirror).values()].filter((one) => isDue(one, backfill)).sort((a, b) => a.sighting.created - b.sighting.created).slice(0, most);
      const linked = picked.filter(({ sighting }) => linkIdOf(sighting) !== null);
      for (const one of linked) one.state = 'settled';
      const places = picked.filter((one) => !linked.includes(one)).map(({ sighting: { account_id, ticket_id } }) => ({ account_id, ticket_id }));
      return { places, left: picked.length > 0 };
    },
    async signalled(mirror, places) {
      for (const place of places) {
        const one = of(mirror).get(nameOf(place));
        if (one === undefined || (one.state !== 'wanted' && one.state !== 'listed')) continue;
        one.state = 'signalled';
        one.tries += 1;
      }
    },
    async settle(mirror) {
      const underway = [...of(mirror).values()].filter(({ state }) => state === 'signalled');
      for (const one of underway) {
        const row = rowOf(one.sighting.account_id, one.sighting.ticket_id);
        if (row === undefined || row.due_at !== null || row.signalled !== row.read) continue;
        const { link_id: link } = row.replica;
        if (link !== null && rowsOf(link).some(({ due_at: due }) => due !== null)) continue;
        one.state = link === null && one.tries < 2 ? 'wanted' : 'settled';
      }
      return underway.filter(({ state }) => state === 'signalled').length;
    },
    sighting: async (mirror, place) => of(mirror).get(nameOf(place))?.sighting ?? null,
    async seek(mirror, sought, limit) {
      const fits = ({ sighting }: Kept): boolean =>
        sought.some(({ trait, from, to }) => sighting.traits.includes(trait) && sighting.created >= from && sighting.created <= to);
      return [...of(mirror).values()].filter(fits).slice(0, limit).map(({ sighting }): Candidate => {
        const link = linkOf(linkIdOf(sighting) ?? '');
        return { ...sighting, link: link === undefined ? null : { id: link.id, accounts: link.accounts, alive: link.life.alive } };
      });
    },
    async doubt(mirror, doubts) {
      for (const { because, candidates, account_id, ticket_id } of doubts) {
        if (linkIdOf({ account_id, ticket_id }) !== null) continue;
        const known = of(mirror).get(nameOf({ account_id, ticket_id }));
        of(mirror).set(nameOf({ account_id, ticket_id }), {
          tries: 0, sighting: { account_id, ticket_id, created: 0, traits: [] }, ...known, state: 'doubtful', doubt: { because, candidates },
        });
      }
    },
    async doubtful(mirror) {
      return [...of(mirror).values()]
        .filter(({ sighting, state }) => state === 'doubtful' && linkIdOf(sighting) === null)
        .sort((a, b) => a.sighting.account_id - b.sighting.account_id || a.sighting.created - b.sighting.created || (a.sighting.ticket_id < b.sighting.ticket_id ? -1 : 1))
        .flatMap(({ sighting: { account_id, ticket_id }, doubt }) => (doubt === null ? [] : [{ account_id, ticket_id, ...doubt }]));
    },
    async decide(mirror, decisions) {
      const unknown = decisions.map(({ place }) => place).filter((place) => !of(mirror).has(nameOf(place)));
      if (unknown.length > 0) return unknown;
      for (const { place, trait } of decisions) {
        const one = of(mirror).get(nameOf(place));
        if (one === undefined) continue;
        // Whoever is joined is not alone any more, and the other way round.
        const kept = one.sighting.traits.filter((worn) => (trait === ALONE ? !isDecision(worn) : worn !== ALONE && worn !== trait));
        one.sighting = { ...one.sighting, traits: [...kept, trait] };
        one.state = 'wanted';
        one.tries = 0;
        one.doubt = null;
      }
      const held = backfills.get(mirror);
      if (held?.backfill.state === 'done') held.backfill = { ...held.backfill, state: 'bringing', ended: null };
      return [];
    },
  };
}
