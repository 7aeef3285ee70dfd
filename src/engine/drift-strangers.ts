/** Tickets that a desk shows and that belong to no link: overlooked ones, second copies of ours, and history. */
import { timeOf } from '../core/compare.ts';
import type { Ticket } from '../core/model.ts';
import type { AccountStore, LaneStore } from '../ports/store.ts';
import type { Survey } from '../ports/repair.ts';
import type { World } from '../ports/world.ts';
import type { Drifted } from './drift.ts';
import { isUnread, type Gentle } from './gentle.ts';
import { look } from './look.ts';
import { isMoving } from './quiet.ts';
import type { Roster } from './roster.ts';

export interface StrangerPlace {
  readonly account_id: number;
  readonly ticket_id: string;
}

export interface Strangers {
  /** By what a list shows: `suspect` has to be judged; null: there is nothing to say of it. */
  glance(ticket: Ticket, accountId: number): Promise<'suspect' | 'older' | null>;
  /** Those that are on their way are waited for until `deadline` (epoch milliseconds). */
  judge(places: readonly StrangerPlace[], deadline: number): Promise<{ readonly findings: readonly Drifted[]; readonly places: readonly StrangerPlace[] }>;
}

const PAGE = 200;
const AGAIN_MS = 1_000;

export function createStrangers(ports: {
  readonly survey: Survey;
  readonly accounts: Pick<AccountStore, 'sweep'>;
  readonly lanes: Pick<LaneStore, 'isFollowed'>;
  readonly roster: Roster;
  readonly gentle: Gentle;
  readonly world: World;
}): Strangers {
  const { survey, accounts, lanes, roster, gentle, world } = ports;
  const connected = new Map<number, Promise<number>>();

  /** Since when the account's tickets matter (epoch milliseconds). */
  function since(accountId: number): Promise<number> {
    const known = connected.get(accountId) ?? accounts.sweep(accountId).then((state) => state.since);
    connected.set(accountId, known);
    return known;
  }

  /** Those that still belong to no link, and whether anybody is at them. */
  async function stillStrange(accountId: number, ticketIds: readonly string[]): Promise<ReadonlyMap<string, { readonly moving: boolean }>> {
    const strange = new Map(ticketIds.map((id) => [id, { moving: false }]));
    for (let at = 0; at < ticketIds.length; at += PAGE) {
      for (const one of await survey.replicasOfTickets(accountId, ticketIds.slice(at, at + PAGE))) {
        const id = one.replica.ticket_id ?? '';
        if (one.replica.link_id !== null) strange.delete(id);
        else strange.set(id, { moving: isMoving(one, world.now()) });
      }
    }
    return strange;
  }

  /** What there is to say of one that nobody takes in; null for nothing. */
  async function verdictOn(ticket: Ticket, accountId: number): Promise<Drifted | 'older' | null> {
    const member = roster.member(accountId);
    if (member === null || ticket.is_deleted) return null;
    const of = { what: 'ticket', uid: null, comment_id: null, differences: [], account: member.account.name, ticket_id: ticket.id, link_id: null } as const;
    const created = timeOf(ticket.created_at, 0);
    if (ticket.key !== null) return { ...of, kind: 'extra', because: 'it carries a mark of ours, and is on record nowhere', since: created };
    const reached = roster.rules().of({ values: member.sight.lens.read(ticket), accounts: [accountId] }).reached(accountId);
    if (reached.length === 0) return null;
    // Normally only tickets are mirrored that are newer than the connection.
    if (created < (await since(accountId))) return 'older';
    return { ...of, kind: 'missing', because: 'nobody has taken it in yet', since: created };
  }

  return {
    async glance(ticket, accountId) {
      const verdict = await verdictOn(ticket, accountId);
      return verdict === null || verdict === 'older' ? verdict : 'suspect';
    },
    async judge(places, deadline) {
      const findings: Drifted[] = [];
      const left: StrangerPlace[] = [];
      for (const accountId of new Set(places.map((place) => place.account_id))) {
        let strange = await stillStrange(accountId, places.filter((place) => place.account_id === accountId).map((place) => place.ticket_id));
        while ([...strange.values()].some(({ moving }) => moving) && world.now() < deadline) {
          await world.sleep(AGAIN_MS);
          strange = await stillStrange(accountId, [...strange.keys()]);
        }
        await Promise.all(
          [...strange.keys()].map(async (ticketId) => {
            const seen = await gentle.read(accountId, (desk) => look(desk, ticketId, false, world));
            if (isUnread(seen) || seen.ticket === null) return;
            const verdict = await verdictOn(seen.ticket, accountId);
            // A ticket that its desk closed for good and that goes on in another is on record there.
            if (verdict === null || verdict === 'older' || (await lanes.isFollowed(accountId, ticketId))) return;
            findings.push(verdict);
            left.push({ account_id: accountId, ticket_id: ticketId });
          }),
        );
      }
      return { findings, places: left };
    },
  };
}
