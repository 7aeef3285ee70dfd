/** What a look at a ticket would bring and cause, decided by the real rules on the stored state, with nothing written anywhere. */
import { absorb } from '../core/absorb.ts';
import { changesBetween } from '../core/changes.ts';
import { foresee, missingAccounts, type Foreseen } from '../core/foresee.ts';
import type { Look } from '../core/look.ts';
import type { Ticket } from '../core/model.ts';
import { newLink, strangerReplica, wantedReplica, type Link, type Note, type Replica } from '../core/state.ts';
import type { Survey } from '../ports/repair.ts';
import type { LaneStore } from '../ports/store.ts';
import type { World } from '../ports/world.ts';
import { look, lookOf } from './look.ts';
import type { Member, Roster } from './roster.ts';

/** The steps that one replica would be made to take. */
export interface ReplicaOutlook extends Foreseen {
  readonly account: string;
  /** Null: it would be created. */
  readonly ticket_id: string | null;
}

export interface Outlook {
  /** Where the ticket was looked at, or that its webhook told it whole. */
  readonly seen: 'desk' | 'webhook';
  /** Null: it would begin a link. */
  readonly link_id: string | null;
  /** What would enter the link, and what was decided on the way. */
  readonly notes: readonly Note[];
  /** Only replicas that would be written to, or of which there is something to say. */
  readonly replicas: readonly ReplicaOutlook[];
}

export interface Rehearsal {
  /** Rejects with `DeskFailure` if the ticket cannot be looked at. */
  look(accountId: number, ticketId: string, snapshot: Ticket | null): Promise<Outlook>;
}

export function createRehearsal(ports: { readonly survey: Survey; readonly lanes: LaneStore; readonly roster: Roster; readonly world: World }): Rehearsal {
  const { survey, lanes, roster, world } = ports;

  /** What stands now; a ticket that nobody knew begins a link, in memory only. */
  async function standing(accountId: number, ticketId: string): Promise<{ readonly replica: Replica; readonly link: Link; readonly known: boolean }> {
    const [found] = await survey.replicasOfTickets(accountId, [ticketId]);
    const linkId = found?.replica.link_id ?? null;
    const [link] = linkId === null ? [] : await survey.links([linkId]);
    if (found !== undefined && link !== undefined) return { replica: found.replica, link, known: true };
    const born = newLink(world.id(), accountId, world.now());
    const stranger = found?.replica ?? strangerReplica(world.id(), accountId, ticketId);
    return { replica: { ...stranger, link_id: born.id, life_applied: born.life.clock }, link: born, known: false };
  }

  async function others(link: Link, own: Replica): Promise<readonly Replica[]> {
    const stored = link.version === 0 ? [] : (await survey.replicasOfLinks([link.id])).map(({ replica }) => replica);
    return stored.filter(({ id }) => id !== own.id);
  }

  function outlookOf(link: Link, replica: Replica): readonly ReplicaOutlook[] {
    const member = roster.member(replica.account_id);
    if (member === null) return [];
    const { steps, notes } = foresee(link, replica, member.sight, world.now());
    return steps.length === 0 && notes.length === 0 ? [] : [{ account: member.account.name, ticket_id: replica.ticket_id, steps, notes }];
  }

  async function seen(member: Member, replica: Replica, snapshot: Ticket | null): Promise<{ readonly look: Look; readonly from: Outlook['seen'] }> {
    const brought = lookOf({ snapshot, replica, signalled_at: world.now() }, member.desk);
    if (brought !== null) return { look: brought, from: 'webhook' };
    return { look: await look(member.desk, replica.ticket_id ?? '', true, world), from: 'desk' };
  }

  return {
    async look(accountId, ticketId, snapshot) {
      const member = roster.member(accountId);
      if (member === null) throw new Error(`account ${accountId} is connected no longer`);
      await roster.ready(accountId);
      const { replica, link, known } = await standing(accountId, ticketId);
      const told = await seen(member, replica, snapshot);
      const nothing = { seen: told.from, link_id: known ? link.id : null };
      const { ticket } = told.look;
      if (!known && (ticket === null || ticket.is_deleted)) return { ...nothing, notes: [{ what: 'nothing', because: 'the ticket is gone, and was never seen' }], replicas: [] };
      if (!known && ticket?.key != null) {
        const own = await lanes.byKey(accountId, ticket.key);
        if (own !== null) return { ...nothing, link_id: own.link_id, notes: [{ what: 'our own', because: 'it carries the key of a ticket that is being made here' }], replicas: [] };
      }
      const moved = absorb(link, replica, told.look, member.sight);
      const wanted = missingAccounts(moved.link, roster.rules()).map((id) => wantedReplica(world.id(), link.id, id));
      // A link that is not changed does not grow.
      const all = [moved.replica, ...(await others(link, replica)), ...(moved.link === link ? [] : wanted)];
      await Promise.all(all.map(({ account_id: id }) => roster.ready(id)));
      return {
        ...nothing,
        notes: [...(known ? changesBetween(link, moved.link) : [BEGINS]), ...moved.notes],
        replicas: all.flatMap((one) => outlookOf(moved.link, one)),
      };
    },
  };
}

const BEGINS: Note = { what: 'begins', because: 'nobody knew this ticket: it begins a link' };
