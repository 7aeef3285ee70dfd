/** A ticket that belongs to no link: whose it is, and what it begins or joins. */
import { absorb } from '../core/absorb.ts';
import { timeOf } from '../core/compare.ts';
import { CLOCKS_APART_MS } from '../core/landing.ts';
import type { Look } from '../core/look.ts';
import { newLink, pairedReplica, type Link } from '../core/state.ts';
import type { Turn } from '../ports/store.ts';
import { turnOf, type Change, type Hand, type SyncPorts } from './hand.ts';
import { look, lookOf } from './look.ts';

/** How long an unknown ticket waits for creates in flight that it might be the echo of. */
const HELD_STRANGER_MS = 1_000;
/** How long a ticket that may be on both sides waits for the lists to be read. */
const HELD_UNLISTED_MS = 10_000;

/** The link that a ticket was to join is not as it was when that was decided. */
class Overtaken extends Error {}

export interface MeetPorts extends SyncPorts {
  readonly push: (hand: Hand, change: Change) => Promise<boolean>;
  /** Gives an unknown ticket's lane back. */
  readonly dismiss: (hand: Hand, reason: string | null, inMs?: number | null) => Promise<void>;
  readonly saw: (hand: Hand, seen: Look) => void;
  readonly noteSuccess: (hand: Hand) => void;
}

/** One go at it. False when the lane was given back. */
export function createMeet(ports: MeetPorts): (hand: Hand) => Promise<boolean> {
  const { lanes, roster, world, push, dismiss, saw, noteSuccess } = ports;
  return meet;

  /** A ticket that belongs to no link: our own, seen before its create was answered, or a person's new one. */
  async function meet(hand: Hand): Promise<boolean> {
    const { account, desk } = hand.member;
    const ticketId = hand.replica.ticket_id ?? '';
    // A ticket with our key, or one that was gone at the last look, may be gone by now: only the desk itself tells.
    const brought = hand.replica.looked > 0 || hand.lane.snapshot?.key != null ? null : lookOf(hand.lane, desk);
    const seen = brought ?? (await look(desk, ticketId, true, world));
    if (brought === null) {
      noteSuccess(hand);
      saw(hand, seen);
    }
    if (seen.ticket === null || seen.ticket.is_deleted) {
      hand.replica = { ...hand.replica, looked: seen.began };
      await dismiss(hand, 'the ticket was gone before it was ever seen');
      return false;
    }
    if (seen.ticket.key !== null) {
      const own = await lanes.byKey(account.id, seen.ticket.key);
      if (own !== null && own.ticket_id === null) {
        const turn: Turn = { ...turnOf(hand), adopted_by: own.id, release: { inMs: null } };
        await lanes.commit(turn);
        ports.nudge();
        return false;
      }
    } else if (!desk.can.tickets.keyVisible && (await lanes.createsOpen(account.id, hand.lane.signalled_at + CLOCKS_APART_MS))) {
      await dismiss(hand, null, HELD_STRANGER_MS);
      return false;
    }
    if (roster.rules().followsUp && (await lanes.isFollowed(account.id, ticketId))) {
      await dismiss(hand, 'it is closed, and another ticket goes on from it');
      return false;
    }
    const met = await ports.meetings.of(hand.member, seen.ticket);
    if (met.kind === 'wait' || met.kind === 'leave') {
      await dismiss(hand, met.kind === 'leave' ? met.because : null, met.kind === 'leave' ? null : HELD_UNLISTED_MS);
      return false;
    }
    if (met.kind === 'join') return join(hand, met.link, seen);
    const link = newLink(world.id(), account.id, world.now());
    hand.paired = new Map(met.others.map((one) => [one.account_id, one.ticket_id]));
    hand.replica = { ...hand.replica, link_id: link.id, life_applied: link.life.clock };
    hand.link = link;
    hand.linkAt = world.now();
    const more = await push(hand, {
      move: (before, replica) => absorb(before, replica, seen, hand.member.sight),
      read: hand.lane.signalled,
      born: timeOf(seen.ticket.created_at, world.now()),
    });
    // Those that this one does not reach may reach it, or begin links of their own.
    const unreached = met.others.filter((one) => hand.link?.accounts.includes(one.account_id) === false);
    if (unreached.length > 0) await ports.meetings.signal(unreached);
    return more;
  }

  /** A ticket that is one with those of a link: it becomes that link's replica here, with what it says. */
  async function join(hand: Hand, linkId: string, seen: Look): Promise<boolean> {
    const { id: accountId } = hand.member.account;
    const { replica, stored } = hand;
    const joined = await lanes.link(linkId);
    hand.link = joined;
    hand.linkAt = world.now();
    hand.replica = pairedReplica(replica.id, joined, accountId, replica.ticket_id ?? '');
    try {
      return await push(hand, {
        move(link, joining) {
          if (!link.life.alive || link.accounts.includes(accountId)) throw new Overtaken();
          const grown: Link = { ...link, accounts: [...link.accounts, accountId], version: link.version + 1 };
          return absorb(grown, { ...joining, life_applied: link.life.clock }, seen, hand.member.sight);
        },
        read: hand.lane.signalled,
      });
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
      Object.assign(hand, { link: null, replica, stored });
      await dismiss(hand, null, HELD_STRANGER_MS);
      return false;
    }
  }
}
