/** What a ticket that belongs to no link is to begin with: alone, together with tickets that are one with it, or not yet. */
import { timeOf } from '../core/compare.ts';
import { counterparts, isDecision, meet, MOST_CANDIDATES, sightingOf, soughtBy, type Candidate, type Meeting, type Pairing, type TicketPlace } from '../core/pairing.ts';
import type { Ticket } from '../core/model.ts';
import type { BackfillStore } from '../ports/backfill.ts';
import type { AccountStore, LaneStore } from '../ports/store.ts';
import type { Member, Roster } from './roster.ts';

export type Met =
  | { readonly kind: 'begin'; readonly others: readonly TicketPlace[] }
  | { readonly kind: 'join'; readonly link: string }
  /** The lists are being read. */
  | { readonly kind: 'wait' }
  /** Nothing is done with it for now. */
  | { readonly kind: 'leave'; readonly because: string };

export interface Meetings {
  of(member: Member, ticket: Ticket): Promise<Met>;
  /** Of these accounts, which a link would grow to, those with tickets that may be one with this one: they come by themselves. */
  heldBack(accountId: number, ticketId: string, accounts: readonly number[]): Promise<ReadonlySet<number>>;
  /** Has these tickets looked at. */
  signal(places: readonly TicketPlace[]): Promise<void>;
}

const NOBODY: ReadonlySet<number> = new Set();
/** Tickets that are joined through so many others are doubtful anyway. */
const MOST_STEPS = 5;

export function createMeetings(ports: {
  readonly roster: Roster;
  readonly backfills: BackfillStore;
  readonly accounts: Pick<AccountStore, 'sweep'>;
  readonly lanes: Pick<LaneStore, 'signal' | 'createsOpen'>;
}): Meetings {
  const { roster, backfills, accounts, lanes } = ports;
  const connected = new Map<number, number>();

  /** Since when the account's tickets matter (epoch milliseconds): that never changes. */
  async function since(accountId: number): Promise<number> {
    const known = connected.get(accountId) ?? (await accounts.sweep(accountId)).since;
    connected.set(accountId, known);
    return known;
  }

  /** All tickets that are joined with this one, over however many others. */
  async function around(self: Candidate, { mirror, terms }: Pairing): Promise<readonly Candidate[]> {
    const found = new Map<string, Candidate>();
    let fringe: readonly Candidate[] = [self];
    for (let step = 0; step < MOST_STEPS && fringe.length > 0 && found.size <= MOST_CANDIDATES; step += 1) {
      const seen = await backfills.seek(mirror, fringe.flatMap((one) => soughtBy(one, terms)), MOST_CANDIDATES + 1);
      fringe = seen.filter((one) => !found.has(nameOf(one)));
      for (const one of fringe) found.set(nameOf(one), one);
    }
    return [...found.values()];
  }

  async function within(pairing: Pairing, member: Member, ticket: Ticket): Promise<Met | Extract<Meeting, { kind: 'yield' }>> {
    const { mirror, terms } = pairing;
    const created = timeOf(ticket.created_at, 0);
    const { id: accountId } = member.account;
    const backfill = await backfills.get(mirror);
    if (backfill?.pairs !== true) {
      // Most desks tell whole seconds.
      if (created + 1_000 > (await since(accountId))) return { kind: 'begin', others: [] };
      return { kind: 'leave', because: `older than its mirror, which first has to know what is on both sides already: deskmesh backfill ${mirror} brings it` };
    }
    const sighted = await backfills.sighting(mirror, { account_id: accountId, ticket_id: ticket.id });
    if (sighted === null && created >= backfill.began) return { kind: 'begin', others: [] };
    if (backfill.state === 'listing') return { kind: 'wait' };
    const now = sightingOf(accountId, ticket, member.sight.lens.read(ticket), terms);
    // What a person decided stays; everything else is read from the ticket as it is.
    const decided = sighted?.traits.filter(isDecision) ?? [];
    const self: Candidate = { ...now, traits: [...now.traits, ...decided], link: null };
    const met = meet(self, await around(self, pairing), terms, pairing.reach);
    if (met.kind === 'doubtful') {
      const all = [self, ...met.candidates];
      const doubts = all.map((one) => ({ account_id: one.account_id, ticket_id: one.ticket_id, because: met.because, candidates: all.filter((other) => nameOf(other) !== nameOf(one)).map(placeOf) }));
      await backfills.doubt(mirror, doubts);
      return { kind: 'leave', because: `doubtful: ${met.because}; deskmesh backfill ${mirror} --doubtful lists it` };
    }
    if (met.kind === 'begin' && (await mayBeOurs(met.others))) return { kind: 'wait' };
    return met;
  }

  /** Where a desk shows no key, a ticket that nobody knows may be the echo of a create whose answer is still on its way. */
  async function mayBeOurs(others: readonly TicketPlace[]): Promise<boolean> {
    for (const { account_id: id } of others) {
      if (roster.member(id)?.desk.can.tickets.keyVisible === false && (await lanes.createsOpen(id, Number.MAX_SAFE_INTEGER))) return true;
    }
    return false;
  }

  return {
    signal: (places) => signalPlaces(lanes, places),
    async of(member, ticket) {
      const { id: accountId } = member.account;
      const others = new Map<string, TicketPlace>();
      for (const pairing of roster.pairings()) {
        if (!pairing.accounts.has(accountId)) continue;
        const met = await within(pairing, member, ticket);
        if (met.kind === 'yield') {
          await signalPlaces(lanes, [met.to]);
          return { kind: 'leave', because: `one with a ticket of ${member.sight.nameOfAccount(met.to.account_id)}, which is looked at first` };
        }
        if (met.kind !== 'begin') return met;
        for (const one of met.others) others.set(nameOf(one), one);
      }
      return { kind: 'begin', others: [...others.values()] };
    },
    async heldBack(accountId, ticketId, wanted) {
      const held = new Set<number>();
      for (const pairing of roster.pairings()) {
        if (!pairing.accounts.has(accountId) || !wanted.some((id) => pairing.accounts.has(id))) continue;
        const sighted = await backfills.sighting(pairing.mirror, { account_id: accountId, ticket_id: ticketId });
        if (sighted === null) continue;
        const self: Candidate = { ...sighted, link: null };
        for (const { account_id: id, link } of counterparts(self, await around(self, pairing), pairing.terms)) if (link === null && wanted.includes(id)) held.add(id);
      }
      return held.size === 0 ? NOBODY : held;
    },
  };
}

/** Has these tickets looked at, whether or not anybody has heard of them. */
export async function signalPlaces(lanes: Pick<LaneStore, 'signal'>, places: readonly TicketPlace[]): Promise<void> {
  for (const [accountId, own] of Map.groupBy(places, ({ account_id: id }) => id)) {
    const signals = (force: boolean) => own.map(({ ticket_id: ticketId }) => ({ ticketId, modified_at: null, is_deleted: false, force }));
    await lanes.signal(accountId, signals(true));
    // What was never heard of gets a lane; what has one was signalled just now.
    await lanes.signal(accountId, signals(false));
  }
}

function nameOf({ account_id: account, ticket_id: ticket }: TicketPlace): string {
  return `${account}:${ticket}`;
}

function placeOf({ account_id, ticket_id }: TicketPlace): TicketPlace {
  return { account_id, ticket_id };
}
